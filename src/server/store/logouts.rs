//! Sessions that have ended, and which apps are still to be told. Triggers of migration 0004 write
//! the rows when a session is revoked or a user is banned.

use sqlx::FromRow;
use std::sync::LazyLock;

use super::{Store, statement::values};
use crate::server::ground::{
    clock::{MINUTE, Millis, SECOND},
    error::Error,
};

/// A logout that one app is to be told of.
#[derive(Clone, Debug, FromRow)]
pub struct Logout {
    pub id: String,
    pub app_id: String,
    pub user_id: String,
    /// Session, by the id that the app knows.
    pub sid: String,
    /// Number of attempts, this one included; also the number of the lease.
    pub attempts: i64,
    pub created_at: Millis,
}

/// Time for which a worker holds a logout: longer than telling an app may take.
pub const LOGOUT_LEASE: Millis = 15 * SECOND;
/// Longest wait between two attempts.
pub const LAST_WAIT: Millis = 10 * MINUTE;
/// A logout that is due later than any wait allows was queued before the clock was set back, and is
/// due now.
const FAR: Millis = 2 * LAST_WAIT;

pub const APPS_TO_TELL: &str = "SELECT DISTINCT app_id FROM latchkey_logouts WHERE due_at <= $1 \
    UNION SELECT app_id FROM latchkey_logouts WHERE due_at > $2";
fn claim(lock: &str) -> String {
    format!(
        "UPDATE latchkey_logouts SET attempts = attempts + 1, due_at = $2 WHERE id IN \
         (SELECT id FROM latchkey_logouts WHERE app_id = $3 AND (due_at <= $1 OR due_at > $4) \
         ORDER BY due_at LIMIT $5{lock}) RETURNING id, app_id, user_id, sid, attempts, created_at"
    )
}

pub static CLAIM_LOGOUTS: LazyLock<String> = LazyLock::new(|| claim(""));
/// The same for PostgreSQL: instances claim different ones instead of waiting for each other.
pub static CLAIM_LOGOUTS_UNLOCKED: LazyLock<String> =
    LazyLock::new(|| claim(" FOR UPDATE SKIP LOCKED"));
pub const DELAY_LOGOUT: &str =
    "UPDATE latchkey_logouts SET due_at = $1 WHERE id = $2 AND attempts = $3";
pub const DELETE_LOGOUT: &str = "DELETE FROM latchkey_logouts WHERE id = $1 AND attempts = $2";
pub const FORGET_LOGOUTS: &str = "DELETE FROM latchkey_logouts WHERE app_id = $1";
pub const COUNT_LOGOUTS: &str = "SELECT COUNT(*) FROM latchkey_logouts";
/// Queues what an app is told when a user ends its access.
pub const QUEUE_LOGOUTS: &str = "INSERT INTO latchkey_logouts \
    (id, app_id, user_id, sid, attempts, due_at, created_at) \
    SELECT MIN(g.id), g.app_id, g.user_id, COALESCE(g.sid, g.session_id), 0, \
    CAST($1 AS BIGINT), CAST($1 AS BIGINT) \
    FROM latchkey_grants g JOIN latchkey_sessions s ON s.id = g.session_id \
    WHERE g.user_id = $2 AND g.app_id = $3 AND g.code_used_at IS NOT NULL \
    AND s.revoked_at IS NULL GROUP BY g.app_id, g.user_id, COALESCE(g.sid, g.session_id) \
    ON CONFLICT DO NOTHING";

impl Store {
    /// Returns the apps that have to be told of a logout now. A read: an idle server must not take
    /// SQLite's only writer every second.
    pub async fn apps_to_tell(&self, now: Millis) -> Result<Vec<String>, Error> {
        let apps: Vec<(String,)> = self.all(APPS_TO_TELL, &values![now, now + FAR]).await?;
        Ok(apps.into_iter().map(|(app,)| app).collect())
    }

    /// Leases up to `limit` logouts of an app, those that became due first. If the worker dies,
    /// another takes them.
    pub async fn claim_logouts(
        &self,
        app_id: &str,
        now: Millis,
        limit: usize,
    ) -> Result<Vec<Logout>, Error> {
        let claim = match self {
            Store::Sqlite { .. } => &CLAIM_LOGOUTS,
            Store::Postgres(_) => &CLAIM_LOGOUTS_UNLOCKED,
        };
        let values = values![now, now + LOGOUT_LEASE, app_id, now + FAR, limit as i64];
        self.change(claim, &values).await
    }

    /// Forgets a logout, for the holder of its lease.
    pub async fn logout_ended(&self, logout: &Logout) -> Result<(), Error> {
        self.execute(DELETE_LOGOUT, &values![&logout.id, logout.attempts]).await.map(drop)
    }

    /// Forgets all that an app was to be told.
    pub async fn forget_logouts(&self, app_id: &str) -> Result<(), Error> {
        self.execute(FORGET_LOGOUTS, &values![app_id]).await.map(drop)
    }

    /// Makes a logout due again, for the holder of its lease.
    pub async fn logout_delayed(&self, logout: &Logout, due_at: Millis) -> Result<(), Error> {
        self.execute(DELAY_LOGOUT, &values![due_at, &logout.id, logout.attempts]).await.map(drop)
    }

    /// Returns how many logouts apps are still to be told of.
    pub async fn queued_logouts(&self) -> Result<i64, Error> {
        let (queued,) = self.one(COUNT_LOGOUTS, &[]).await?;
        Ok(queued)
    }
}
