//! The outbox as operators see and change it.

use sqlx::FromRow;

use super::{
    AuditEvent, Durability, Store,
    outbox::{LEASE, RANKS},
    statement::values,
};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::address::Address,
};

/// A queued mail, waiting or being sent.
#[derive(Clone, Debug, FromRow)]
pub struct WaitingMail {
    pub id: String,
    pub address: Address,
    pub rank: i64,
    pub attempts: i64,
    pub due_at: Millis,
    pub leased_at: Option<Millis>,
    pub created_at: Millis,
    pub expires_at: Millis,
    pub last_error: Option<String>,
    pub request_id: String,
}

impl WaitingMail {
    /// True if a worker is sending it now.
    pub fn is_leased(&self, now: Millis) -> bool {
        self.leased_at.is_some_and(|at| now - at < LEASE)
    }
}

pub const WAITING: &str = "SELECT id, address, rank, attempts, due_at, leased_at, created_at, \
    expires_at, last_error, request_id FROM latchkey_outbox \
    WHERE state = 'queued' AND rank = $1 ORDER BY due_at LIMIT $2";
pub const WAITING_ONE: &str = "SELECT id, address, rank, attempts, due_at, leased_at, created_at, \
    expires_at, last_error, request_id FROM latchkey_outbox WHERE id = $1 AND state = 'queued'";
pub const RETRY: &str = "UPDATE latchkey_outbox SET due_at = created_at WHERE id = $1 \
    AND state = 'queued' AND (leased_at IS NULL OR leased_at < $2)";
pub const RETRY_ALL: &str = "UPDATE latchkey_outbox SET due_at = created_at \
    WHERE rank IN ($1, $2) AND state = 'queued' AND (leased_at IS NULL OR leased_at < $3)";

impl Store {
    /// Returns the queued mails in the order of sending, up to `limit` of each rank.
    pub async fn waiting_mails(&self, limit: i64) -> Result<Vec<WaitingMail>, Error> {
        let mut mails: Vec<WaitingMail> = Vec::new();
        for rank in RANKS {
            mails.extend(self.all::<WaitingMail>(WAITING, &values![rank, limit]).await?);
        }
        Ok(mails)
    }

    /// Returns one queued mail.
    pub async fn waiting_mail(&self, id: &str) -> Result<Option<WaitingMail>, Error> {
        self.first(WAITING_ONE, &values![id]).await
    }

    /// Makes a waiting mail due, unless it is being sent. Returns 1 if it did, else 0.
    pub async fn retry_mail(&self, id: &str, now: Millis) -> Result<u64, Error> {
        self.execute(RETRY, &values![id, now - LEASE]).await
    }

    /// Makes all waiting mails due, except those being sent. If there are any, the event is
    /// recorded with that. Returns how many there were.
    pub async fn retry_mails(&self, now: Millis, event: Option<&AuditEvent>) -> Result<u64, Error> {
        let [first, second] = RANKS;
        self.transaction(Durability::ProcessEnd, None, async |tx| {
            let mails = tx.execute(RETRY_ALL, &values![first, second, now - LEASE]).await?;
            if let Some(event) = event.filter(|_| mails > 0) {
                tx.finish(&[event.insert()]).await?;
            }
            Ok(mails)
        })
        .await
    }
}
