//! Sessions and the users they belong to.

use sqlx::FromRow;

use super::{Store, execute, read};
use crate::{error::Error, server::clock::Millis};

pub struct NewSession<'a> {
    pub id: &'a str,
    pub user_agent: &'a str,
    /// The end of it, however much it is used.
    pub expires_at: Millis,
}

/// A session and its user.
#[derive(Clone, Debug, FromRow)]
pub struct SessionRow {
    pub id: String,
    pub user_id: String,
    pub address: String,
    pub user_agent: String,
    pub created_at: Millis,
    pub last_seen_at: Millis,
    pub expires_at: Millis,
}

impl Store {
    /// The session, if it is alive: not revoked, not expired, its user not disabled.
    pub async fn session(&self, id: &str, now: Millis) -> Result<Option<SessionRow>, Error> {
        let alive = "SELECT s.id, s.user_id, u.address, s.user_agent, s.created_at, s.last_seen_at, s.expires_at \
            FROM sessions s JOIN users u ON u.id = s.user_id \
            WHERE s.id = $1 AND s.revoked_at IS NULL AND s.expires_at > $2 AND u.disabled_at IS NULL";
        Ok(read!(self, db => sqlx::query_as(alive).bind(id).bind(now).fetch_optional(db).await?))
    }

    /// Notes that the session is in use.
    pub async fn touch_session(&self, id: &str, now: Millis) -> Result<(), Error> {
        execute!(self, "UPDATE sessions SET last_seen_at = $1 WHERE id = $2 AND last_seen_at < $1", now, id);
        Ok(())
    }

    /// Ends a session.
    pub async fn revoke_session(&self, id: &str, now: Millis) -> Result<(), Error> {
        execute!(self, "UPDATE sessions SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL", now, id);
        Ok(())
    }

    /// Ends every session of a user.
    pub async fn revoke_sessions_of(&self, user_id: &str, now: Millis) -> Result<(), Error> {
        execute!(self, "UPDATE sessions SET revoked_at = $1 WHERE user_id = $2 AND revoked_at IS NULL", now, user_id);
        Ok(())
    }
}
