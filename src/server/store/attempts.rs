//! Attempts to prove who one is: judged in a transaction, and counted when they fail.

use sqlx::FromRow;

use super::{
    AuthRequest, Durability, Invitation, Store, Tx,
    auth_requests::BY_ID,
    statement::{Statement, values},
};
use crate::server::{
    ground::{
        clock::{DAY, Millis},
        error::Error,
    },
    values::address::Address,
};

/// Judgement of a proof, made in the transaction that acts on it.
#[derive(Debug)]
pub enum Verdict {
    Right,
    /// Wrong; the attempt is counted if it was one of a code or a password.
    Wrong(Error),
    /// Refused; nothing is written.
    Refused(Error),
}

/// Judges the current state of an auth request. For a code it also sees the failed attempts in its
/// bucket, newest first.
pub type RequestJudge<'a> = dyn Fn(&AuthRequest, &[Usage]) -> Verdict + Send + Sync + 'a;

/// Judges the user's current password hash (`None` without one), and the failed attempts.
pub type PasswordJudge<'a> = dyn Fn(Option<&str>, &[Usage]) -> Verdict + Send + Sync + 'a;

/// Judges the current state of an invitation (`None` without one), and the failed attempts.
pub type InvitationJudge<'a> = dyn Fn(Option<&Invitation>, &[Usage]) -> Verdict + Send + Sync + 'a;

/// A try of a code or a password, counted when it has failed.
pub struct FailedTry<'a> {
    pub id: &'a str,
    /// Bucket whose allowance it takes from.
    pub bucket: &'a str,
    /// Network it comes from.
    pub network: &'a str,
    /// Keyed hash of a wrong code, by which it is known when it comes again; empty for what is no
    /// code of an auth request.
    pub guess: &'a str,
    pub at: Millis,
}

/// A mail or a try that used an allowance, and the network that used it.
#[derive(Clone, Debug, FromRow)]
pub struct Usage {
    pub at: Millis,
    pub network: String,
}

/// Outcome of a code or a number whose try is counted if it is wrong.
#[derive(Debug, PartialEq, Eq)]
pub enum Counted {
    Wrong(Error),
    /// The auth request no longer exists.
    Gone,
    Right,
}

/// Reads the failed tries in a bucket since a time, newest first.
pub const FAILED_TRIES: &str = "SELECT at, network FROM latchkey_failed_tries \
    WHERE bucket = $1 AND at > $2 ORDER BY at DESC LIMIT 1000";
pub const INSERT_TRY: &str =
    "INSERT INTO latchkey_failed_tries (id, bucket, network, at) VALUES ($1, $2, $3, $4)";
pub const COUNT: &str = "UPDATE latchkey_auth_requests \
    SET code_tries = code_tries + 1, wrong_guesses = wrong_guesses || $2 || ' ', \
    opened = generation WHERE id = $1";

/// Returns the tries in a bucket that failed in the day before `at`, newest first.
pub async fn failed_tries(tx: &mut Tx, bucket: &str, at: Millis) -> Result<Vec<Usage>, Error> {
    tx.all(FAILED_TRIES, &values![bucket, at - DAY]).await
}

impl FailedTry<'_> {
    /// Returns the statement that counts it against its bucket.
    pub(super) fn insert(&self) -> Statement<'_> {
        let FailedTry { id, bucket, network, at, .. } = *self;
        Statement::new(INSERT_TRY, values![id, bucket, network, at])
    }

    /// Returns the statements that count it against its bucket and against the code of a request.
    pub(super) fn insert_of<'a>(&'a self, request_id: &'a str) -> [Statement<'a>; 2] {
        [Statement::new(COUNT, values![request_id, self.guess]), self.insert()]
    }
}

impl Store {
    /// Returns the tries in a bucket that failed in the last day, newest first.
    pub async fn failed_tries(&self, bucket: &str, now: Millis) -> Result<Vec<Usage>, Error> {
        self.all(FAILED_TRIES, &values![bucket, now - DAY]).await
    }

    /// Counts a wrong try of a password or of a device's code against an address, known or not,
    /// unless `allow` refuses.
    pub async fn spend_try(
        &self,
        address: &Address,
        failed_try: &FailedTry<'_>,
        allow: impl Fn(&[Usage]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.transaction(Durability::ProcessEnd, Some(address), async |tx| {
            allow(&failed_tries(tx, failed_try.bucket, failed_try.at).await?)?;
            tx.finish(&[failed_try.insert()]).await
        })
        .await
    }

    /// Judges a code that is known to be wrong, and counts the attempt in the same step. No user is
    /// looked up, so that the time it takes does not reveal whether the address belongs to a user.
    pub async fn count_try(
        &self,
        request: &AuthRequest,
        attempt: &FailedTry<'_>,
        judge: &RequestJudge<'_>,
    ) -> Result<Counted, Error> {
        self.transaction(Durability::PowerCut, Some(&request.address), async |tx| {
            let found = tx.first::<AuthRequest>(&BY_ID, &values![&request.id]).await?;
            let Some(request) = found else { return Ok(Counted::Gone) };
            match judge(&request, &failed_tries(tx, attempt.bucket, attempt.at).await?) {
                Verdict::Wrong(error) => {
                    tx.finish(&attempt.insert_of(&request.id)).await?;
                    Ok(Counted::Wrong(error))
                }
                Verdict::Refused(error) => Err(error),
                Verdict::Right => Ok(Counted::Right),
            }
        })
        .await
    }
}
