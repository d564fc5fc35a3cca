//! The step in which a link or a code is judged, and a right one becomes a session.

use sqlx::FromRow;
use std::sync::LazyLock;

use super::{
    AuthRequest, FailedTry, NewSession, Store,
    auth_requests::{BY_ID, COLUMNS},
    finish,
    sessions::begin_session,
    users::{INSERT_TRY, Taken, failed_tries},
    write,
};
use crate::server::ground::{clock::Millis, error::Error};

/// Whether a link or code signs in, judged in the very step in which it does.
#[derive(Debug)]
pub enum Verdict {
    Right,
    /// Not, and the try is counted, if it was one of a code.
    Wrong(Error),
    /// Not, and nothing happens.
    Refused(Error),
}

/// What became of an auth request whose link or code was tried.
#[derive(Debug, PartialEq, Eq)]
pub enum Completed {
    SignedIn {
        user_id: String,
    },
    /// The code was wrong, and its try is counted.
    Wrong(Error),
    /// Used up, and no session: the address may not sign in, or is kept out.
    InVain,
    /// There is no such request any more.
    Gone,
}

/// Who may sign in.
#[derive(Clone, Copy, Debug)]
pub enum Admission<'a> {
    /// Anyone: a new address becomes a user with this id.
    Anyone { new_id: &'a str },
    /// Who is in `users`.
    Known,
    /// The team's own table has the address under this id.
    As { user_id: &'a str },
    /// The team's own table does not have the address.
    Nobody,
}

impl Store {
    /// Judges a code that is known to be wrong, in the step in which its try is counted. What to
    /// say of it. Nobody is looked up: the time it takes does not tell whether the address is a
    /// user's.
    pub async fn count_try(
        &self,
        request: &AuthRequest,
        code_try: &FailedTry<'_>,
        judge: impl Fn(&AuthRequest, &[Taken]) -> Verdict,
    ) -> Result<Error, Error> {
        Ok(write!(self, of &request.address, tx => {
            let found = sqlx::query_as(BY_ID.as_str()).bind(&request.id);
            let request: AuthRequest = found.fetch_optional(&mut *tx).await?.ok_or(Error::CodeExpired)?;
            match judge(&request, &failed_tries!(&mut *tx, code_try.bucket, code_try.at)) {
                Verdict::Wrong(error) => {
                    finish!(tx, COUNT => [&request.id], INSERT_TRY => [code_try.id, code_try.bucket, code_try.network, code_try.at]);
                    error
                }
                Verdict::Refused(error) => return Err(error),
                // A request only ever loses ways in; should one have come by, it is there at the
                // next try.
                Verdict::Right => return Err(Error::Unavailable),
            }
        }))
    }

    /// The one step in which a link or a code is judged, and a right one becomes a session: the
    /// auth request ends, the user is found or made, and the session begins; of a wrong code the
    /// try is counted. `judge` sees the request as it is now and, of a code, when tries in its
    /// bucket failed, newest first.
    pub async fn complete(
        &self,
        request: &AuthRequest,
        code_try: Option<&FailedTry<'_>>,
        admission: Admission<'_>,
        session: &NewSession<'_>,
        now: Millis,
        judge: impl Fn(&AuthRequest, &[Taken]) -> Verdict,
    ) -> Result<Completed, Error> {
        Ok(write!(self, of &request.address, tx => {
            let found = match admission {
                Admission::As { user_id } => sqlx::query_as(WITH_USER_OF_ID.as_str()).bind(&request.id).bind(user_id),
                _ => sqlx::query_as(WITH_USER_OF_ADDRESS.as_str()).bind(&request.id),
            };
            let Some(Found { request, user_id, is_banned }) = found.fetch_optional(&mut *tx).await? else {
                return Ok(Completed::Gone);
            };
            let failed = match code_try {
                Some(code_try) => failed_tries!(&mut *tx, code_try.bucket, code_try.at),
                None => Vec::new(),
            };
            match (judge(&request, &failed), code_try) {
                (Verdict::Right, _) => (),
                (Verdict::Wrong(error), Some(code_try)) => {
                    finish!(tx, COUNT => [&request.id], INSERT_TRY => [code_try.id, code_try.bucket, code_try.network, code_try.at]);
                    return Ok(Completed::Wrong(error));
                }
                (Verdict::Wrong(error) | Verdict::Refused(error), _) => return Err(error),
            }
            let (user_id, is_new) = match admission {
                Admission::Anyone { new_id } => (Some(user_id.as_deref().unwrap_or(new_id)), user_id.is_none()),
                Admission::Known => (user_id.as_deref(), false),
                Admission::As { user_id } => (Some(user_id), false),
                Admission::Nobody => (None, false),
            };
            let Some(user_id) = user_id.filter(|_| !is_banned) else {
                finish!(
                    tx,
                    "UPDATE latchkey_auth_requests SET ended_at = $1, ended_by = 'signed_in' WHERE id = $2" => [now, &request.id],
                );
                return Ok(Completed::InVain);
            };
            begin_session!(tx, session, user_id, &request.address, now, request: request.id.as_str(), is_new: is_new);
            Completed::SignedIn { user_id: user_id.to_owned() }
        }))
    }
}

/// An auth request, and the user it would sign in: of its address, or of an id.
#[derive(FromRow)]
struct Found {
    #[sqlx(flatten)]
    request: AuthRequest,
    user_id: Option<String>,
    is_banned: bool,
}

const COUNT: &str = "UPDATE latchkey_auth_requests SET code_tries = code_tries + 1 WHERE id = $1";

pub static WITH_USER_OF_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS}, u.id AS user_id, {BANNED} AS is_banned FROM latchkey_auth_requests r \
         LEFT JOIN latchkey_users u ON u.address = r.address WHERE r.id = $1"
    )
});
pub static WITH_USER_OF_ID: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {COLUMNS}, $2 AS user_id, \
         EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = $2) OR {BANNED} AS is_banned \
         FROM latchkey_auth_requests r WHERE r.id = $1"
    )
});

/// Whether the address of a request is kept out.
const BANNED: &str =
    "EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = '' AND b.address = r.address)";
