//! Mails waiting to be sent.

use sqlx::FromRow;

use super::{AuditEvent, Store, audit::note_event, read, returning, write};
use crate::{
    error::Error,
    server::clock::{MINUTE, Millis},
};

pub struct NewMail<'a> {
    pub id: &'a str,
    pub auth_request_id: &'a str,
    /// Whose allowance it takes from.
    pub bucket: &'a str,
    /// What the mail says, sealed.
    pub payload: &'a [u8],
    /// After this it is pointless: its link and code are dead.
    pub expires_at: Millis,
}

/// A mail that a worker has claimed.
#[derive(Clone, Debug, FromRow)]
pub struct QueuedMail {
    pub id: String,
    pub address: String,
    pub payload: Vec<u8>,
    /// This one included.
    pub attempts: i64,
    pub expires_at: Millis,
    pub created_at: Millis,
    /// Of the request that asked for it.
    pub request_id: String,
}

/// A mail that is due later than any lease or retry would have it was queued before the clock was set back, and is due.
const FAR: Millis = 10 * MINUTE;

impl Store {
    /// Up to `limit` mails that are due, leased until `lease`: a worker that dies before then loses them to another.
    pub async fn claim_mails(&self, now: Millis, lease: Millis, limit: i64) -> Result<Vec<QueuedMail>, Error> {
        // Idle servers must not take SQLite's one writer every second.
        let due: Option<i64> = read!(self, db => {
            sqlx::query_scalar("SELECT due_at FROM outbox WHERE state = 'queued' AND (due_at <= $1 OR due_at > $2) LIMIT 1").bind(now).bind(now + FAR).fetch_optional(db).await?
        });
        if due.is_none() {
            return Ok(Vec::new());
        }
        let claim = match self {
            Store::Sqlite { .. } => {
                "UPDATE outbox SET attempts = attempts + 1, due_at = $2 WHERE id IN \
                 (SELECT id FROM outbox WHERE state = 'queued' AND (due_at <= $1 OR due_at > $4) ORDER BY due_at LIMIT $3) \
                 RETURNING id, address, payload, attempts, expires_at, created_at, request_id"
            }
            // SKIP LOCKED: two workers take different mails instead of waiting for each other.
            Store::Postgres(_) => {
                "UPDATE outbox SET attempts = attempts + 1, due_at = $2 WHERE id IN \
                 (SELECT id FROM outbox WHERE state = 'queued' AND (due_at <= $1 OR due_at > $4) ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED) \
                 RETURNING id, address, payload, attempts, expires_at, created_at, request_id"
            }
        };
        Ok(returning!(self, db => sqlx::query_as(claim).bind(now).bind(lease).bind(limit).bind(now + FAR).fetch_all(db).await?))
    }

    /// How many mails wait, and since when the oldest of them does.
    pub async fn queued_mails(&self) -> Result<(i64, Option<Millis>), Error> {
        let queued = "SELECT COUNT(*), MIN(created_at) FROM outbox WHERE state = 'queued'";
        Ok(read!(self, db => sqlx::query_as(queued).fetch_one(db).await?))
    }

    /// The mail server has it: the payload is wiped.
    pub async fn mail_sent(&self, id: &str, event: &AuditEvent) -> Result<(), Error> {
        self.settle(id, "sent", Some(event.at), event).await
    }

    /// It will never be sent: the payload is wiped.
    pub async fn mail_failed(&self, id: &str, event: &AuditEvent) -> Result<(), Error> {
        self.settle(id, "failed", None, event).await
    }

    async fn settle(&self, id: &str, state: &str, sent_at: Option<Millis>, event: &AuditEvent) -> Result<(), Error> {
        write!(self, tx => {
            let settled = sqlx::query("UPDATE outbox SET state = $1, payload = NULL, sent_at = $2, last_error = $3 WHERE id = $4");
            settled.bind(state).bind(sent_at).bind(&event.reason).bind(id).execute(&mut *tx).await?;
            note_event!(&mut *tx, event, &event.user_id);
        });
        Ok(())
    }

    /// Not now: due again at `due`.
    pub async fn mail_delayed(&self, id: &str, due: Millis, event: &AuditEvent) -> Result<(), Error> {
        write!(self, tx => {
            let delayed = sqlx::query("UPDATE outbox SET due_at = $1, last_error = $2 WHERE id = $3");
            delayed.bind(due).bind(&event.reason).bind(id).execute(&mut *tx).await?;
            note_event!(&mut *tx, event, &event.user_id);
        });
        Ok(())
    }
}
