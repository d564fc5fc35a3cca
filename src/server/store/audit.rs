//! The audit table: what happened in the flow, a row for each event.

use super::{SURVIVES_THE_PROCESS, Store, finish, write};
use crate::{error::Error, server::clock::Millis};

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

impl Store {
    /// Writes an event that is no part of a step that changes something else.
    pub async fn note(&self, event: &AuditEvent) -> Result<(), Error> {
        write!(self, SURVIVES_THE_PROCESS, tx => {
            finish!(tx; note event, &event.user_id);
        });
        Ok(())
    }
}
