//! The audit table as operators read it: the latest events first, a page at a time.

use std::{cmp::Reverse, sync::LazyLock};

use super::{AuditRow, Store, audit::COLUMNS, statement::values};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::event::Event,
};

/// Events on one page. The statements read one more, which tells that there are more.
pub const AUDIT_ROWS_ON_A_PAGE: usize = 50;

/// End of a stretch of events that a page is filled from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Latest,
    Earliest,
}

impl End {
    /// Returns the condition of a stretch, whose place is `$2` and `$3`, and whose other end is
    /// `$1`. It compares rows once: PostgreSQL expects a third of them to pass each time, and where
    /// it expects few it reads and sorts all.
    pub(super) fn condition(self) -> &'static str {
        match self {
            End::Latest => "at >= $1 AND at <= $2 AND (at, id) < ($2, $3)",
            End::Earliest => "at < $1 AND at >= $2 AND (at, id) > ($2, $3)",
        }
    }

    /// Returns the order in which a statement reads from this end.
    pub(super) fn order(self) -> &'static str {
        match self {
            End::Latest => "at DESC, id DESC",
            End::Earliest => "at, id",
        }
    }

    /// Returns the statement for this end of the two.
    pub(super) fn of(
        self,
        latest: &'static LazyLock<String>,
        earliest: &'static LazyLock<String>,
    ) -> &'static str {
        match self {
            End::Latest => latest,
            End::Earliest => earliest,
        }
    }

    /// Puts the latest of `rows` first, and keeps `most` from this end.
    pub(super) fn keep(self, rows: &mut Vec<AuditRow>, most: usize) {
        rows.sort_by_key(|row| Reverse((row.at, row.id)));
        match self {
            End::Latest => rows.truncate(most),
            End::Earliest => drop(rows.drain(..rows.len().saturating_sub(most))),
        }
    }
}

/// Events next to a place, from which a page is filled.
#[derive(Clone, Copy, Debug)]
pub struct Stretch {
    /// The end of the stretch that is at the place.
    pub from: End,
    /// Time and id of an event that is not part of it.
    pub place: (Millis, i64),
    /// Time of its other end: the first that is part of it, or the one that all are before.
    pub other: Millis,
}

/// Events that an operator wants to read.
#[derive(Debug)]
pub struct EventsWanted<'a> {
    pub stretch: Stretch,
    pub event: Option<Event>,
    pub by: &'a By,
    /// Keyed hashes of the address of one person; those of everybody if empty.
    pub subjects: &'a [String],
}

/// Operators whose acts are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum By {
    /// Also what nobody at the desk did.
    #[default]
    Anybody,
    AnyOperator,
    Operator(String),
}

/// Returns the statement that reads a page of the rows that `which` describes. Each has an index:
/// the database walks along it, and stops when the page is full.
fn page_of(which: &str, from: End) -> String {
    format!(
        "SELECT {COLUMNS} FROM latchkey_audit_events WHERE {} AND {which} ORDER BY {} LIMIT {}",
        from.condition(),
        from.order(),
        AUDIT_ROWS_ON_A_PAGE + 1
    )
}

/// All events, or those of a frequent kind.
const ANY: &str = "($4 = '' OR event = $4)";
/// Events of a kind that is not part of every sign-in, with the words of the index.
const RARE: &str = "event = $4 AND event NOT IN \
    ('auth.requested', 'auth.verified', 'mail.sent', 'session.issued')";
const OF_DESK: &str = "operator IS NOT NULL AND ($4 = '' OR event = $4)";
const OF_OPERATOR: &str = "operator IS NOT NULL AND operator = $5 AND ($4 = '' OR event = $4)";

/// Returns the statement for events of one person: those of each list by themselves, since the
/// index has the list before the time. `$5` is an operator, `'*'` any of them, or `''`.
fn of_person(from: End) -> String {
    let of = |list: &str| {
        let which = format!(
            "subject = $6 AND list = '{list}' AND ($4 = '' OR event = $4) \
             AND ($5 = '' OR operator = $5 OR $5 = '*' AND operator IS NOT NULL)"
        );
        let name = if list.is_empty() { "none" } else { list };
        format!("SELECT * FROM ({}) AS of_{name}", page_of(&which, from))
    };
    ["account", "attempts", ""].map(of).join(" UNION ALL ")
}

pub static LATEST: LazyLock<String> = LazyLock::new(|| page_of(ANY, End::Latest));
pub static LATEST_OF_RARE: LazyLock<String> = LazyLock::new(|| page_of(RARE, End::Latest));
pub static LATEST_OF_DESK: LazyLock<String> = LazyLock::new(|| page_of(OF_DESK, End::Latest));
pub static LATEST_OF_OPERATOR: LazyLock<String> =
    LazyLock::new(|| page_of(OF_OPERATOR, End::Latest));
pub static LATEST_OF_PERSON: LazyLock<String> = LazyLock::new(|| of_person(End::Latest));
pub static EARLIEST: LazyLock<String> = LazyLock::new(|| page_of(ANY, End::Earliest));
pub static EARLIEST_OF_RARE: LazyLock<String> = LazyLock::new(|| page_of(RARE, End::Earliest));
pub static EARLIEST_OF_DESK: LazyLock<String> = LazyLock::new(|| page_of(OF_DESK, End::Earliest));
pub static EARLIEST_OF_OPERATOR: LazyLock<String> =
    LazyLock::new(|| page_of(OF_OPERATOR, End::Earliest));
pub static EARLIEST_OF_PERSON: LazyLock<String> = LazyLock::new(|| of_person(End::Earliest));

impl Store {
    /// Returns the events that are wanted, as many as fit on a page from the end of the stretch
    /// that it is filled from, and one more if there are more; the latest first.
    pub async fn page_of_events(&self, wanted: &EventsWanted<'_>) -> Result<Vec<AuditRow>, Error> {
        let EventsWanted { stretch, event, by, subjects } = wanted;
        let Stretch { from, place: (at, id), other } = *stretch;
        let name = event.map(Event::name).unwrap_or_default();
        let of_all = values![other, at, id, name];
        let mut rows: Vec<AuditRow> = Vec::new();
        if subjects.is_empty() {
            rows = match by {
                By::Operator(operator) => {
                    let sql = from.of(&LATEST_OF_OPERATOR, &EARLIEST_OF_OPERATOR);
                    let values = values![other, at, id, name, operator];
                    self.all(sql, &values).await?
                }
                By::AnyOperator => {
                    self.all(from.of(&LATEST_OF_DESK, &EARLIEST_OF_DESK), &of_all).await?
                }
                By::Anybody if event.is_some_and(|event| !event.is_frequent()) => {
                    self.all(from.of(&LATEST_OF_RARE, &EARLIEST_OF_RARE), &of_all).await?
                }
                By::Anybody => self.all(from.of(&LATEST, &EARLIEST), &of_all).await?,
            };
        }
        let operator = match by {
            By::Operator(operator) => operator.as_str(),
            By::AnyOperator => "*",
            By::Anybody => "",
        };
        for subject in *subjects {
            let sql = from.of(&LATEST_OF_PERSON, &EARLIEST_OF_PERSON);
            let values = values![other, at, id, name, operator, subject];
            rows.extend(self.all::<AuditRow>(sql, &values).await?);
        }
        from.keep(&mut rows, AUDIT_ROWS_ON_A_PAGE + 1);
        Ok(rows)
    }
}
