//! Mails waiting to be sent.

use sqlx::FromRow;

use super::{AuditEvent, SURVIVES_THE_PROCESS, Store, execute, finish, read, returning, write};
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
    /// Leased from the first to the worker of this very process, to which it is handed over once it
    /// is written.
    pub handed_over: bool,
}

impl NewMail<'_> {
    pub(super) fn attempts(&self) -> i64 {
        i64::from(self.handed_over)
    }

    pub(super) fn due_at(&self, now: Millis) -> Millis {
        if self.handed_over { now + LEASE } else { now }
    }
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

/// The statement that queues a mail.
pub(super) const INSERT_MAIL: &str = "INSERT INTO latchkey_outbox (id, auth_request_id, address, bucket, state, payload, attempts, due_at, created_at, expires_at, \
    request_id) VALUES ($1, $2, $3, $4, 'queued', $5, $6, $7, $8, $9, $10)";

/// How long a worker holds a mail. Longer than sending one may take, so that only a dead worker
/// loses it.
pub const LEASE: Millis = MINUTE;

/// A mail that is due later than any lease or retry would have it was queued before the clock was
/// set back, and is due.
const FAR: Millis = 10 * MINUTE;

impl Store {
    /// Up to `limit` mails that are due, leased: a worker that dies loses them to another.
    pub async fn claim_mails(&self, now: Millis, limit: i64) -> Result<Vec<QueuedMail>, Error> {
        // Idle servers must not take SQLite's one writer every second.
        let ends = "SELECT (SELECT MIN(due_at) FROM latchkey_outbox WHERE state = 'queued'), (SELECT MAX(due_at) FROM latchkey_outbox WHERE state = 'queued')";
        let (first, last): (Option<Millis>, Option<Millis>) =
            read!(self, db => sqlx::query_as(ends).fetch_one(db).await?);
        if last.is_some_and(|last| last > now + FAR) {
            execute!(
                self,
                "UPDATE latchkey_outbox SET due_at = $1 WHERE state = 'queued' AND due_at > $2",
                now,
                now + FAR
            );
        } else if first.is_none_or(|first| first > now) {
            return Ok(Vec::new());
        }
        let claim = match self {
            Store::Sqlite { .. } => {
                "UPDATE latchkey_outbox SET attempts = attempts + 1, due_at = $2 WHERE id IN \
                 (SELECT id FROM latchkey_outbox WHERE state = 'queued' AND due_at <= $1 ORDER BY due_at LIMIT $3) \
                 RETURNING id, address, payload, attempts, expires_at, created_at, request_id"
            }
            // SKIP LOCKED: two workers take different mails instead of waiting for each other.
            Store::Postgres(_) => {
                "UPDATE latchkey_outbox SET attempts = attempts + 1, due_at = $2 WHERE id IN \
                 (SELECT id FROM latchkey_outbox WHERE state = 'queued' AND due_at <= $1 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED) \
                 RETURNING id, address, payload, attempts, expires_at, created_at, request_id"
            }
        };
        Ok(
            returning!(self, db => sqlx::query_as(claim).bind(now).bind(now + LEASE).bind(limit).fetch_all(db).await?),
        )
    }

    /// How the newest mail of an auth request stands: its state, and the reason it is delayed or
    /// failed for.
    pub async fn mail_of(
        &self,
        auth_request_id: &str,
    ) -> Result<Option<(String, Option<String>)>, Error> {
        let newest = "SELECT state, last_error FROM latchkey_outbox WHERE auth_request_id = $1 ORDER BY created_at DESC LIMIT 1";
        Ok(
            read!(self, db => sqlx::query_as(newest).bind(auth_request_id).fetch_optional(db).await?),
        )
    }

    /// How many mails wait, and since when the oldest of them does.
    pub async fn queued_mails(&self) -> Result<(i64, Option<Millis>), Error> {
        let queued = "SELECT COUNT(*), MIN(created_at) FROM latchkey_outbox WHERE state = 'queued'";
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

    async fn settle(
        &self,
        id: &str,
        state: &str,
        sent_at: Option<Millis>,
        event: &AuditEvent,
    ) -> Result<(), Error> {
        write!(self, SURVIVES_THE_PROCESS, tx => {
            finish!(
                tx,
                "UPDATE latchkey_outbox SET state = $1, payload = NULL, sent_at = $2, last_error = $3 WHERE id = $4"
                    => [state, sent_at, &event.reason, id];
                note event, &event.user_id
            );
        });
        Ok(())
    }

    /// Not now: due again at `due`.
    pub async fn mail_delayed(
        &self,
        id: &str,
        due: Millis,
        event: &AuditEvent,
    ) -> Result<(), Error> {
        write!(self, SURVIVES_THE_PROCESS, tx => {
            finish!(
                tx,
                "UPDATE latchkey_outbox SET due_at = $1, last_error = $2 WHERE id = $3" => [due, &event.reason, id];
                note event, &event.user_id
            );
        });
        Ok(())
    }
}
