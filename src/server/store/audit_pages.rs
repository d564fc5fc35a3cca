//! The audit table as operators read it: the latest events first, a page at a time.

use std::{cmp::Reverse, sync::LazyLock};

use super::{AuditRow, Store, audit::COLUMNS, statement::values};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::event::Event,
};

/// Events on one page. The statements read one more, which tells that there are more.
pub const AUDIT_ROWS_ON_A_PAGE: usize = 50;

/// Events that an operator wants to read.
#[derive(Debug)]
pub struct EventsWanted<'a> {
    pub since: Millis,
    /// Time and id that they are before.
    pub before: (Millis, i64),
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
fn page_of(which: &str) -> String {
    format!(
        "SELECT {COLUMNS} FROM latchkey_audit_events \
         WHERE at >= $1 AND at <= $2 AND (at, id) < ($2, $3) AND {which} \
         ORDER BY at DESC, id DESC LIMIT {}",
        AUDIT_ROWS_ON_A_PAGE + 1
    )
}

/// All events, or those of a frequent kind.
pub static LATEST: LazyLock<String> = LazyLock::new(|| page_of("($4 = '' OR event = $4)"));
/// Events of a kind that is not part of every sign-in, with the words of the index.
pub static LATEST_OF_RARE: LazyLock<String> = LazyLock::new(|| {
    page_of(
        "event = $4 AND event NOT IN \
         ('auth.requested', 'auth.verified', 'mail.sent', 'session.issued')",
    )
});
pub static LATEST_OF_DESK: LazyLock<String> =
    LazyLock::new(|| page_of("operator IS NOT NULL AND ($4 = '' OR event = $4)"));
pub static LATEST_OF_OPERATOR: LazyLock<String> =
    LazyLock::new(|| page_of("operator IS NOT NULL AND operator = $5 AND ($4 = '' OR event = $4)"));
/// Events of one person: those of each list by themselves, since the index has the list before the
/// time. `$5` is an operator, `'*'` any of them, or `''`.
pub static LATEST_OF_PERSON: LazyLock<String> = LazyLock::new(|| {
    let of = |list: &str| {
        let which = format!(
            "subject = $6 AND list = '{list}' AND ($4 = '' OR event = $4) \
             AND ($5 = '' OR operator = $5 OR $5 = '*' AND operator IS NOT NULL)"
        );
        let name = if list.is_empty() { "none" } else { list };
        format!("SELECT * FROM ({}) AS of_{name}", page_of(&which))
    };
    ["account", "attempts", ""].map(of).join(" UNION ALL ")
});

impl Store {
    /// Returns the latest of the events that are wanted, the latest first; one more than fit on a
    /// page if there are more.
    pub async fn latest_events(&self, wanted: &EventsWanted<'_>) -> Result<Vec<AuditRow>, Error> {
        let EventsWanted { since, before: (at, id), event, by, subjects } = wanted;
        let name = event.map(Event::name).unwrap_or_default();
        if subjects.is_empty() {
            return match by {
                By::Operator(operator) => {
                    let values = values![*since, *at, *id, name, operator];
                    self.all(&LATEST_OF_OPERATOR, &values).await
                }
                By::AnyOperator => {
                    self.all(&LATEST_OF_DESK, &values![*since, *at, *id, name]).await
                }
                By::Anybody if event.is_some_and(|event| !event.is_frequent()) => {
                    self.all(&LATEST_OF_RARE, &values![*since, *at, *id, name]).await
                }
                By::Anybody => self.all(&LATEST, &values![*since, *at, *id, name]).await,
            };
        }
        let operator = match by {
            By::Operator(operator) => operator.as_str(),
            By::AnyOperator => "*",
            By::Anybody => "",
        };
        let mut rows: Vec<AuditRow> = Vec::new();
        for subject in *subjects {
            let values = values![*since, *at, *id, name, operator, subject];
            rows.extend(self.all::<AuditRow>(&LATEST_OF_PERSON, &values).await?);
        }
        rows.sort_by_key(|row| Reverse((row.at, row.id)));
        rows.truncate(AUDIT_ROWS_ON_A_PAGE + 1);
        Ok(rows)
    }
}
