//! The audit table: what happened in the flow, a row for each event.

use sqlx::FromRow;

use super::{SURVIVES_THE_PROCESS, Store, read, run_all, write};
use crate::{error::Error, server::clock::Millis};

/// An event, with what may be told of it: no secret, and the address masked.
#[derive(Clone, Debug, FromRow)]
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

/// The statement that writes an event; `run_all!` binds it.
pub(super) const INSERT_EVENT: &str = "INSERT INTO audit_events (at, event, reason, request_id, subject, address, user_id, user_agent, ip_prefix) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

impl Store {
    /// Writes an event that is no part of a step that changes something else.
    pub async fn note(&self, event: &AuditEvent) -> Result<(), Error> {
        write!(self, SURVIVES_THE_PROCESS, tx => {
            run_all!(tx; note event, &event.user_id);
        });
        Ok(())
    }

    /// The last ten things a person is shown of a subject: who asked for mails, was refused, came and went, newest first.
    ///
    /// Ten stands in the statement: SQLite plans one with a bound LIMIT anew each time.
    pub async fn activity_of(&self, subject: &str) -> Result<Vec<AuditEvent>, Error> {
        let latest = "SELECT at, event, reason, request_id, subject, address, user_id, user_agent, ip_prefix FROM audit_events \
            WHERE subject = $1 AND event IN ('auth.requested', 'auth.failed', 'auth.cancelled', 'session.issued', 'session.revoked') \
            ORDER BY at DESC, id DESC LIMIT 10";
        Ok(read!(self, db => sqlx::query_as(latest).bind(subject).fetch_all(db).await?))
    }
}
