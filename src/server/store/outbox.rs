//! Mails waiting to be sent.

use sqlx::FromRow;

use super::{AuditEvent, SURVIVES_THE_PROCESS, Store, execute, finish, read, returning, write};
use crate::server::ground::{
    clock::{MINUTE, Millis},
    error::Error,
};

/// The ranks of mails, first those that go first: sign-in mails, then notices.
pub const RANKS: [i64; 2] = [0, 1];

pub struct NewMail<'a> {
    pub id: &'a str,
    pub auth_request_id: &'a str,
    /// Whose allowance it takes from.
    pub bucket: &'a str,
    /// One of [`RANKS`].
    pub rank: i64,
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

    pub(super) fn leased_at(&self, now: Millis) -> Option<Millis> {
        self.handed_over.then_some(now)
    }
}

/// A mail that a worker holds the lease of.
#[derive(Clone, Debug, FromRow)]
pub struct QueuedMail {
    pub id: String,
    pub address: String,
    pub payload: Vec<u8>,
    /// This one included. Also the number of the lease: whoever takes the mail anew has a higher
    /// one.
    pub attempts: i64,
    pub leased_at: Millis,
    pub expires_at: Millis,
    pub created_at: Millis,
    /// Of the request that asked for it.
    pub request_id: String,
}

/// What proves that nobody else has taken a mail since.
#[derive(Clone, Copy, Debug)]
pub struct Lease<'a> {
    pub id: &'a str,
    pub number: i64,
}

impl QueuedMail {
    pub fn lease(&self) -> Lease<'_> {
        Lease { id: &self.id, number: self.attempts }
    }
}

/// The statement that queues a mail.
pub(super) const INSERT_MAIL: &str = "INSERT INTO latchkey_outbox \
    (id, auth_request_id, address, bucket, rank, state, payload, attempts, due_at, leased_at, \
    created_at, expires_at, request_id) \
    VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, $8, $9, $10, $11, $12)";

/// How long a worker holds a mail. Longer than sending one may take, so that only a dead worker
/// loses it.
pub const LEASE: Millis = MINUTE;

/// A mail that is due later than any lease or retry would have it was queued before the clock was
/// set back, and is due.
const FAR: Millis = 10 * MINUTE;

/// How a mail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The mail server has it.
    Sent,
    /// Refused for good, for its recipient's sake.
    Failed,
    /// Given up for any other reason: too late, or not to be put together.
    Unsent,
}

impl Ending {
    fn state(self) -> &'static str {
        match self {
            Ending::Sent => "sent",
            Ending::Failed => "failed",
            Ending::Unsent => "unsent",
        }
    }
}

impl Store {
    /// Up to `limit` mails that are due, leased: a worker that dies loses them to another. Of each
    /// rank those that became due first.
    pub async fn claim_mails(&self, now: Millis, limit: usize) -> Result<Vec<QueuedMail>, Error> {
        let claim = match self {
            Store::Sqlite { .. } => {
                "UPDATE latchkey_outbox SET attempts = attempts + 1, due_at = $2, leased_at = $1 \
                 WHERE id IN (SELECT id FROM latchkey_outbox \
                     WHERE state = 'queued' AND rank = $3 AND due_at <= $1 \
                     ORDER BY due_at LIMIT $4) \
                 RETURNING id, address, payload, attempts, leased_at, expires_at, created_at, \
                     request_id"
            }
            // SKIP LOCKED: two workers take different mails instead of waiting for each other.
            Store::Postgres(_) => {
                "UPDATE latchkey_outbox SET attempts = attempts + 1, due_at = $2, leased_at = $1 \
                 WHERE id IN (SELECT id FROM latchkey_outbox \
                     WHERE state = 'queued' AND rank = $3 AND due_at <= $1 \
                     ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED) \
                 RETURNING id, address, payload, attempts, leased_at, expires_at, created_at, \
                     request_id"
            }
        };
        let mut mails = Vec::new();
        for rank in self.ranks_due(now).await? {
            let left = limit.saturating_sub(mails.len());
            if left > 0 {
                let more: Vec<QueuedMail> = returning!(self, db => sqlx::query_as(claim)
                    .bind(now).bind(now + LEASE).bind(rank).bind(left as i64).fetch_all(db).await?);
                mails.extend(more);
            }
        }
        Ok(mails)
    }

    /// The ranks that have mails due: idle servers must not take SQLite's one writer every second.
    async fn ranks_due(&self, now: Millis) -> Result<Vec<i64>, Error> {
        let ends = "SELECT \
            (SELECT MIN(due_at) FROM latchkey_outbox WHERE state = 'queued' AND rank = $1), \
            (SELECT MAX(due_at) FROM latchkey_outbox WHERE state = 'queued' AND rank = $1)";
        let mut due = Vec::new();
        for rank in RANKS {
            let (first, last): (Option<Millis>, Option<Millis>) =
                read!(self, db => sqlx::query_as(ends).bind(rank).fetch_one(db).await?);
            let is_far = last.is_some_and(|last| last > now + FAR);
            if is_far {
                execute!(
                    self,
                    "UPDATE latchkey_outbox SET due_at = $1 \
                        WHERE state = 'queued' AND rank = $2 AND due_at > $3",
                    now,
                    rank,
                    now + FAR
                );
            }
            if is_far || first.is_some_and(|first| first <= now) {
                due.push(rank);
            }
        }
        Ok(due)
    }

    /// The lease taken anew: the mail as it is held now, or nothing when another has it, or it has
    /// ended.
    pub async fn hold_mail(
        &self,
        mail: &QueuedMail,
        now: Millis,
    ) -> Result<Option<QueuedMail>, Error> {
        let hold = "UPDATE latchkey_outbox \
            SET attempts = attempts + 1, due_at = $2, leased_at = $1 \
            WHERE id = $3 AND state = 'queued' AND attempts = $4 \
            RETURNING id, address, payload, attempts, leased_at, expires_at, created_at, \
                request_id";
        Ok(returning!(self, db => sqlx::query_as(hold)
            .bind(now).bind(now + LEASE).bind(&mail.id).bind(mail.attempts).fetch_optional(db).await?))
    }

    /// Makes every leased mail due, where nobody else can hold a lease: one SQLite file is for one
    /// instance, and that one has just started. How many there were.
    pub async fn take_over_leases(&self) -> Result<u64, Error> {
        let Store::Sqlite { .. } = self else { return Ok(0) };
        let mut mails = 0;
        for rank in RANKS {
            mails += execute!(
                self,
                "UPDATE latchkey_outbox SET due_at = created_at, leased_at = NULL \
                    WHERE state = 'queued' AND rank = $1 AND leased_at IS NOT NULL",
                rank
            );
        }
        Ok(mails)
    }

    /// How the newest mail of an auth request stands: its state, and the reason it is delayed or
    /// failed for.
    pub async fn mail_of(
        &self,
        auth_request_id: &str,
    ) -> Result<Option<(String, Option<String>)>, Error> {
        let newest = "SELECT state, last_error FROM latchkey_outbox \
            WHERE auth_request_id = $1 ORDER BY created_at DESC LIMIT 1";
        Ok(
            read!(self, db => sqlx::query_as(newest).bind(auth_request_id).fetch_optional(db).await?),
        )
    }

    /// How many mails wait, and since when the oldest of them does.
    pub async fn queued_mails(&self) -> Result<(i64, Option<Millis>), Error> {
        let queued = "SELECT COUNT(*), MIN(created_at) FROM latchkey_outbox WHERE state = 'queued'";
        Ok(read!(self, db => sqlx::query_as(queued).fetch_one(db).await?))
    }

    /// How a mail ended, by who holds its lease; its payload is wiped. False, and neither row nor
    /// event, when another holds it.
    pub async fn mail_ended(
        &self,
        lease: Lease<'_>,
        ending: Ending,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        let end = "UPDATE latchkey_outbox \
            SET state = $1, payload = NULL, sent_at = $2, last_error = $3 \
            WHERE id = $4 AND state = 'queued' AND attempts = $5";
        let sent_at = (ending == Ending::Sent).then_some(event.at);
        Ok(write!(self, SURVIVES_THE_PROCESS, tx => {
            let end = sqlx::query(end).bind(ending.state()).bind(sent_at).bind(&event.reason);
            let ended = end.bind(lease.id).bind(lease.number).execute(&mut *tx).await?.rows_affected() > 0;
            if ended {
                finish!(tx; note event, &event.user_id);
            }
            ended
        }))
    }

    /// Not now: due again at `due`. By who holds its lease, as above.
    pub async fn mail_delayed(
        &self,
        lease: Lease<'_>,
        due: Millis,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        let delay = "UPDATE latchkey_outbox SET due_at = $1, leased_at = NULL, last_error = $2 \
            WHERE id = $3 AND state = 'queued' AND attempts = $4";
        Ok(write!(self, SURVIVES_THE_PROCESS, tx => {
            let delay = sqlx::query(delay).bind(due).bind(&event.reason);
            let delayed = delay.bind(lease.id).bind(lease.number).execute(&mut *tx).await?.rows_affected() > 0;
            if delayed {
                finish!(tx; note event, &event.user_id);
            }
            delayed
        }))
    }
}
