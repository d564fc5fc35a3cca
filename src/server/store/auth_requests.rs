//! Auth requests and the credentials that were mailed for them.

use sqlx::FromRow;
use std::sync::LazyLock;

use super::{
    AuditEvent, Counted, Durability, FailedTry, NewMail, RequestJudge, Store, Taken, Tx, Verdict,
    statement::{Statement, values},
    users::failed_tries,
};
use crate::server::{
    ground::{
        clock::{HOUR, Millis},
        error::Error,
    },
    values::address::Address,
};

/// One attempt to sign in.
#[derive(Clone, Debug, FromRow)]
pub struct AuthRequest {
    pub id: String,
    pub address: Address,
    pub mode: String,
    pub template: String,
    pub destination: String,
    /// State of the caller's own, returned to it unchanged.
    pub state: Option<String>,
    /// Base URL that links point to instead of this server.
    pub link_base: Option<String>,
    /// JSON.
    pub variables: String,
    pub user_agent: String,
    pub ip_prefix: String,
    pub created_at: Millis,
    pub expires_at: Millis,
    /// Number of its newest credential.
    pub generation: i64,
    pub code_salt: Vec<u8>,
    pub code_tries: i64,
    /// Lifetime of each of its credentials, in seconds.
    pub expires_in: i64,
    pub last_mail_at: Millis,
    unlocks: i64,
    /// Number that the waiting window shows, to be typed where the link is opened.
    pub match_number: Option<i64>,
    /// Time at which that number was typed.
    pub matched_at: Option<Millis>,
    pub ended_at: Option<Millis>,
    ended_by: Option<String>,
}

/// Reason why an auth request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The link or the code was used.
    SignedIn,
    /// The same browser asked again, or a sign-in with the same address succeeded elsewhere.
    Superseded,
    /// The owner of the address said that it was not them, or typed a wrong number where the link
    /// was opened.
    Cancelled,
}

impl AuthRequest {
    /// True if all tries of its code are used up, which switches the code off.
    pub fn is_switched_off(&self, tries: u32) -> bool {
        self.code_tries >= i64::from(tries)
    }

    /// True if its newest mail carries a link in place of codes that are paused or switched off.
    pub fn unlocks(&self) -> bool {
        self.unlocks != 0
    }

    /// Returns what ended it, or `None` if it has not ended.
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
    pub address: &'a Address,
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
    /// Number for the waiting window to show, unless another window for the address shows it.
    pub match_number: Option<i64>,
    /// Auth request ids this browser holds: those for the same address are superseded.
    pub held: &'a [String],
}

/// Terms of the next mail of an auth request.
pub struct NewTerms<'a> {
    pub mode: &'a str,
    pub link_base: Option<&'a str>,
    pub expires_in: i64,
    pub unlocks: bool,
}

/// Hashes of one generation of link token and code.
#[derive(Clone, Debug)]
pub struct Credential {
    pub generation: i64,
    pub link_hash: Vec<u8>,
    pub code_hash: String,
    pub expires_at: Millis,
}

/// A credential, whatever its state, and the auth request it was mailed for.
#[derive(Debug, FromRow)]
pub struct MailedCredential {
    #[sqlx(flatten)]
    pub request: AuthRequest,
    #[sqlx(rename = "credential_generation")]
    pub generation: i64,
    pub code_hash: String,
    #[sqlx(rename = "credential_expires_at")]
    pub expires_at: Millis,
}

/// Columns that an [`AuthRequest`] is read from. Not `*`: once the migration of a newer version
/// adds a column, a statement with `*` fails once on each connection of the older version.
pub(super) const COLUMNS: &str = "r.id, r.address, r.mode, r.template, r.destination, r.state, \
    r.link_base, r.variables, r.user_agent, r.ip_prefix, r.created_at, r.expires_at, \
    r.generation, r.code_salt, r.code_tries, r.expires_in, r.last_mail_at, r.unlocks, \
    r.match_number, r.matched_at, r.ended_at, r.ended_by";

pub static BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS} FROM latchkey_auth_requests r WHERE r.id = $1"));
pub static CREDENTIAL_OF_LINK: LazyLock<String> =
    LazyLock::new(|| format!("{} WHERE c.link_hash = $1", credential_and_request()));
pub static CREDENTIALS_OF_CODE: LazyLock<String> = LazyLock::new(|| {
    let of = "WHERE c.auth_request_id IN ($1, $2, $3, $4, $5) ORDER BY c.generation DESC";
    format!("{} {of}", credential_and_request())
});

fn credential_and_request() -> String {
    format!(
        "SELECT {COLUMNS}, c.generation AS credential_generation, c.code_hash, \
         c.expires_at AS credential_expires_at \
         FROM latchkey_auth_credentials c \
         JOIN latchkey_auth_requests r ON r.id = c.auth_request_id"
    )
}

/// Outcome of renewing an auth request.
#[derive(Debug, PartialEq, Eq)]
pub enum Renewed {
    /// The next credential and its mail are written.
    Done,
    /// The auth request does not exist.
    Gone,
    /// Another resend was faster.
    Overtaken,
}

pub const SUPERSEDE: &str = "UPDATE latchkey_auth_requests \
    SET ended_at = $1, ended_by = 'superseded' WHERE id = $2 AND address = $3 AND ended_at IS NULL";
pub const INSERT_REQUEST: &str = "INSERT INTO latchkey_auth_requests \
    (id, address, mode, template, destination, state, link_base, variables, user_agent, \
    ip_prefix, created_at, expires_at, generation, code_salt, code_tries, expires_in, \
    last_mail_at, unlocks, match_number) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, $11, $16, $17)";
pub const RENEW_REQUEST: &str = "UPDATE latchkey_auth_requests SET generation = $1, \
    expires_at = $2, last_mail_at = $3, mode = $4, link_base = $5, expires_in = $6, unlocks = $7, \
    matched_at = NULL WHERE id = $8";
pub const INSERT_CREDENTIAL: &str = "INSERT INTO latchkey_auth_credentials \
    (auth_request_id, generation, link_hash, code_hash, expires_at) VALUES ($1, $2, $3, $4, $5)";
pub const SHOWN_NUMBERS: &str = "SELECT match_number FROM latchkey_auth_requests \
    WHERE address = $1 AND ended_at IS NULL AND expires_at > $2 AND match_number IS NOT NULL";
pub const MATCH: &str = "UPDATE latchkey_auth_requests SET matched_at = $1 WHERE id = $2";
pub const ADDRESS_OF: &str = "SELECT address FROM latchkey_auth_requests WHERE id = $1";
pub const CANCEL: &str = "UPDATE latchkey_auth_requests \
    SET ended_at = $1, ended_by = 'cancelled' \
    WHERE id = $2 AND ended_at IS NULL AND expires_at > $1";
/// Mails queued in a bucket in the last hour, newest first, each with the network that began its
/// request.
pub const QUEUED: &str = "SELECT o.created_at AS at, COALESCE(r.ip_prefix, '') AS network \
    FROM latchkey_outbox o LEFT JOIN latchkey_auth_requests r ON r.id = o.auth_request_id \
    WHERE o.bucket = $1 AND o.created_at > $2 ORDER BY o.created_at DESC LIMIT 1000";

/// Returns `wanted`, or the next number that no other window for this address shows: a number typed
/// into the wrong one of two mails must not finish a stranger's window.
async fn free_number(
    tx: &mut Tx,
    address: &Address,
    wanted: i64,
    now: Millis,
) -> Result<i64, Error> {
    let shown: Vec<(i64,)> = tx.all(SHOWN_NUMBERS, &values![address, now]).await?;
    let all = (0..90).map(|step| 10 + (wanted - 10 + step) % 90);
    Ok(all.into_iter().find(|number| !shown.contains(&(*number,))).unwrap_or(wanted))
}

async fn queued(tx: &mut Tx, bucket: &str, now: Millis) -> Result<Vec<Taken>, Error> {
    tx.all(QUEUED, &values![bucket, now - HOUR]).await
}

impl Credential {
    /// Returns the statement that writes the credential for an auth request.
    fn insert<'a>(&'a self, request_id: &'a str) -> Statement<'a> {
        let Credential { generation, link_hash, code_hash, expires_at } = self;
        let values = values![request_id, *generation, link_hash, code_hash, *expires_at];
        Statement::new(INSERT_CREDENTIAL, values)
    }
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
        let now = event.at;
        self.transaction(Durability::PowerCut, Some(new.address), async |tx| {
            allow(&queued(tx, mail.bucket, now).await?)?;
            let match_number = match new.match_number {
                Some(wanted) => Some(free_number(tx, new.address, wanted, now).await?),
                None => None,
            };
            let insert = values![
                new.id,
                new.address,
                new.mode,
                new.template,
                new.destination,
                new.state,
                new.link_base,
                new.variables,
                new.user_agent,
                new.ip_prefix,
                now,
                credential.expires_at,
                credential.generation,
                new.code_salt,
                new.expires_in,
                i64::from(new.unlocks),
                match_number,
            ];
            let held = new.held.iter();
            let mut statements: Vec<Statement<'_>> =
                held.map(|id| Statement::new(SUPERSEDE, values![now, id, new.address])).collect();
            statements.push(Statement::new(INSERT_REQUEST, insert));
            statements.push(credential.insert(new.id));
            statements.push(mail.insert(new.address, event));
            statements.push(event.insert());
            tx.finish(&statements).await
        })
        .await
    }

    /// Gives a pending auth request its next credential and mail, and writes the event, all or
    /// nothing. `allow` sees the current state of the request and the mails queued in the bucket,
    /// and may refuse.
    pub async fn renew(
        &self,
        id: &str,
        terms: &NewTerms<'_>,
        credential: &Credential,
        mail: &NewMail<'_>,
        event: &AuditEvent,
        allow: impl Fn(&AuthRequest, &[Taken]) -> Result<(), Error>,
    ) -> Result<Renewed, Error> {
        let found: Option<(Address,)> = self.first(ADDRESS_OF, &values![id]).await?;
        let Some((address,)) = found else { return Ok(Renewed::Gone) };
        let renew = values![
            credential.generation,
            mail.expires_at,
            event.at,
            terms.mode,
            terms.link_base,
            terms.expires_in,
            i64::from(terms.unlocks),
            id,
        ];
        let statements = [
            Statement::new(RENEW_REQUEST, renew),
            credential.insert(id),
            mail.insert(&address, event),
            event.insert(),
        ];
        self.transaction(Durability::PowerCut, Some(&address), async |tx| {
            let found = tx.first::<AuthRequest>(&BY_ID, &values![id]).await?;
            let Some(request) = found else { return Ok(Renewed::Gone) };
            if request.generation + 1 != credential.generation {
                return Ok(Renewed::Overtaken);
            }
            allow(&request, &queued(tx, mail.bucket, event.at).await?)?;
            tx.finish(&statements).await?;
            Ok(Renewed::Done)
        })
        .await
    }

    pub async fn auth_request(&self, id: &str) -> Result<Option<AuthRequest>, Error> {
        self.first(&BY_ID, &values![id]).await
    }

    /// Returns the credential that has this link hash, and its auth request.
    pub async fn credential_of_link(
        &self,
        link_hash: &[u8],
    ) -> Result<Option<MailedCredential>, Error> {
        self.first(&CREDENTIAL_OF_LINK, &values![link_hash]).await
    }

    /// Returns every credential of an auth request and of up to four others, the highest generation
    /// first.
    pub async fn credentials_of_code(
        &self,
        id: &str,
        others: &[String],
    ) -> Result<Vec<MailedCredential>, Error> {
        let other = |n| others.get(n).map_or(id, String::as_str);
        self.all(&CREDENTIALS_OF_CODE, &values![id, other(0), other(1), other(2), other(3)]).await
    }

    /// Judges a number typed where a link was opened, and writes the outcome in the same step: a
    /// right one approves the auth request, a wrong one is counted and ends it.
    pub async fn match_number(
        &self,
        request: &AuthRequest,
        attempt: &FailedTry<'_>,
        judge: &RequestJudge<'_>,
        approved: &AuditEvent,
        cancelled: &AuditEvent,
    ) -> Result<Counted, Error> {
        let AuthRequest { id, address, .. } = request;
        self.transaction(Durability::PowerCut, Some(address), async |tx| {
            let found = tx.first::<AuthRequest>(&BY_ID, &values![id]).await?;
            let Some(request) = found else { return Ok(Counted::Gone) };
            match judge(&request, &failed_tries(tx, attempt.bucket, attempt.at).await?) {
                // The same number again writes nothing: it would push other lines off the list.
                Verdict::Right if request.matched_at.is_some() => Ok(Counted::Right),
                Verdict::Right => {
                    let approve = Statement::new(MATCH, values![attempt.at, id]);
                    tx.finish(&[approve, approved.insert()]).await?;
                    Ok(Counted::Right)
                }
                Verdict::Wrong(error) => {
                    let cancel = Statement::new(CANCEL, values![attempt.at, id]);
                    tx.finish(&[attempt.insert(), cancel, cancelled.insert()]).await?;
                    Ok(Counted::Wrong(error))
                }
                Verdict::Refused(error) => Err(error),
            }
        })
        .await
    }

    /// Ends a pending auth request permanently and writes the event. Returns false if it was not
    /// pending.
    pub async fn cancel(
        &self,
        id: &str,
        address: &Address,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        self.transaction(Durability::PowerCut, Some(address), async |tx| {
            if tx.execute(CANCEL, &values![event.at, id]).await? == 0 {
                return Ok(false);
            }
            tx.finish(&[event.insert()]).await?;
            Ok(true)
        })
        .await
    }
}
