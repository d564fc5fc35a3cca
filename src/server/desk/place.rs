//! Places in the audit table, and the pages that begin or end there.

use std::fmt;

use super::list;
use crate::server::{
    ground::{clock::Millis, error::Error, words::say},
    store::{AuditRow, End, Stretch},
};

/// Place in the audit table: that of an event, by its time and its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    at: Millis,
    id: i64,
}

impl Place {
    fn of(row: &AuditRow) -> Self {
        Place { at: row.at, id: row.id }
    }

    /// Parses a place that was sent as `field`, as an answer gave it in `given`; none if empty.
    fn parse(text: Option<&str>, field: &str, given: &str) -> Result<Option<Self>, Error> {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
        let parts = list::place(text).and_then(|(at, id)| Some(Place { at, id: id.parse().ok()? }));
        parts.map(Some).ok_or_else(|| list::no_place(field, given))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at, self.id)
    }
}

/// A page of events, which are always the latest first.
#[derive(Clone, Copy, Debug, Default)]
pub enum PageAt {
    /// The latest events that there are.
    #[default]
    Newest,
    /// The latest of those that are older than the event of a place.
    Before(Place),
    /// The earliest of those that are newer than the event of a place.
    After(Place),
}

impl PageAt {
    /// Parses the places that a page or a call names. Of two, neither is guessed to be meant.
    pub fn parse(before: Option<&str>, after: Option<&str>) -> Result<Self, Error> {
        match (Place::parse(before, "before", "older")?, Place::parse(after, "after", "newer")?) {
            (None, None) => Ok(PageAt::Newest),
            (Some(before), None) => Ok(PageAt::Before(before)),
            (None, Some(after)) => Ok(PageAt::After(after)),
            (Some(_), Some(_)) => Err(Error::invalid(say!("detail-two-places"))),
        }
    }

    /// Returns the stretch that the page is filled from, of the events since a time and before
    /// another.
    pub fn stretch(self, since: Millis, until: Millis) -> Stretch {
        // No event has the id 0.
        let latest = |place| Stretch { from: End::Latest, place, other: since };
        match self {
            PageAt::Newest => latest((until, 0)),
            PageAt::Before(Place { at, id }) => latest((at, id).min((until, 0))),
            PageAt::After(Place { at, id }) => {
                Stretch { from: End::Earliest, place: (at, id).max((since, 0)), other: until }
            }
        }
    }
}

/// The pages next to one, by their places. `None`: there is none.
#[derive(Clone, Copy, Debug, Default)]
pub struct Neighbours {
    /// Place that the page with newer events is after.
    pub newer: Option<Place>,
    /// Place that the page with older events is before.
    pub older: Option<Place>,
    /// True for the page that is shown without a place.
    pub is_newest: bool,
}

impl Neighbours {
    /// Takes what does not fit off `rows`, of which there is then at least one too many, and
    /// returns the pages next to the rest.
    pub fn of(page: PageAt, rows: &mut Vec<AuditRow>, most: usize) -> Self {
        let has_more = rows.len() > most;
        match page {
            PageAt::Newest | PageAt::Before(_) => rows.truncate(most),
            PageAt::After(_) => drop(rows.drain(..rows.len().saturating_sub(most))),
        }
        let (newest, oldest) = (rows.first().map(Place::of), rows.last().map(Place::of));
        let is_newest = matches!(page, PageAt::Newest);
        // Whoever names a place comes from there, so that there is something beyond it.
        match page {
            PageAt::Newest | PageAt::Before(_) => Neighbours {
                newer: newest.filter(|_| !is_newest),
                older: oldest.filter(|_| has_more),
                is_newest,
            },
            PageAt::After(_) => {
                Neighbours { newer: newest.filter(|_| has_more), older: oldest, is_newest }
            }
        }
    }
}
