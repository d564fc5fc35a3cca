//! Auth requests and the credentials they were mailed with.

use sqlx::FromRow;
use std::sync::LazyLock;

use super::{AuditEvent, INSERT_MAIL, NewMail, Store, Taken, finish, read, write};
use crate::server::ground::{clock::Millis, error::Error};

/// One attempt to sign in.
#[derive(Clone, Debug, FromRow)]
pub struct AuthRequest {
    pub id: String,
    pub address: String,
    pub mode: String,
    pub template: String,
    pub destination: String,
    /// The caller's own, given back to it.
    pub state: Option<String>,
    /// Where links lead instead of here.
    pub link_base: Option<String>,
    /// JSON.
    pub variables: String,
    pub user_agent: String,
    pub ip_prefix: String,
    pub created_at: Millis,
    pub expires_at: Millis,
    /// Which of its credentials is the newest.
    pub generation: i64,
    pub code_salt: Vec<u8>,
    pub code_tries: i64,
    /// Seconds that each of its credentials lives.
    pub expires_in: i64,
    pub last_mail_at: Millis,
    unlocks: i64,
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
    /// The owner of the address said that it was not them.
    Cancelled,
}

impl AuthRequest {
    /// Whether its code is switched off: every one of its tries is spent.
    pub fn is_switched_off(&self, tries: u32) -> bool {
        self.code_tries >= i64::from(tries)
    }

    /// Whether its newest mail carries a link in place of codes that are paused or switched off.
    pub fn unlocks(&self) -> bool {
        self.unlocks != 0
    }

    /// What ended it, if anything has.
    pub fn ended(&self) -> Option<Ended> {
        self.ended_at?;
        match self.ended_by.as_deref() {
            Some("signed_in") => Some(Ended::SignedIn),
            Some("cancelled") => Some(Ended::Cancelled),
            _ => Some(Ended::Superseded),
        }
    }
}

pub struct NewAuthRequest<'a> {
    pub id: &'a str,
    pub address: &'a str,
    pub mode: &'a str,
    pub template: &'a str,
    pub destination: &'a str,
    pub state: Option<&'a str>,
    pub link_base: Option<&'a str>,
    pub variables: &'a str,
    pub user_agent: &'a str,
    pub ip_prefix: &'a str,
    pub code_salt: &'a [u8],
    pub expires_in: i64,
    pub unlocks: bool,
    /// Ids this browser holds: those for the same address are superseded.
    pub held: &'a [String],
}

/// What the next mail of an auth request is sent on.
pub struct NewTerms<'a> {
    pub mode: &'a str,
    pub link_base: Option<&'a str>,
    pub expires_in: i64,
    pub unlocks: bool,
}

/// The hashes of one generation of link token and code.
#[derive(Clone, Debug)]
pub struct Credential {
    pub generation: i64,
    pub link_hash: Vec<u8>,
    pub code_hash: String,
    pub expires_at: Millis,
}

/// A credential, whatever its state, and the auth request it was mailed for.
#[derive(Debug, FromRow)]
pub struct Origin {
    #[sqlx(flatten)]
    pub request: AuthRequest,
    #[sqlx(rename = "credential_generation")]
    pub generation: i64,
    pub code_hash: String,
    #[sqlx(rename = "credential_expires_at")]
    pub expires_at: Millis,
}

/// What an [`AuthRequest`] is read of. Not `*`: a statement that a newer version's migration gives
/// another column fails once on each connection of the version before.
pub(super) const COLUMNS: &str = "r.id, r.address, r.mode, r.template, r.destination, r.state, \
    r.link_base, r.variables, r.user_agent, r.ip_prefix, r.created_at, r.expires_at, \
    r.generation, r.code_salt, r.code_tries, r.expires_in, r.last_mail_at, r.unlocks, r.ended_at, r.ended_by";

pub static BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS} FROM latchkey_auth_requests r WHERE r.id = $1"));
pub static ORIGIN_OF_LINK: LazyLock<String> =
    LazyLock::new(|| format!("{} WHERE c.link_hash = $1", origin()));
pub static ORIGINS_OF_CODE: LazyLock<String> = LazyLock::new(|| {
    let of = "WHERE c.auth_request_id IN ($1, $2, $3, $4, $5) ORDER BY c.generation DESC";
    format!("{} {of}", origin())
});

fn origin() -> String {
    format!(
        "SELECT {COLUMNS}, c.generation AS credential_generation, c.code_hash, \
         c.expires_at AS credential_expires_at \
         FROM latchkey_auth_credentials c \
         JOIN latchkey_auth_requests r ON r.id = c.auth_request_id"
    )
}

impl Store {
    /// Writes an auth request, its credential, its mail and the event, all or nothing. `allow` sees
    /// the mails queued in the bucket, newest first, and may refuse.
    pub async fn start(
        &self,
        new: &NewAuthRequest<'_>,
        credential: &Credential,
        mail: &NewMail<'_>,
        event: &AuditEvent,
        allow: impl Fn(&[Taken]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        write!(self, of new.address, tx => {
                   let now = event.at;
                   allow(&queued!(tx, mail.bucket, now))?;
                   for id in new.held {
                       sqlx::query("UPDATE latchkey_auth_requests SET ended_at = $1, ended_by = 'superseded' WHERE id = $2 AND address = $3 AND ended_at IS NULL")
                           .bind(now).bind(id).bind(new.address).execute(&mut *tx).await?;
                   }
                   finish!(
                       tx,
                       "INSERT INTO latchkey_auth_requests (id, address, mode, template, destination, state, link_base, variables, \
                           user_agent, ip_prefix, created_at, expires_at, generation, code_salt, code_tries, expires_in, last_mail_at, unlocks) \
                           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, $11, $16)"
                           => [
                               new.id, new.address, new.mode, new.template, new.destination, new.state, new.link_base, new.variables,
                               new.user_agent, new.ip_prefix, now, credential.expires_at, credential.generation, new.code_salt,
                               new.expires_in, i64::from(new.unlocks),
                           ],
                       INSERT_CREDENTIAL
                           => [new.id, credential.generation, &credential.link_hash, &credential.code_hash, credential.expires_at],
                       INSERT_MAIL => [
        mail.id, mail.auth_request_id, new.address, mail.bucket, mail.rank, mail.payload, mail.attempts(), mail.due_at(event.at),
        mail.leased_at(event.at), event.at, mail.expires_at, &event.request_id,
        ];
                       note event, &event.user_id
                   );
               });
        Ok(())
    }

    /// Gives a pending auth request its next credential and mail, and notes the event, all or
    /// nothing. `allow` sees the request as it is and the mails queued in the bucket. Nothing when
    /// there is no such request.
    pub async fn renew(
        &self,
        id: &str,
        terms: &NewTerms<'_>,
        credential: &Credential,
        mail: &NewMail<'_>,
        event: &AuditEvent,
        allow: impl Fn(&AuthRequest, &[Taken]) -> Result<(), Error>,
    ) -> Result<Option<()>, Error> {
        let of = "SELECT address FROM latchkey_auth_requests WHERE id = $1";
        let address: Option<String> =
            read!(self, db => sqlx::query_scalar(of).bind(id).fetch_optional(db).await?);
        let Some(address) = address else { return Ok(None) };
        Ok(write!(self, of &address, tx => {
                   let request: AuthRequest = sqlx::query_as(BY_ID.as_str()).bind(id).fetch_one(&mut *tx).await?;
                   if request.generation + 1 != credential.generation {
                       return Err(Error::RateLimited { retry_after: 1 }); // another resend was faster
                   }
                   allow(&request, &queued!(tx, mail.bucket, event.at))?;
                   finish!(
                       tx,
                       "UPDATE latchkey_auth_requests SET generation = $1, expires_at = $2, last_mail_at = $3, mode = $4, link_base = $5, \
                           expires_in = $6, unlocks = $7 WHERE id = $8"
                           => [
                               credential.generation, mail.expires_at, event.at, terms.mode, terms.link_base, terms.expires_in,
                               i64::from(terms.unlocks), id,
                           ],
                       INSERT_CREDENTIAL
                           => [id, credential.generation, &credential.link_hash, &credential.code_hash, credential.expires_at],
                       INSERT_MAIL => [
        mail.id, mail.auth_request_id, &address, mail.bucket, mail.rank, mail.payload, mail.attempts(), mail.due_at(event.at),
        mail.leased_at(event.at), event.at, mail.expires_at, &event.request_id,
        ];
                       note event, &event.user_id
                   );
                   Some(())
               }))
    }

    pub async fn auth_request(&self, id: &str) -> Result<Option<AuthRequest>, Error> {
        Ok(read!(self, db => sqlx::query_as(BY_ID.as_str()).bind(id).fetch_optional(db).await?))
    }

    /// What a link token with this hash was made for.
    pub async fn origin_of_link(&self, link_hash: &[u8]) -> Result<Option<Origin>, Error> {
        let origin = ORIGIN_OF_LINK.as_str();
        Ok(read!(self, db => sqlx::query_as(origin).bind(link_hash).fetch_optional(db).await?))
    }

    /// Every credential of an auth request and of up to four others, newest first.
    pub async fn origins_of_code(&self, id: &str, others: &[String]) -> Result<Vec<Origin>, Error> {
        let origins = ORIGINS_OF_CODE.as_str();
        let other = |n| others.get(n).map_or(id, String::as_str);
        Ok(read!(self, db => {
            let origins = sqlx::query_as(origins).bind(id).bind(other(0)).bind(other(1));
            origins.bind(other(2)).bind(other(3)).fetch_all(db).await?
        }))
    }

    /// Ends an auth request for good, and notes the event. Whether it was pending.
    pub async fn cancel(&self, id: &str, address: &str, event: &AuditEvent) -> Result<bool, Error> {
        Ok(write!(self, of address, tx => {
            let cancel = "UPDATE latchkey_auth_requests SET ended_at = $1, ended_by = 'cancelled' \
                WHERE id = $2 AND ended_at IS NULL AND expires_at > $1";
            let cancelled = sqlx::query(cancel).bind(event.at).bind(id).execute(&mut *tx).await?.rows_affected();
            if cancelled > 0 {
                finish!(tx; note event, &event.user_id);
            }
            cancelled > 0
        }))
    }
}

/// The mails queued in a bucket in the last hour, newest first, each with the network that began
/// its request.
macro_rules! queued {
    ($tx:ident, $bucket:expr, $now:expr) => {{
        let mails: Vec<Taken> = sqlx::query_as(
            "SELECT o.created_at AS at, COALESCE(r.ip_prefix, '') AS network FROM latchkey_outbox o \
             LEFT JOIN latchkey_auth_requests r ON r.id = o.auth_request_id \
             WHERE o.bucket = $1 AND o.created_at > $2 ORDER BY o.created_at DESC LIMIT 1000",
        )
        .bind($bucket)
        .bind($now - $crate::server::ground::clock::HOUR)
        .fetch_all(&mut *$tx)
        .await?;
        mails
    }};
}

const INSERT_CREDENTIAL: &str = "INSERT INTO latchkey_auth_credentials (auth_request_id, generation, link_hash, code_hash, expires_at) \
    VALUES ($1, $2, $3, $4, $5)";

use queued;
