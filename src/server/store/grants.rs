//! Authorization requests of other apps, and the grants that they hold.

use sqlx::FromRow;
use std::sync::LazyLock;

use super::{
    Durability, Store,
    logouts::QUEUE_LOGOUTS,
    statement::{Value, values},
};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::address::Address,
};

/// An authorization request, until its user is back from signing in.
#[derive(Clone, Debug, FromRow)]
pub struct Authorization {
    pub id: String,
    pub app_id: String,
    /// JSON.
    pub parameters: String,
    pub created_at: Millis,
}

/// A grant that begins: a code for a user in a session.
pub struct NewGrant<'a> {
    pub id: &'a str,
    pub app_id: &'a str,
    pub session_id: &'a str,
    pub scopes: &'a str,
    pub nonce: Option<&'a str>,
    /// Empty if the code is a device's, to which no browser brings it.
    pub redirect_uri: &'a str,
    pub challenge: Option<&'a str>,
    pub code_hash: &'a [u8],
    pub code_expires_at: Millis,
    pub at: Millis,
}

impl<'a> NewGrant<'a> {
    /// Returns the values of [`INSERT_GRANT`].
    pub(super) fn values(&self) -> [Value<'a>; 10] {
        values![
            self.id,
            self.app_id,
            self.scopes,
            self.nonce,
            self.redirect_uri,
            self.challenge,
            self.code_hash,
            self.code_expires_at,
            self.at,
            self.session_id,
        ]
    }
}

/// A grant: all that an app was given for a user by one code.
#[derive(Clone, Debug, FromRow)]
pub struct Grant {
    pub id: String,
    pub app_id: String,
    pub user_id: String,
    pub address: Address,
    pub session_id: String,
    /// Session by the id that the app knows: the one that the grant began in.
    pub sid: String,
    pub method: String,
    pub signed_in_at: Millis,
    pub scopes: String,
    pub nonce: Option<String>,
    pub redirect_uri: String,
    pub challenge: Option<String>,
    pub code_expires_at: Millis,
    pub code_used_at: Option<Millis>,
    pub generation: i64,
    pub rotated_at: Option<Millis>,
    pub expires_at: Millis,
    /// End of its session, at the latest.
    pub session_expires_at: Millis,
    /// True unless it, its session or its user's admission has ended.
    pub is_alive: bool,
}

/// Outcome of presenting a refresh token.
#[derive(Debug)]
pub enum Rotated {
    /// The generation whose token is the next: a new one, or the last if the token was presented a
    /// moment ago.
    To(i64),
    /// It was presented before, and long ago: the grant has ended.
    Reused,
    /// There is no such grant any more.
    Gone,
}

/// Columns of a [`Grant`]. It is alive while neither it nor its session was ended, and its user is
/// neither banned nor, if users are Latchkey's own, deleted. `$2` says whose users they are. The row
/// of a session stays as long as a grant of it does: without it there is nothing to end.
fn grant_where(condition: &str) -> String {
    format!(
        "SELECT g.id, g.app_id, g.user_id, g.address, g.session_id, \
         COALESCE(g.sid, g.session_id) AS sid, g.method, g.signed_in_at, g.scopes, g.nonce, \
         g.redirect_uri, g.challenge, g.code_expires_at, g.code_used_at, \
         g.generation, g.rotated_at, g.expires_at, \
         COALESCE(s.expires_at, 0) AS session_expires_at, (g.ended_at IS NULL AND s.id IS NOT NULL AND s.revoked_at IS NULL \
         AND (u.id IS NOT NULL OR NOT $2) AND NOT EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = g.user_id) \
         AND NOT EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = '' \
         AND b.address = g.address)) AS is_alive \
         FROM latchkey_grants g LEFT JOIN latchkey_sessions s ON s.id = g.session_id \
         LEFT JOIN latchkey_users u ON u.id = g.user_id WHERE {condition}"
    )
}

pub static GRANT: LazyLock<String> = LazyLock::new(|| grant_where("g.id = $1"));
pub static GRANT_OF_CODE: LazyLock<String> = LazyLock::new(|| grant_where("g.code_hash = $1"));
pub const INSERT_AUTHORIZATION: &str = "INSERT INTO latchkey_authorizations \
    (id, app_id, parameters, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)";
pub const AUTHORIZATION: &str = "SELECT id, app_id, parameters, created_at \
    FROM latchkey_authorizations WHERE id = $1 AND expires_at > $2";
pub const DELETE_AUTHORIZATION: &str = "DELETE FROM latchkey_authorizations WHERE id = $1";
/// Begins a grant from a session that is alive.
pub const INSERT_GRANT: &str = "INSERT INTO latchkey_grants \
    (id, app_id, user_id, address, session_id, method, signed_in_at, scopes, nonce, redirect_uri, \
    challenge, code_hash, code_expires_at, generation, created_at, expires_at) \
    SELECT $1, $2, user_id, address, id, method, created_at, $3, $4, $5, $6, $7, \
    CAST($8 AS BIGINT), 0, CAST($9 AS BIGINT), CAST($8 AS BIGINT) \
    FROM latchkey_sessions WHERE id = $10 AND revoked_at IS NULL AND token_expires_at > $9";
pub const USE_CODE: &str =
    "UPDATE latchkey_grants SET code_used_at = $1, expires_at = $2 WHERE id = $3";
pub const END_GRANT: &str =
    "UPDATE latchkey_grants SET ended_at = $1 WHERE id = $2 AND ended_at IS NULL";
pub const ROTATE: &str = "UPDATE latchkey_grants \
    SET generation = generation + 1, rotated_at = $1, expires_at = $2 \
    WHERE id = $3 AND generation = $4 AND ended_at IS NULL AND expires_at > $1";
/// Hands what apps hold by a session that is replaced to the one that replaces it: an app that asks
/// for a fresh sign-in must not end what others hold. They last as long as that session, unless
/// their time was over before. Nothing is handed on from a session that has ended.
fn move_grants(of: &str) -> String {
    format!(
        "UPDATE latchkey_grants SET session_id = $1, sid = COALESCE(sid, session_id), \
         expires_at = CASE WHEN expires_at > $2 AND expires_at < $3 THEN $3 ELSE expires_at END \
         WHERE user_id = $4 AND session_id IN \
         (SELECT id FROM latchkey_sessions WHERE {of} AND revoked_at IS NULL)"
    )
}

pub static MOVE_GRANTS: LazyLock<String> = LazyLock::new(|| move_grants("id = $5"));
pub static MOVE_GRANTS_OF_DEVICE: LazyLock<String> =
    LazyLock::new(|| move_grants("user_id = $4 AND device = $5"));
pub const SESSION_OF_SID: &str = "SELECT session_id FROM latchkey_grants \
    WHERE user_id = $1 AND app_id = $2 AND COALESCE(sid, session_id) = $3 \
    ORDER BY created_at DESC LIMIT 1";
pub const CONSENT: &str =
    "SELECT scopes, at FROM latchkey_consents WHERE user_id = $1 AND app_id = $2";
pub const KEEP_CONSENT: &str = "INSERT INTO latchkey_consents (user_id, app_id, scopes, at) \
    VALUES ($1, $2, $3, $4) \
    ON CONFLICT (user_id, app_id) DO UPDATE SET scopes = EXCLUDED.scopes, at = EXCLUDED.at";
/// The apps that hold something of a user, or may ask without a question, and since when.
pub const ACCESS: &str = "SELECT app_id, MAX(at) AS at FROM (\
    SELECT app_id, created_at AS at FROM latchkey_grants \
    WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2 AND code_used_at IS NOT NULL \
    UNION ALL SELECT app_id, at FROM latchkey_consents WHERE user_id = $1) AS access \
    GROUP BY app_id";
pub const DELETE_GRANTS_OF: &str = "DELETE FROM latchkey_grants WHERE user_id = $1 AND app_id = $2";
pub const DELETE_CONSENT: &str = "DELETE FROM latchkey_consents WHERE user_id = $1 AND app_id = $2";
pub const DELETE_GRANTS: &str = "DELETE FROM latchkey_grants WHERE user_id = $1";
pub const DELETE_CONSENTS: &str = "DELETE FROM latchkey_consents WHERE user_id = $1";

impl Store {
    pub async fn keep_authorization(
        &self,
        authorization: &Authorization,
        expires_at: Millis,
    ) -> Result<(), Error> {
        let Authorization { id, app_id, parameters, created_at } = authorization;
        let row = values![id, app_id, parameters, *created_at, expires_at];
        self.execute(INSERT_AUTHORIZATION, &row).await.map(drop)
    }

    /// Returns what an app asked for, if it has not expired.
    pub async fn authorization(
        &self,
        id: &str,
        now: Millis,
    ) -> Result<Option<Authorization>, Error> {
        self.first(AUTHORIZATION, &values![id, now]).await
    }

    /// Begins a grant in a session, and forgets what the app asked for: the answer is given once.
    /// Returns false if the session has ended meanwhile.
    pub async fn begin_grant(
        &self,
        new: &NewGrant<'_>,
        authorization: &str,
    ) -> Result<bool, Error> {
        self.transaction(Durability::PowerCut, None, async |tx| {
            let has_begun = tx.execute(INSERT_GRANT, &new.values()).await? > 0;
            if has_begun {
                tx.execute(DELETE_AUTHORIZATION, &values![authorization]).await?;
            }
            Ok(has_begun)
        })
        .await
    }

    /// Forgets what an app asked for.
    pub async fn delete_authorization(&self, id: &str) -> Result<(), Error> {
        self.execute(DELETE_AUTHORIZATION, &values![id]).await.map(drop)
    }

    /// Uses up a code. `judge` sees the grant and may refuse; a code presented again ends its
    /// grant, and all that was given for it (RFC 6749, 4.1.2). `None` if there is no such code, it
    /// was refused for having been used, or its grant has ended.
    pub async fn use_code(
        &self,
        code_hash: &[u8],
        app_id: &str,
        own_users: bool,
        now: Millis,
        judge: impl Fn(&Grant) -> Option<Millis>,
    ) -> Result<Option<Grant>, Error> {
        let of_code = values![code_hash, own_users];
        let found: Option<Grant> = self.first(&GRANT_OF_CODE, &of_code).await?;
        let Some(found) = found else { return Ok(None) };
        self.transaction(Durability::PowerCut, Some(&found.address), async |tx| {
            let found: Option<Grant> = tx.first(&GRANT_OF_CODE, &of_code).await?;
            let Some(grant) = found.filter(|grant| grant.app_id == app_id) else {
                return Ok(None);
            };
            if grant.code_used_at.is_some() {
                tx.execute(END_GRANT, &values![now, &grant.id]).await?;
                return Ok(None);
            }
            let Some(expires_at) = judge(&grant).filter(|_| grant.is_alive) else {
                return Ok(None);
            };
            tx.execute(USE_CODE, &values![now, expires_at, &grant.id]).await?;
            Ok(Some(grant))
        })
        .await
    }

    /// Returns a grant, alive or not.
    pub async fn grant(&self, id: &str, own_users: bool) -> Result<Option<Grant>, Error> {
        self.first(&GRANT, &values![id, own_users]).await
    }

    /// Takes the refresh token of a generation of a grant, and counts to the next. One that was
    /// taken within `grace` before is answered alike, so that a lost answer locks nobody out; one
    /// that was taken longer ago was stolen, or its successor was, and ends the grant. `known` is
    /// the grant as it was read just now.
    pub async fn rotate(
        &self,
        known: &Grant,
        generation: i64,
        own_users: bool,
        now: Millis,
        grace: Millis,
        expires_at: Millis,
    ) -> Result<Rotated, Error> {
        let id = known.id.as_str();
        // A grant whose session ends in this very moment is counted on and is dead all the same.
        if generation == known.generation {
            let next = values![now, expires_at, id, generation];
            if self.execute_lasting(ROTATE, &next).await? > 0 {
                return Ok(Rotated::To(generation + 1));
            }
        }
        let found = self.grant(id, own_users).await?;
        let Some(grant) = found.filter(|grant| grant.is_alive && grant.expires_at > now) else {
            return Ok(Rotated::Gone);
        };
        let is_last = generation + 1 == grant.generation;
        if is_last && grant.rotated_at.is_some_and(|at| now - at <= grace) {
            return Ok(Rotated::To(grant.generation));
        }
        self.end_grant(id, now).await?;
        Ok(Rotated::Reused)
    }

    /// Ends a grant. Returns false if it had ended before.
    pub async fn end_grant(&self, id: &str, now: Millis) -> Result<bool, Error> {
        Ok(self.execute_lasting(END_GRANT, &values![now, id]).await? > 0)
    }

    /// Returns the apps that have access to a user, each with the time since when.
    pub async fn access(&self, user_id: &str, now: Millis) -> Result<Vec<(String, Millis)>, Error> {
        self.all(ACCESS, &values![user_id, now]).await
    }

    /// Returns the session that an app knows by `sid`.
    pub async fn session_of_sid(
        &self,
        user_id: &str,
        app_id: &str,
        sid: &str,
    ) -> Result<Option<String>, Error> {
        let found: Option<(String,)> =
            self.first(SESSION_OF_SID, &values![user_id, app_id, sid]).await?;
        Ok(found.map(|(session_id,)| session_id))
    }

    /// Ends all that an app holds of a user, queues what it is told of that, and forgets that it may
    /// ask without a question.
    pub async fn end_access(&self, user_id: &str, app_id: &str, now: Millis) -> Result<(), Error> {
        self.transaction(Durability::PowerCut, None, async |tx| {
            tx.execute(QUEUE_LOGOUTS, &values![now, user_id, app_id]).await?;
            tx.execute(DELETE_GRANTS_OF, &values![user_id, app_id]).await?;
            tx.execute(DELETE_CONSENT, &values![user_id, app_id]).await.map(drop)
        })
        .await
    }

    /// Returns the scopes that a user allowed an app, and when, if they did.
    pub async fn consent(
        &self,
        user_id: &str,
        app_id: &str,
    ) -> Result<Option<(String, Millis)>, Error> {
        self.first(CONSENT, &values![user_id, app_id]).await
    }

    pub async fn keep_consent(
        &self,
        user_id: &str,
        app_id: &str,
        scopes: &str,
        now: Millis,
    ) -> Result<(), Error> {
        self.execute(KEEP_CONSENT, &values![user_id, app_id, scopes, now]).await.map(drop)
    }
}
