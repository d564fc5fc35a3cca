//! Sessions and the users they belong to.

use sqlx::FromRow;

use super::{
    AuditEvent, Durability, NewMail, Store, Tx,
    statement::{Statement, values},
    trust::distrust,
};
use crate::server::ground::{clock::Millis, error::Error};

pub struct NewSession<'a> {
    pub id: &'a str,
    pub device: &'a str,
    pub user_agent: &'a str,
    pub ip_prefix: &'a str,
    /// The end of its first token.
    pub token_expires_at: Millis,
    /// The end of it, however much it is used.
    pub expires_at: Millis,
    /// The one the same browser presented, and the event of its end.
    pub replaces: Option<(&'a str, &'a AuditEvent)>,
    /// The end of another that its device has, if it may have one.
    pub replaces_of_device: Option<&'a AuditEvent>,
    /// What is noted of its beginning.
    pub events: &'a [AuditEvent; 2],
    /// A mail that tells the user of it, unless it is the first of a new one.
    pub notice: Option<NewMail<'a>>,
}

/// A session and its user.
#[derive(Clone, Debug, FromRow)]
pub struct SessionRow {
    pub id: String,
    pub user_id: String,
    pub address: String,
    /// What the address is called in the audit table, or was when the session began.
    pub subject: String,
    pub user_agent: String,
    pub ip_prefix: String,
    pub created_at: Millis,
    pub last_seen_at: Millis,
    pub expires_at: Millis,
}

/// The session with an id, if it is alive: not revoked, its last token not expired, its user
/// neither banned nor, where users are our own, gone.
pub const ALIVE: &str = "SELECT s.id, s.user_id, s.address, s.subject, s.user_agent, \
    s.ip_prefix, s.created_at, s.last_seen_at, s.expires_at \
    FROM latchkey_sessions s LEFT JOIN latchkey_users u ON u.id = s.user_id \
    WHERE s.id = $1 AND s.revoked_at IS NULL AND s.token_expires_at > $2 \
    AND (u.id IS NOT NULL OR NOT $3) \
    AND NOT EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = s.user_id) \
    AND NOT EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = '' AND b.address = s.address)";

impl Store {
    /// The session, if it is alive.
    pub async fn session(
        &self,
        id: &str,
        own_users: bool,
        now: Millis,
    ) -> Result<Option<SessionRow>, Error> {
        self.first(ALIVE, &values![id, now, own_users]).await
    }

    /// The session, alive or not, as long as its row is kept: a week after it ended at least.
    pub async fn session_that_began(&self, id: &str) -> Result<Option<SessionRow>, Error> {
        self.first(SESSION, &values![id]).await
    }

    /// How many sessions are alive.
    pub async fn count_sessions(&self, now: Millis) -> Result<i64, Error> {
        let (alive,) = self.one(COUNT_ALIVE, &values![now]).await?;
        Ok(alive)
    }

    /// Notes that the session is in use.
    pub async fn touch_session(&self, id: &str, now: Millis) -> Result<(), Error> {
        self.execute(TOUCH, &values![now, id]).await.map(drop)
    }

    /// Notes that the session is in use, and that a token was issued for it that ends then.
    pub async fn prolong_session(
        &self,
        id: &str,
        now: Millis,
        token_expires_at: Millis,
    ) -> Result<(), Error> {
        self.execute(PROLONG, &values![now, token_expires_at, id]).await.map(drop)
    }

    /// Ends the session that asks for it: its device is known from then on as before. Whether it
    /// was alive.
    pub async fn sign_out(
        &self,
        user_id: &str,
        id: &str,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        Ok(self.revoke(REVOKE_ONE, user_id, id, |_| false, event).await? > 0)
    }

    /// Ends another session of a user, and the trust in their devices. Whether it was alive.
    pub async fn revoke_session(
        &self,
        user_id: &str,
        id: &str,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        Ok(self.revoke(REVOKE_ONE, user_id, id, |found| found > 0, event).await? > 0)
    }

    /// Ends every session of a user, but for the one to keep, and the trust in their devices. How
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
/// Two tabs do this at once; the later end counts.
pub const PROLONG: &str = "UPDATE latchkey_sessions SET last_seen_at = $1, token_expires_at = $2 \
    WHERE id = $3 AND token_expires_at < $2";
pub const REVOKE_ONE: &str = "UPDATE latchkey_sessions SET revoked_at = $1 \
    WHERE user_id = $2 AND id = $3 AND revoked_at IS NULL RETURNING token_expires_at";
pub const REVOKE_OTHERS: &str = "UPDATE latchkey_sessions SET revoked_at = $1 \
    WHERE user_id = $2 AND id <> $3 AND revoked_at IS NULL RETURNING token_expires_at";

pub const INSERT_SESSION: &str = "INSERT INTO latchkey_sessions \
    (id, user_id, address, subject, device, user_agent, ip_prefix, created_at, last_seen_at, \
    token_expires_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10)";
pub const END_REQUESTS: &str = "UPDATE latchkey_auth_requests SET ended_at = $1, \
    ended_by = CASE WHEN id = $2 THEN 'signed_in' ELSE 'superseded' END \
    WHERE address = $3 AND ended_at IS NULL";
pub const REVOKE_REPLACED: &str =
    "UPDATE latchkey_sessions SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
pub const REVOKE_OF_DEVICE: &str = "UPDATE latchkey_sessions SET revoked_at = $1 \
    WHERE user_id = $2 AND device = $3 AND revoked_at IS NULL AND token_expires_at > $1";

pub const INSERT_USER: &str =
    "INSERT INTO latchkey_users (id, address, created_at) VALUES ($1, $2, $3)";

/// A session about to begin, and who it is of.
pub struct Beginning<'a> {
    pub session: &'a NewSession<'a>,
    pub user_id: &'a str,
    pub address: &'a str,
    pub now: Millis,
    /// The auth request it comes of; empty when a password did it.
    pub request_id: &'a str,
    pub is_new: bool,
}

impl Tx {
    /// Revokes sessions by one of the statements above: when the last token of each ends, or did.
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

    /// Writes a session, and its user if that is new. What ends with its beginning: the ones the
    /// same browser had, and every auth request of the address, the one it came of among them.
    pub async fn begin_session(&mut self, beginning: &Beginning<'_>) -> Result<(), Error> {
        let Beginning { session, user_id, address, now, request_id, is_new } = *beginning;
        if let Some((replaced, event)) = session.replaces
            && self.execute(REVOKE_REPLACED, &values![now, replaced]).await? > 0
        {
            self.run(&[event.insert()]).await?;
        }
        if let Some(event) = session.replaces_of_device {
            let revoke = values![now, user_id, session.device];
            if self.execute(REVOKE_OF_DEVICE, &revoke).await? > 0 {
                self.run(&[event.insert_of(Some(user_id))]).await?;
            }
        }
        let [verified, issued] = session.events;
        let mut statements = vec![Statement::new(END_REQUESTS, values![now, request_id, address])];
        if is_new {
            statements.push(Statement::new(INSERT_USER, values![user_id, address, now]));
        } else if let Some(notice) = &session.notice {
            statements.push(notice.insert(address, issued));
        }
        let insert = values![
            session.id,
            user_id,
            address,
            &issued.subject,
            session.device,
            session.user_agent,
            session.ip_prefix,
            now,
            session.token_expires_at,
            session.expires_at,
        ];
        statements.push(Statement::new(INSERT_SESSION, insert));
        statements.push(verified.insert_of(Some(user_id)));
        statements.push(issued.insert_of(Some(user_id)));
        self.finish(&statements).await
    }
}
