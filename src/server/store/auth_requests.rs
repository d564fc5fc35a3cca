//! Auth requests and the credentials they were mailed with.

use sqlx::FromRow;

use super::{LockAddress, NewMail, NewSession, Store, read, returning, write};
use crate::{error::Error, server::clock::Millis};

/// One attempt to sign in.
#[derive(Clone, Debug, FromRow)]
pub struct AuthRequest {
    pub id: String,
    pub address: String,
    pub mode: String,
    pub destination: String,
    pub user_agent: String,
    pub created_at: Millis,
    pub expires_at: Millis,
    /// Which of its credentials is the newest.
    pub generation: i64,
    pub code_salt: Vec<u8>,
    pub code_tries: i64,
    pub last_mail_at: Millis,
    pub ended_at: Option<Millis>,
    ended_by: Option<String>,
}

/// What ended an auth request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Link or code were used.
    SignedIn,
    /// The same browser asked again, or a sign-in of the same address succeeded elsewhere.
    Superseded,
}

impl AuthRequest {
    /// What ended it, if anything has.
    pub fn ended(&self) -> Option<Ended> {
        self.ended_at?;
        match self.ended_by.as_deref() {
            Some("signed_in") => Some(Ended::SignedIn),
            _ => Some(Ended::Superseded),
        }
    }
}

pub struct NewAuthRequest<'a> {
    pub id: &'a str,
    pub address: &'a str,
    pub mode: &'a str,
    pub destination: &'a str,
    pub user_agent: &'a str,
    pub code_salt: &'a [u8],
    pub expires_at: Millis,
    /// Ids this browser holds: those for the same address are superseded.
    pub held: &'a [String],
}

/// The hashes of one generation of link token and code.
#[derive(Clone, Debug, FromRow)]
pub struct Credential {
    pub generation: i64,
    pub link_hash: Vec<u8>,
    pub code_hash: Vec<u8>,
}

/// What became of an auth request whose link or code was right.
#[derive(Debug, PartialEq, Eq)]
pub enum Completed {
    SignedIn {
        user_id: String,
    },
    /// It had ended meanwhile: somebody was faster.
    Late,
    /// The user is disabled: used up, and no session.
    Disabled,
}

impl Store {
    /// Writes an auth request, its credential and its mail, all or nothing. `allow` sees when mails were queued for
    /// the address, newest first, and may refuse.
    pub async fn start(
        &self,
        new: &NewAuthRequest<'_>,
        credential: &Credential,
        mail: &NewMail<'_>,
        now: Millis,
        allow: impl Fn(&[Millis]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        write!(self, tx => {
            tx.lock_address(new.address).await?;
            allow(&queued_at!(tx, new.address, now))?;
            for id in new.held {
                sqlx::query("UPDATE auth_requests SET ended_at = $1, ended_by = 'superseded' WHERE id = $2 AND address = $3 AND ended_at IS NULL")
                    .bind(now).bind(id).bind(new.address).execute(&mut *tx).await?;
            }
            sqlx::query("INSERT INTO auth_requests (id, address, mode, destination, user_agent, created_at, expires_at, generation, code_salt, code_tries, last_mail_at) \
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $6)")
                .bind(new.id).bind(new.address).bind(new.mode).bind(new.destination).bind(new.user_agent)
                .bind(now).bind(new.expires_at).bind(credential.generation).bind(new.code_salt)
                .execute(&mut *tx).await?;
            insert_credential!(tx, new.id, credential);
            insert_mail!(tx, new.address, mail, now);
        });
        Ok(())
    }

    /// Gives a pending auth request its next credential and mail, all or nothing. `allow` sees the request as it is
    /// and when mails were queued for its address. Nothing when there is no such request.
    pub async fn renew(
        &self,
        id: &str,
        credential: &Credential,
        mail: &NewMail<'_>,
        now: Millis,
        allow: impl Fn(&AuthRequest, &[Millis]) -> Result<(), Error>,
    ) -> Result<Option<()>, Error> {
        write!(self, tx => {
            let address: Option<String> = sqlx::query_scalar("SELECT address FROM auth_requests WHERE id = $1")
                .bind(id).fetch_optional(&mut *tx).await?;
            let Some(address) = address else { return Ok(None) };
            tx.lock_address(&address).await?;
            let request: AuthRequest = sqlx::query_as("SELECT * FROM auth_requests WHERE id = $1").bind(id).fetch_one(&mut *tx).await?;
            if request.generation + 1 != credential.generation {
                return Err(Error::RateLimited { retry_after: 1 }); // another resend was faster
            }
            allow(&request, &queued_at!(tx, &address, now))?;
            sqlx::query("UPDATE auth_requests SET generation = $1, expires_at = $2, last_mail_at = $3 WHERE id = $4")
                .bind(credential.generation).bind(mail.expires_at).bind(now).bind(id)
                .execute(&mut *tx).await?;
            insert_credential!(tx, id, credential);
            insert_mail!(tx, &address, mail, now);
        });
        Ok(Some(()))
    }

    pub async fn auth_request(&self, id: &str) -> Result<Option<AuthRequest>, Error> {
        Ok(read!(self, db => sqlx::query_as("SELECT * FROM auth_requests WHERE id = $1").bind(id).fetch_optional(db).await?))
    }

    /// The auth request that a link token with this hash was made for, and its generation then.
    pub async fn auth_request_of_link(&self, link_hash: &[u8]) -> Result<Option<(AuthRequest, i64)>, Error> {
        let found: Option<(String, i64)> = read!(self, db => {
            sqlx::query_as("SELECT auth_request_id, generation FROM auth_credentials WHERE link_hash = $1")
                .bind(link_hash).fetch_optional(db).await?
        });
        let Some((id, generation)) = found else { return Ok(None) };
        Ok(self.auth_request(&id).await?.map(|request| (request, generation)))
    }

    /// Every credential of an auth request, newest first.
    pub async fn credentials(&self, id: &str) -> Result<Vec<Credential>, Error> {
        Ok(read!(self, db => {
            sqlx::query_as("SELECT generation, link_hash, code_hash FROM auth_credentials WHERE auth_request_id = $1 ORDER BY generation DESC")
                .bind(id).fetch_all(db).await?
        }))
    }

    /// Takes one of the tries of a pending auth request, before the code is looked at: whatever happens next, it is
    /// spent. Nothing when the request is not pending or has no try left.
    pub async fn spend_try(&self, id: &str, tries: u32, now: Millis) -> Result<Option<AuthRequest>, Error> {
        let spend = "UPDATE auth_requests SET code_tries = code_tries + 1 \
            WHERE id = $1 AND ended_at IS NULL AND expires_at > $2 AND code_tries < $3 RETURNING *";
        Ok(returning!(self, db => sqlx::query_as(spend).bind(id).bind(now).bind(i64::from(tries)).fetch_optional(db).await?))
    }

    /// The one step in which a right link or code becomes a session: the auth request ends if it is still pending,
    /// with every other of its address; the user is found or made; the session this browser had before is revoked.
    pub async fn complete(
        &self,
        request: &AuthRequest,
        user_id: &str,
        session: &NewSession<'_>,
        replaces: Option<&str>,
        now: Millis,
    ) -> Result<Completed, Error> {
        Ok(write!(self, tx => {
            tx.lock_address(&request.address).await?;
            let ended = sqlx::query("UPDATE auth_requests SET ended_at = $1, ended_by = 'signed_in' \
                WHERE id = $2 AND generation = $3 AND ended_at IS NULL AND expires_at > $1")
                .bind(now).bind(&request.id).bind(request.generation).execute(&mut *tx).await?;
            if ended.rows_affected() == 0 {
                return Ok(Completed::Late);
            }
            sqlx::query("UPDATE auth_requests SET ended_at = $1, ended_by = 'superseded' WHERE address = $2 AND ended_at IS NULL")
                .bind(now).bind(&request.address).execute(&mut *tx).await?;
            // The update that changes nothing makes an existing row come back too.
            let (user_id, disabled_at): (String, Option<Millis>) = sqlx::query_as(
                "INSERT INTO users (id, address, created_at) VALUES ($1, $2, $3) \
                 ON CONFLICT (address) DO UPDATE SET address = excluded.address RETURNING id, disabled_at")
                .bind(user_id).bind(&request.address).bind(now).fetch_one(&mut *tx).await?;
            if disabled_at.is_some() {
                Completed::Disabled
            } else {
                if let Some(replaced) = replaces {
                    sqlx::query("UPDATE sessions SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL")
                        .bind(now).bind(replaced).execute(&mut *tx).await?;
                }
                sqlx::query("INSERT INTO sessions (id, user_id, user_agent, created_at, last_seen_at, expires_at) VALUES ($1, $2, $3, $4, $4, $5)")
                    .bind(session.id).bind(&user_id).bind(session.user_agent).bind(now).bind(session.expires_at)
                    .execute(&mut *tx).await?;
                Completed::SignedIn { user_id }
            }
        }))
    }
}

/// When mails were queued for an address in the last hour, newest first.
macro_rules! queued_at {
    ($tx:ident, $address:expr, $now:expr) => {{
        let times: Vec<Millis> = sqlx::query_scalar(
            "SELECT created_at FROM outbox WHERE address = $1 AND created_at > $2 ORDER BY created_at DESC LIMIT 1000",
        )
        .bind($address)
        .bind($now - $crate::server::clock::HOUR)
        .fetch_all(&mut *$tx)
        .await?;
        times
    }};
}

macro_rules! insert_credential {
    ($tx:ident, $id:expr, $credential:expr) => {
        sqlx::query("INSERT INTO auth_credentials (auth_request_id, generation, link_hash, code_hash) VALUES ($1, $2, $3, $4)")
            .bind($id)
            .bind($credential.generation)
            .bind(&$credential.link_hash)
            .bind(&$credential.code_hash)
            .execute(&mut *$tx)
            .await?
    };
}

macro_rules! insert_mail {
    ($tx:ident, $address:expr, $mail:expr, $now:expr) => {
        sqlx::query(
            "INSERT INTO outbox (id, auth_request_id, address, state, payload, attempts, due_at, created_at, expires_at) \
            VALUES ($1, $2, $3, 'queued', $4, 0, $5, $5, $6)",
        )
        .bind($mail.id)
        .bind($mail.auth_request_id)
        .bind($address)
        .bind($mail.payload)
        .bind($now)
        .bind($mail.expires_at)
        .execute(&mut *$tx)
        .await?
    };
}
use {insert_credential, insert_mail, queued_at};
