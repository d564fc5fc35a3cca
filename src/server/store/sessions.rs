//! Sessions and the users they belong to.

use sqlx::FromRow;

use super::{AuditEvent, Durability, Store, Tx, statement::values, trust::distrust};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::address::Address,
};

/// A session and its user.
#[derive(Clone, Debug, FromRow)]
pub struct SessionRow {
    pub id: String,
    pub user_id: String,
    pub address: Address,
    /// Subject of the address in the audit table when the session began.
    pub subject: String,
    pub user_agent: String,
    pub ip_prefix: String,
    pub created_at: Millis,
    pub last_seen_at: Millis,
    pub expires_at: Millis,
}

/// Reads the session with an id, if it is alive: it is not revoked, its last token has not expired,
/// its user is not banned and, if users are Latchkey's own, still exists.
pub const ALIVE: &str = "SELECT s.id, s.user_id, s.address, s.subject, s.user_agent, \
    s.ip_prefix, s.created_at, s.last_seen_at, s.expires_at \
    FROM latchkey_sessions s LEFT JOIN latchkey_users u ON u.id = s.user_id \
    WHERE s.id = $1 AND s.revoked_at IS NULL AND s.token_expires_at > $2 \
    AND (u.id IS NOT NULL OR NOT $3) \
    AND NOT EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = s.user_id) \
    AND NOT EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = '' AND b.address = s.address)";

impl Store {
    /// Returns the session if it is alive.
    pub async fn session(
        &self,
        id: &str,
        own_users: bool,
        now: Millis,
    ) -> Result<Option<SessionRow>, Error> {
        self.first(ALIVE, &values![id, now, own_users]).await
    }

    /// Returns the session, alive or not, as long as its row is kept: at least a week after it
    /// ended, unless its user was deleted.
    pub async fn session_that_began(&self, id: &str) -> Result<Option<SessionRow>, Error> {
        self.first(SESSION, &values![id]).await
    }

    /// Returns how many sessions are alive.
    pub async fn count_sessions(&self, now: Millis) -> Result<i64, Error> {
        let (alive,) = self.one(COUNT_ALIVE, &values![now]).await?;
        Ok(alive)
    }

    /// Records that the session is in use.
    pub async fn touch_session(&self, id: &str, now: Millis) -> Result<(), Error> {
        self.execute(TOUCH, &values![now, id]).await.map(drop)
    }

    /// Records that the session is in use, and when the token just issued for it expires.
    pub async fn prolong_session(
        &self,
        id: &str,
        now: Millis,
        token_expires_at: Millis,
    ) -> Result<(), Error> {
        self.execute(PROLONG, &values![now, token_expires_at, id]).await.map(drop)
    }

    /// Ends the session that asks for it. Its device stays known. Returns false if the session was
    /// no longer alive.
    pub async fn sign_out(
        &self,
        user_id: &str,
        id: &str,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        Ok(self.revoke(REVOKE_ONE, user_id, id, |_| false, event).await? > 0)
    }

    /// Ends another session of a user, and the trust in the user's devices. Returns false if the
    /// session was no longer alive.
    pub async fn revoke_session(
        &self,
        user_id: &str,
        id: &str,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        Ok(self.revoke(REVOKE_ONE, user_id, id, |found| found > 0, event).await? > 0)
    }

    /// Ends every session of a user except `keep`, and the trust in the user's devices. Returns how
    /// many were alive.
    pub async fn revoke_sessions_of(
        &self,
        user_id: &str,
        keep: Option<&str>,
        event: &AuditEvent,
    ) -> Result<u64, Error> {
        self.revoke(REVOKE_OTHERS, user_id, keep.unwrap_or_default(), |_| true, event).await
    }

    async fn revoke(
        &self,
        revoke: &'static str,
        user_id: &str,
        id: &str,
        distrusts: impl Fn(usize) -> bool,
        event: &AuditEvent,
    ) -> Result<u64, Error> {
        self.transaction(Durability::PowerCut, None, async |tx| {
            let ends = tx.revoked(revoke, event.at, user_id, id).await?;
            let alive = ends.iter().filter(|end| **end > event.at).count() as u64;
            let mut statements = Vec::new();
            if distrusts(ends.len()) {
                statements.push(distrust(&event.subject, event.at, user_id));
            }
            if alive > 0 {
                statements.push(event.insert());
            }
            if !statements.is_empty() {
                tx.finish(&statements).await?;
            }
            Ok(alive)
        })
        .await
    }
}

pub const SESSION: &str = "SELECT id, user_id, address, subject, user_agent, ip_prefix, \
    created_at, last_seen_at, expires_at FROM latchkey_sessions WHERE id = $1";
pub const COUNT_ALIVE: &str =
    "SELECT COUNT(*) FROM latchkey_sessions WHERE revoked_at IS NULL AND token_expires_at > $1";
pub const TOUCH: &str =
    "UPDATE latchkey_sessions SET last_seen_at = $1 WHERE id = $2 AND last_seen_at < $1";
/// Two tabs may do this at once; the later expiry wins.
pub const PROLONG: &str = "UPDATE latchkey_sessions SET last_seen_at = $1, \
    token_expires_at = CASE WHEN token_expires_at < $2 THEN $2 ELSE token_expires_at END \
    WHERE id = $3";
pub const REVOKE_ONE: &str = "UPDATE latchkey_sessions SET revoked_at = $1 \
    WHERE user_id = $2 AND id = $3 AND revoked_at IS NULL RETURNING token_expires_at";
pub const REVOKE_OTHERS: &str = "UPDATE latchkey_sessions SET revoked_at = $1 \
    WHERE user_id = $2 AND id <> $3 AND revoked_at IS NULL RETURNING token_expires_at";

impl Tx {
    /// Revokes sessions by one of the statements above. Returns when the last token of each expires
    /// or expired.
    pub async fn revoked(
        &mut self,
        revoke: &'static str,
        now: Millis,
        user_id: &str,
        id: &str,
    ) -> Result<Vec<Millis>, Error> {
        let ends: Vec<(Millis,)> = self.all(revoke, &values![now, user_id, id]).await?;
        Ok(ends.into_iter().map(|(end,)| end).collect())
    }
}
