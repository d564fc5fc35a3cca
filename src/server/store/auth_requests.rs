//! Auth requests: begun, renewed and cancelled.

use sqlx::FromRow;
use std::sync::LazyLock;

use super::{
    AuditEvent, Credential, Durability, NewMail, Store, Tx, Usage,
    match_numbers::free_number,
    statement::{Statement, values},
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
    /// App that asked for it on behalf of its own user.
    pub app_id: Option<String>,
    /// Keyed hashes of the wrong codes tried since the newest mail, with a space after each.
    wrong_guesses: String,
    /// Newest generation whose mail was opened by anybody.
    opened: i64,
}

/// Reason why an auth request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The link or the code was used.
    SignedIn,
    /// The link or the code was right, and whoever used it may not sign in.
    Refused,
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

    /// True if nobody has opened the mail of this generation, or a newer one, yet.
    pub fn is_unopened(&self, generation: i64) -> bool {
        self.opened < generation
    }

    /// Returns the keyed hashes of the wrong codes that were tried since its newest mail.
    pub fn wrong_guesses(&self) -> impl Iterator<Item = &str> {
        self.wrong_guesses.split(' ').filter(|guess| !guess.is_empty())
    }

    /// Returns what ended it, or `None` if it has not ended.
    pub fn ended(&self) -> Option<Ended> {
        self.ended_at?;
        match self.ended_by.as_deref() {
            Some("signed_in") => Some(Ended::SignedIn),
            Some("cancelled") => Some(Ended::Cancelled),
            Some("refused") => Some(Ended::Refused),
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
    /// App that asks on behalf of its own user.
    pub app_id: Option<&'a str>,
    /// Auth request ids this browser holds: those for the same address are superseded.
    pub held: &'a [String],
    /// Act of the operator for whom it is begun.
    pub act: Option<&'a AuditEvent>,
}

/// Terms of the next mail of an auth request.
pub struct NewTerms<'a> {
    pub mode: &'a str,
    pub link_base: Option<&'a str>,
    pub expires_in: i64,
    pub unlocks: bool,
}

/// Requests that an app began, to be read in the order of their index.
#[derive(Debug)]
pub struct OwnRequests<'a> {
    pub app_id: &'a str,
    /// Address that they are for; all addresses if there is none.
    pub address: Option<&'a Address>,
    pub since: Millis,
    /// Time and id that they come before.
    pub before: Millis,
    pub before_id: &'a str,
}

impl OwnRequests<'_> {
    /// Requests that are read at once.
    pub const AT_ONCE: usize = 100;
}

/// Columns that an [`AuthRequest`] is read from. Not `*`: once the migration of a newer version
/// adds a column, a statement with `*` fails once on each connection of the older version.
pub(super) const COLUMNS: &str = "r.id, r.address, r.mode, r.template, r.destination, r.state, \
    r.link_base, r.variables, r.user_agent, r.ip_prefix, r.created_at, r.expires_at, \
    r.generation, r.code_salt, r.code_tries, r.expires_in, r.last_mail_at, r.unlocks, \
    r.match_number, r.matched_at, r.ended_at, r.ended_by, r.app_id, \
    r.wrong_guesses, r.opened";

pub static BY_ID: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {COLUMNS} FROM latchkey_auth_requests r WHERE r.id = $1"));
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
    SET ended_at = $1, ended_by = 'superseded' WHERE id = $2 AND address = $3 \
    AND app_id IS NOT DISTINCT FROM $4 AND ended_at IS NULL";
pub const INSERT_REQUEST: &str = "INSERT INTO latchkey_auth_requests \
    (id, address, mode, template, destination, state, link_base, variables, user_agent, \
    ip_prefix, created_at, expires_at, generation, code_salt, code_tries, expires_in, \
    last_mail_at, unlocks, match_number, app_id) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 0, $15, $11, $16, $17, \
    $18)";
pub const RENEW_REQUEST: &str = "UPDATE latchkey_auth_requests SET generation = $1, \
    expires_at = $2, last_mail_at = $3, mode = $4, link_base = $5, expires_in = $6, unlocks = $7, \
    matched_at = NULL, wrong_guesses = '' WHERE id = $8";
/// The requests of an app, `$1`, before a time and an id, the latest first. The number is a
/// literal, because SQLite plans a statement with a bound LIMIT anew each time.
pub static OF_APP: LazyLock<String> = LazyLock::new(|| of_app(""));
pub static OF_APP_AND_ADDRESS: LazyLock<String> = LazyLock::new(|| of_app("AND r.address = $5"));

fn of_app(and: &str) -> String {
    format!(
        "SELECT {COLUMNS} FROM latchkey_auth_requests r WHERE r.app_id = $1 {and} \
         AND (r.created_at, r.id) < ($2, $3) AND r.created_at >= $4 \
         ORDER BY r.created_at DESC, r.id DESC LIMIT 100"
    )
}

pub const OPEN: &str =
    "UPDATE latchkey_auth_requests SET opened = $1 WHERE id = $2 AND opened < $1";
pub const ADDRESS_OF: &str = "SELECT address FROM latchkey_auth_requests WHERE id = $1";
pub const CANCEL: &str = "UPDATE latchkey_auth_requests \
    SET ended_at = $1, ended_by = 'cancelled' \
    WHERE id = $2 AND ended_at IS NULL AND expires_at > $1";
/// Mails queued in a bucket in the last hour, newest first, each with the network that began its
/// request.
pub const QUEUED: &str = "SELECT o.created_at AS at, COALESCE(r.ip_prefix, '') AS network \
    FROM latchkey_outbox o LEFT JOIN latchkey_auth_requests r ON r.id = o.auth_request_id \
    WHERE o.bucket = $1 AND o.created_at > $2 ORDER BY o.created_at DESC LIMIT 1000";

/// Returns the mails queued in a bucket in the hour before `now`, newest first.
pub(super) async fn queued(tx: &mut Tx, bucket: &str, now: Millis) -> Result<Vec<Usage>, Error> {
    tx.all(QUEUED, &values![bucket, now - HOUR]).await
}

impl Store {
    /// Writes an auth request, its credential, its mail, the event and an operator's act, all or
    /// nothing. `allow` sees the mails queued in the bucket, newest first, and may refuse.
    pub async fn start(
        &self,
        new: &NewAuthRequest<'_>,
        credential: &Credential,
        mail: &NewMail<'_>,
        event: &AuditEvent,
        allow: impl Fn(&[Usage]) -> Result<(), Error>,
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
                new.app_id,
            ];
            let held = new.held.iter();
            let mut statements: Vec<Statement<'_>> = held
                .map(|id| Statement::new(SUPERSEDE, values![now, id, new.address, new.app_id]))
                .collect();
            statements.push(Statement::new(INSERT_REQUEST, insert));
            statements.push(credential.insert(new.id));
            statements.push(mail.insert(new.address, event));
            statements.push(event.insert());
            statements.extend(new.act.map(AuditEvent::insert));
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
        allow: impl Fn(&AuthRequest, &[Usage]) -> Result<(), Error>,
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

    /// Returns the next hundred requests of an app, the latest first.
    pub async fn requests_of_app(
        &self,
        wanted: &OwnRequests<'_>,
    ) -> Result<Vec<AuthRequest>, Error> {
        let OwnRequests { app_id, address, since, before, before_id } = *wanted;
        match address {
            None => self.all(&OF_APP, &values![app_id, before, before_id, since]).await,
            Some(address) => {
                let of_one = values![app_id, before, before_id, since, address];
                self.all(&OF_APP_AND_ADDRESS, &of_one).await
            }
        }
    }

    /// Returns the mails queued in a bucket in the last hour, newest first.
    pub async fn mails_in_bucket(&self, bucket: &str, now: Millis) -> Result<Vec<Usage>, Error> {
        self.all(QUEUED, &values![bucket, now - HOUR]).await
    }

    pub async fn auth_request(&self, id: &str) -> Result<Option<AuthRequest>, Error> {
        self.first(&BY_ID, &values![id]).await
    }

    /// Writes down that the mail of a generation was opened, with the event. Returns false, and
    /// writes nothing, if it was opened before.
    pub async fn mail_opened(
        &self,
        id: &str,
        generation: i64,
        event: &AuditEvent,
    ) -> Result<bool, Error> {
        let both = [Statement::new(OPEN, values![generation, id]), event.insert()];
        Ok(self.execute_and_then(Durability::ProcessEnd, &both).await? > 0)
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
