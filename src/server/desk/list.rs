//! Lists of the desk: a page of entries at a time, which goes on where the page before ended.

use crate::server::ground::{clock::Millis, error::Error, words::say};

/// A page of a list.
#[derive(Debug)]
pub struct Page<T> {
    pub entries: Vec<T>,
    /// Place at which the next page begins: the time and the key of this one's last entry. `None`
    /// at the end.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Returns the page of the first `most` entries of those that were read, which are more if the
    /// list goes on. `place_of` returns the time and the key of one.
    pub fn of(mut read: Vec<T>, most: usize, place_of: impl Fn(&T) -> (Millis, &str)) -> Self {
        let has_more = read.len() > most;
        read.truncate(most);
        let next = read.last().filter(|_| has_more).map(|last| {
            let (at, key) = place_of(last);
            format!("{at}.{key}")
        });
        Page { entries: read, next }
    }
}

/// Parses a place: the time and the key of an entry.
pub fn place(text: &str) -> Option<(Millis, &str)> {
    let (at, key) = text.split_once('.')?;
    Some((at.parse().ok()?, key))
}

/// Returns the refusal of a place, sent as `field`, that no answer gave as `given`.
pub fn no_place(field: &str, given: &str) -> Error {
    Error::invalid(say!("detail-no-place", field = field, given = given))
}
