//! The audit table: what happened in the flow, a row for each event.

use sqlx::FromRow;

use super::{SURVIVES_THE_PROCESS, Store, finish, read, write};
use crate::server::ground::{clock::Millis, error::Error};

/// An event, with what may be told of it: no secret, and the address masked.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    pub at: Millis,
    pub event: String,
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

/// The statement that writes an event; `run_batch!` binds it.
pub(super) const INSERT_EVENT: &str = "INSERT INTO latchkey_audit_events (at, event, reason, request_id, subject, address, user_id, user_agent, ip_prefix, list) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";

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

impl Store {
    /// The next thousand events, the oldest first.
    pub async fn events(&self, page: &Events) -> Result<Vec<AuditRow>, Error> {
        let of_all = "SELECT id, at, event, reason, request_id, subject, address, user_id, user_agent, ip_prefix \
            FROM latchkey_audit_events WHERE (at, id) > ($1, $2) AND at < $3 ORDER BY at, id LIMIT 1000";
        let of_one = "SELECT id, at, event, reason, request_id, subject, address, user_id, user_agent, ip_prefix \
            FROM latchkey_audit_events WHERE subject = $4 AND (at, id) > ($1, $2) AND at < $3 \
            ORDER BY at, id LIMIT 1000";
        let Events { since, after, until, subject } = page;
        Ok(match subject {
            None => read!(self, db => {
                sqlx::query_as(of_all).bind(since).bind(after).bind(until).fetch_all(db).await?
            }),
            Some(subject) => read!(self, db => {
                let page = sqlx::query_as(of_one).bind(since).bind(after).bind(until).bind(subject);
                page.fetch_all(db).await?
            }),
        })
    }

    /// Writes an event that is no part of a step that changes something else.
    pub async fn note(&self, event: &AuditEvent) -> Result<(), Error> {
        write!(self, SURVIVES_THE_PROCESS, tx => {
            finish!(tx; note event, &event.user_id);
        });
        Ok(())
    }
}
