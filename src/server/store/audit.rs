//! The audit table: what happened in the flow, a row for each event.

use sqlx::FromRow;

use super::{
    Durability, Store,
    statement::{Statement, values},
};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::event::Event,
};

/// An event, with what may be told of it: no secret, and the address masked.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    pub at: Millis,
    pub event: Event,
    /// Why, of what was refused or failed.
    pub reason: String,
    /// The correlation id of the request it happened in.
    pub request_id: String,
    /// Finds what happened to one address.
    pub subject: String,
    pub address: String,
    pub user_id: Option<String>,
    pub user_agent: String,
    pub ip_prefix: String,
}

pub const INSERT_EVENT: &str = "INSERT INTO latchkey_audit_events (at, event, reason, request_id, \
    subject, address, user_id, user_agent, ip_prefix, list) \
    SELECT CAST($1 AS BIGINT), $2, $3, $4, $5, $6, $7, $8, $9, $10";

impl AuditEvent {
    /// The statement that writes it.
    pub(super) fn insert(&self) -> Statement<'_> {
        self.insert_of(self.user_id.as_deref())
    }

    /// The same, of a user whose id was not known before.
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
        ];
        Statement::new(INSERT_EVENT, values)
    }
}

/// A row of the table.
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
}

/// Events from a time on, or after one of that very time, and before another; of one subject, or of
/// all.
#[derive(Debug)]
pub struct Events {
    pub since: Millis,
    /// The id of the last one of the page before; 0, and there was none.
    pub after: i64,
    pub until: Millis,
    pub subject: Option<String>,
}

pub const EVENTS: &str = "SELECT id, at, event, reason, request_id, subject, address, user_id, \
    user_agent, ip_prefix FROM latchkey_audit_events \
    WHERE (at, id) > ($1, $2) AND at < $3 ORDER BY at, id LIMIT 1000";
pub const EVENTS_OF_ONE: &str = "SELECT id, at, event, reason, request_id, subject, address, \
    user_id, user_agent, ip_prefix FROM latchkey_audit_events \
    WHERE subject = $4 AND (at, id) > ($1, $2) AND at < $3 ORDER BY at, id LIMIT 1000";

impl Store {
    /// The next thousand events, the oldest first.
    pub async fn events(&self, page: &Events) -> Result<Vec<AuditRow>, Error> {
        let Events { since, after, until, subject } = page;
        match subject {
            None => self.all(EVENTS, &values![*since, *after, *until]).await,
            Some(subject) => {
                self.all(EVENTS_OF_ONE, &values![*since, *after, *until, subject]).await
            }
        }
    }

    /// Writes an event that is no part of a step that changes something else.
    pub async fn note(&self, event: &AuditEvent) -> Result<(), Error> {
        self.transaction(Durability::ProcessEnd, None, async |tx| {
            tx.finish(&[event.insert()]).await
        })
        .await
    }
}
