//! The audit table: one row for each event of the sign-in flow.

use sqlx::FromRow;
use std::sync::LazyLock;

use super::{
    Durability, Store,
    statement::{Statement, values},
};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::event::Event,
};

/// An event with the details that may be logged: no secrets, and the address masked.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    pub at: Millis,
    pub event: Event,
    /// Reason of a refusal or a failure.
    pub reason: String,
    /// Correlation id of the request in which it happened.
    pub request_id: String,
    /// Keyed hash of the address, by which its events are found.
    pub subject: String,
    pub address: String,
    pub user_id: Option<String>,
    pub user_agent: String,
    pub ip_prefix: String,
    /// App that called, with a token of its own.
    pub app_id: Option<String>,
    /// Operator of the desk who did it: an address, or `app:<id>`.
    pub operator: Option<String>,
    /// The operator's own words on why.
    pub note: String,
    /// Time since the ask that led to it.
    pub took: Option<Millis>,
    /// True if a mail was opened by it for the first time.
    pub opens: bool,
}

pub const INSERT_EVENT: &str = "INSERT INTO latchkey_audit_events (at, event, reason, request_id, \
    subject, address, user_id, user_agent, ip_prefix, list, app_id, operator, note, took, opens) \
    SELECT CAST($1 AS BIGINT), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, \
    CAST($14 AS BIGINT), CAST($15 AS BIGINT)";

impl AuditEvent {
    /// Returns the event that an invitation was accepted by the sign-in that this one records.
    pub fn accepting(&self) -> Self {
        AuditEvent { event: Event::InvitationAccepted, took: None, opens: false, ..self.clone() }
    }

    /// Returns the statement that writes the event.
    pub(super) fn insert(&self) -> Statement<'_> {
        self.insert_of(self.user_id.as_deref())
    }

    /// Returns the same statement for a user whose id was not known when the event was made.
    pub(super) fn insert_of<'a>(&'a self, user_id: Option<&'a str>) -> Statement<'a> {
        let AuditEvent { at, event, reason, request_id, subject, address, .. } = self;
        let values = values![
            *at,
            event.name(),
            reason,
            request_id,
            subject,
            address,
            user_id,
            &self.user_agent,
            &self.ip_prefix,
            event.list(),
            &self.app_id,
            &self.operator,
            &self.note,
            self.took,
            self.opens.then_some(1),
        ];
        Statement::new(INSERT_EVENT, values)
    }
}

#[derive(Debug, FromRow)]
pub struct AuditRow {
    pub id: i64,
    pub at: Millis,
    pub event: String,
    pub reason: String,
    pub request_id: String,
    pub subject: String,
    pub address: String,
    pub user_id: Option<String>,
    pub user_agent: String,
    pub ip_prefix: String,
    pub list: String,
    pub app_id: Option<String>,
    pub operator: Option<String>,
    pub note: String,
    pub took: Option<Millis>,
    /// 1 if a mail was opened by it for the first time.
    pub opens: Option<i64>,
}

/// Range of events to read: after (`since`, `after`) and before `until`, of one subject, of what
/// was done at the desk, or of all.
#[derive(Debug)]
pub struct Events {
    pub since: Millis,
    /// The id of the last event on the previous page, or 0 for the first page.
    pub after: i64,
    pub until: Millis,
    pub subject: Option<String>,
    pub of_desk: bool,
}

/// Columns that an [`AuditRow`] is read from.
pub(super) const COLUMNS: &str = "id, at, event, reason, request_id, subject, address, user_id, \
    user_agent, ip_prefix, list, app_id, operator, note, took, opens";

pub static EVENTS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS} FROM latchkey_audit_events \
         WHERE (at, id) > ($1, $2) AND at < $3 ORDER BY at, id LIMIT 1000"
    )
});
pub static EVENTS_OF_ONE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS} FROM latchkey_audit_events \
         WHERE subject = $4 AND (at, id) > ($1, $2) AND at < $3 ORDER BY at, id LIMIT 1000"
    )
});
pub static EVENTS_OF_DESK: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS} FROM latchkey_audit_events WHERE operator IS NOT NULL \
         AND (at, id) > ($1, $2) AND at < $3 ORDER BY at, id LIMIT 1000"
    )
});
pub static EVENTS_BY_ID: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS} FROM latchkey_audit_events \
         WHERE id > $1 AND id <= $2 ORDER BY id LIMIT 1000"
    )
});

impl Store {
    /// Returns the next thousand events, oldest first.
    pub async fn events(&self, page: &Events) -> Result<Vec<AuditRow>, Error> {
        let Events { since, after, until, subject, of_desk } = page;
        match subject {
            None if *of_desk => self.all(&EVENTS_OF_DESK, &values![*since, *after, *until]).await,
            None => self.all(&EVENTS, &values![*since, *after, *until]).await,
            Some(subject) => {
                self.all(&EVENTS_OF_ONE, &values![*since, *after, *until, subject]).await
            }
        }
    }

    /// Returns the next thousand events after one, up to another, in the order of their ids.
    pub async fn events_by_id(&self, after: i64, until: i64) -> Result<Vec<AuditRow>, Error> {
        self.all(&EVENTS_BY_ID, &values![after, until]).await
    }

    /// Writes an event that does not belong to another change.
    pub async fn note(&self, event: &AuditEvent) -> Result<(), Error> {
        self.transaction(Durability::ProcessEnd, None, async |tx| {
            tx.finish(&[event.insert()]).await
        })
        .await
    }
}
