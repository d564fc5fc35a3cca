//! Mails waiting to be sent.

use sqlx::FromRow;

use super::{
    AuditEvent, Durability, Store,
    statement::{Statement, Value, values},
};
use crate::server::{
    ground::{
        clock::{MINUTE, Millis},
        error::Error,
    },
    values::address::Address,
};

/// Ranks of mails, in the order of sending: sign-in mails, then notices.
pub const RANKS: [i64; 2] = [SIGN_IN, 1];
/// Rank of sign-in mails, which somebody waits for.
pub const SIGN_IN: i64 = 0;

pub struct NewMail<'a> {
    pub id: &'a str,
    pub auth_request_id: &'a str,
    /// Bucket whose allowance it takes from.
    pub bucket: &'a str,
    /// One of [`RANKS`].
    pub rank: i64,
    /// Content of the mail, sealed.
    pub payload: &'a [u8],
    /// Time after which it is pointless: its link and code have expired.
    pub expires_at: Millis,
    /// Leased from the start to the worker of this process, which receives it once it is written.
    pub is_leased: bool,
}

impl<'a> NewMail<'a> {
    /// Returns the statement that queues the mail for an address, with the correlation id of the
    /// event.
    pub(super) fn insert(&self, address: &'a Address, event: &'a AuditEvent) -> Statement<'a> {
        let NewMail { id, auth_request_id, bucket, rank, payload, expires_at, is_leased } = *self;
        let now = event.at;
        let due_at = if is_leased { now + LEASE } else { now };
        let values = values![
            id,
            auth_request_id,
            address,
            bucket,
            rank,
            payload,
            i64::from(is_leased),
            due_at,
            is_leased.then_some(now),
            now,
            expires_at,
            &event.request_id,
        ];
        Statement::new(INSERT_MAIL, values)
    }
}

/// A mail that is leased to a worker.
#[derive(Clone, Debug, FromRow)]
pub struct QueuedMail {
    pub id: String,
    pub address: Address,
    pub payload: Vec<u8>,
    /// Number of attempts, this one included. Also the number of the lease: the next lease of the
    /// mail has a higher one.
    pub attempts: i64,
    pub leased_at: Millis,
    pub expires_at: Millis,
    pub created_at: Millis,
    /// Correlation id of the request that asked for the mail.
    pub request_id: String,
    /// Transport that may have accepted it: it was being sent by it when the process ended, or no
    /// answer came.
    pub transport: Option<String>,
    /// One of [`RANKS`].
    pub rank: i64,
}

/// Proof that no other worker has taken the mail since.
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

pub const INSERT_MAIL: &str = "INSERT INTO latchkey_outbox \
    (id, auth_request_id, address, bucket, rank, state, payload, attempts, due_at, leased_at, \
    created_at, expires_at, request_id) \
    VALUES ($1, $2, $3, $4, $5, 'queued', $6, $7, $8, $9, $10, $11, $12)";

/// Time for which a worker holds a mail. Longer than sending may take, so that only a dead worker
/// loses it.
pub const LEASE: Millis = MINUTE;

/// A mail that is due later than any lease or retry allows was queued before the clock was set
/// back, and is due now.
const FAR: Millis = 10 * MINUTE;

/// The way in which a mail ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The mail server accepted it, or it was withheld, which must look the same to the requester.
    Sent,
    /// Refused permanently, because of its recipient.
    Failed,
    /// Given up for another reason: it is too late, or the mail cannot be composed.
    Unsent,
    /// Held back, because earlier mails to its address came back.
    Suppressed,
}

impl Ending {
    fn state(self) -> &'static str {
        match self {
            Ending::Sent => "sent",
            Ending::Failed => "failed",
            Ending::Unsent => "unsent",
            Ending::Suppressed => "suppressed",
        }
    }
}

/// The end of a mail.
#[derive(Clone, Copy, Debug)]
pub struct MailEnd<'a> {
    pub ending: Ending,
    /// Transport that accepted it, or refused it finally.
    pub transport: Option<&'a str>,
    /// Id that the transport gave it.
    pub message_id: Option<&'a str>,
}

impl From<Ending> for MailEnd<'_> {
    fn from(ending: Ending) -> Self {
        MailEnd { ending, transport: None, message_id: None }
    }
}

/// The delay of a mail.
#[derive(Clone, Copy, Debug)]
pub struct Delay<'a> {
    /// Time at which it is due again.
    pub due: Millis,
    /// Transport that may have accepted it.
    pub bound: Option<&'a str>,
    /// Kind of the fault: `session`, `for_now` or `unsure`; `None` if it is the database's.
    pub by: Option<&'a str>,
}

/// Newest mail of an auth request, as the page that waits for it has to know.
#[derive(Clone, Debug, FromRow)]
pub struct MailState {
    pub state: String,
    pub last_error: Option<String>,
    /// See [`Delay::by`].
    pub delayed_by: Option<String>,
}

/// Takes the due mails of one rank, in the order in which they became due.
pub const CLAIM: &str = "UPDATE latchkey_outbox \
    SET attempts = attempts + 1, due_at = $2, leased_at = $1 \
    WHERE id IN (SELECT id FROM latchkey_outbox \
    WHERE state = 'queued' AND rank = $3 AND due_at <= $1 ORDER BY due_at LIMIT $4) \
    RETURNING id, address, payload, attempts, leased_at, expires_at, created_at, request_id, \
    transport, rank";
/// The same as [`CLAIM`], for PostgreSQL. SKIP LOCKED: two workers take different mails instead of
/// waiting for each other.
pub const CLAIM_UNLOCKED: &str = "UPDATE latchkey_outbox \
    SET attempts = attempts + 1, due_at = $2, leased_at = $1 \
    WHERE id IN (SELECT id FROM latchkey_outbox \
    WHERE state = 'queued' AND rank = $3 AND due_at <= $1 ORDER BY due_at LIMIT $4 \
    FOR UPDATE SKIP LOCKED) \
    RETURNING id, address, payload, attempts, leased_at, expires_at, created_at, request_id, \
    transport, rank";
pub const ENDS: &str = "SELECT \
    (SELECT MIN(due_at) FROM latchkey_outbox WHERE state = 'queued' AND rank = $1), \
    (SELECT MAX(due_at) FROM latchkey_outbox WHERE state = 'queued' AND rank = $1)";
pub const BRING_NEAR: &str = "UPDATE latchkey_outbox SET due_at = $1 \
    WHERE state = 'queued' AND rank = $2 AND due_at > $3";
pub const HOLD: &str = "UPDATE latchkey_outbox \
    SET attempts = attempts + 1, due_at = $2, leased_at = $1 \
    WHERE id = $3 AND state = 'queued' AND attempts = $4 \
    RETURNING id, address, payload, attempts, leased_at, expires_at, created_at, request_id, \
    transport, rank";
pub const TAKE_OVER: &str = "UPDATE latchkey_outbox SET due_at = created_at, leased_at = NULL \
    WHERE state = 'queued' AND rank = $1 AND leased_at IS NOT NULL";
pub const MAIL_OF: &str = "SELECT state, last_error, delayed_by FROM latchkey_outbox \
    WHERE auth_request_id = $1 ORDER BY created_at DESC LIMIT 1";
pub const COUNT_QUEUED: &str = "SELECT transport, COUNT(*), MIN(created_at) \
    FROM latchkey_outbox WHERE state = 'queued' GROUP BY transport";
pub const END_MAIL: &str = "UPDATE latchkey_outbox \
    SET state = $1, payload = NULL, sent_at = $2, last_error = $3, transport = $4, \
    message_id = $5, delayed_by = NULL WHERE id = $6 AND state = 'queued' AND attempts = $7";
pub const DELAY_MAIL: &str = "UPDATE latchkey_outbox \
    SET due_at = $1, leased_at = NULL, last_error = $2, transport = $3, delayed_by = $4 \
    WHERE id = $5 AND state = 'queued' AND attempts = $6";
pub const BIND_MAIL: &str = "UPDATE latchkey_outbox SET transport = $1 \
    WHERE id = $2 AND state = 'queued' AND attempts = $3";
/// Transport of the mail before this one, by whoever asked for it.
pub const EARLIER: &str = "SELECT transport FROM latchkey_outbox \
    WHERE bucket = (SELECT bucket FROM latchkey_outbox WHERE id = $1) \
    AND created_at < $2 AND created_at > $3 AND transport IS NOT NULL \
    ORDER BY created_at DESC LIMIT 1";

impl Store {
    /// Leases up to `limit` due mails: if the worker dies, another takes them. Within each rank,
    /// those that became due first come first.
    pub async fn claim_mails(&self, now: Millis, limit: usize) -> Result<Vec<QueuedMail>, Error> {
        let claim = match self {
            Store::Sqlite { .. } => CLAIM,
            Store::Postgres(_) => CLAIM_UNLOCKED,
        };
        let mut mails: Vec<QueuedMail> = Vec::new();
        for rank in self.ranks_due(now).await? {
            let left = limit.saturating_sub(mails.len());
            if left > 0 {
                let values = values![now, now + LEASE, rank, left as i64];
                mails.extend(self.change::<QueuedMail>(claim, &values).await?);
            }
        }
        Ok(mails)
    }

    /// Returns the ranks that have due mails, by a read: an idle server must not take SQLite's only
    /// writer every second.
    async fn ranks_due(&self, now: Millis) -> Result<Vec<i64>, Error> {
        let mut due = Vec::new();
        for rank in RANKS {
            let (first, last): (Option<Millis>, Option<Millis>) =
                self.one(ENDS, &values![rank]).await?;
            let is_far = last.is_some_and(|last| last > now + FAR);
            if is_far {
                self.execute(BRING_NEAR, &values![now, rank, now + FAR]).await?;
            }
            if is_far || first.is_some_and(|first| first <= now) {
                due.push(rank);
            }
        }
        Ok(due)
    }

    /// Renews the lease of a mail. Returns the mail with its new lease, or `None` if another worker
    /// has it or it has ended.
    pub async fn hold_mail(
        &self,
        mail: &QueuedMail,
        now: Millis,
    ) -> Result<Option<QueuedMail>, Error> {
        let hold = values![now, now + LEASE, &mail.id, mail.attempts];
        Ok(self.change(HOLD, &hold).await?.into_iter().next())
    }

    /// Makes every leased mail due, on SQLite only: a file belongs to one instance, and that has
    /// just started, so nobody else can hold a lease. Returns how many there were.
    pub async fn take_over_leases(&self) -> Result<u64, Error> {
        let Store::Sqlite { .. } = self else { return Ok(0) };
        let mut mails = 0;
        for rank in RANKS {
            mails += self.execute(TAKE_OVER, &values![rank]).await?;
        }
        Ok(mails)
    }

    /// Returns the state of the newest mail of an auth request.
    pub async fn mail_of(&self, auth_request_id: &str) -> Result<Option<MailState>, Error> {
        self.first(MAIL_OF, &values![auth_request_id]).await
    }

    /// Returns how many mails are queued, and when the oldest of them was created, by the transport
    /// that they are bound to; `None` for those that any may send.
    pub async fn queued_mails(&self) -> Result<Vec<(Option<String>, i64, Millis)>, Error> {
        self.all(COUNT_QUEUED, &[]).await
    }

    /// Records how a mail ended and wipes its payload, for the holder of its lease. Returns false,
    /// and writes neither row nor event, if another worker holds the lease.
    pub async fn mail_ended(
        &self,
        lease: Lease<'_>,
        end: MailEnd<'_>,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        let MailEnd { ending, transport, message_id } = end;
        let sent_at = (ending == Ending::Sent).then_some(event.at);
        let (state, why) = (ending.state(), &event.reason);
        let end = values![state, sent_at, why, transport, message_id, lease.id, lease.number];
        self.by_lease(END_MAIL, &end, event).await
    }

    /// Makes a mail due again later, for the holder of its lease. Returns false like `mail_ended`.
    pub async fn mail_delayed(
        &self,
        lease: Lease<'_>,
        delay: Delay<'_>,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        let Delay { due, bound, by } = delay;
        let delay = values![due, &event.reason, bound, by, lease.id, lease.number];
        self.by_lease(DELAY_MAIL, &delay, event).await
    }

    /// Notes, before a mail is sent, the transport that is about to get it: if this process ends
    /// meanwhile, no other transport may. Returns false if another worker holds the lease.
    pub async fn bind_mail(&self, lease: Lease<'_>, transport: &str) -> Result<bool, Error> {
        Ok(self.execute(BIND_MAIL, &values![transport, lease.id, lease.number]).await? > 0)
    }

    /// Returns the transport of the mail that the same asker got before this one, after `since`.
    pub async fn transport_before(
        &self,
        mail: &QueuedMail,
        since: Millis,
    ) -> Result<Option<String>, Error> {
        let before = self.first(EARLIER, &values![&mail.id, mail.created_at, since]).await?;
        Ok(before.map(|(transport,): (String,)| transport))
    }

    async fn by_lease(
        &self,
        write: &'static str,
        values: &[Value<'_>],
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        let both = [Statement::new(write, values), event.insert()];
        Ok(self.execute_and_then(Durability::ProcessEnd, &both).await? > 0)
    }
}
