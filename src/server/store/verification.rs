//! The step in which a link or a code is judged, and a right one becomes a session.

use sqlx::FromRow;
use std::sync::LazyLock;

use super::{
    AuthRequest, Durability, FailedTry, NewSession, Store, Taken,
    auth_requests::{BY_ID, COLUMNS},
    sessions::Beginning,
    statement::{Statement, values},
    users::failed_tries,
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

/// What became of a wrong code, as its try was to be counted.
#[derive(Debug, PartialEq, Eq)]
pub enum Counted {
    Wrong(Error),
    /// There is no such request any more.
    Gone,
    /// It is right now. A request only ever loses ways in; should one have come by, it is there at
    /// the next try.
    Right,
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

impl FailedTry<'_> {
    /// The statements that count it against its bucket, and against the code of a request.
    fn insert_of<'a>(&'a self, request_id: &'a str) -> [Statement<'a>; 2] {
        [Statement::new(COUNT, values![request_id]), self.insert()]
    }
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
    ) -> Result<Counted, Error> {
        self.transaction(Durability::PowerCut, Some(&request.address), async |tx| {
            let found = tx.first::<AuthRequest>(&BY_ID, &values![&request.id]).await?;
            let Some(request) = found else { return Ok(Counted::Gone) };
            match judge(&request, &failed_tries(tx, code_try.bucket, code_try.at).await?) {
                Verdict::Wrong(error) => {
                    tx.finish(&code_try.insert_of(&request.id)).await?;
                    Ok(Counted::Wrong(error))
                }
                Verdict::Refused(error) => Err(error),
                Verdict::Right => Ok(Counted::Right),
            }
        })
        .await
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
        self.transaction(Durability::PowerCut, Some(&request.address), async |tx| {
            let found: Option<Found> = match admission {
                Admission::As { user_id } => {
                    tx.first(&WITH_USER_OF_ID, &values![&request.id, user_id]).await?
                }
                _ => tx.first(&WITH_USER_OF_ADDRESS, &values![&request.id]).await?,
            };
            let Some(Found { request, user_id, is_banned }) = found else {
                return Ok(Completed::Gone);
            };
            let failed = match code_try {
                Some(code_try) => failed_tries(tx, code_try.bucket, code_try.at).await?,
                None => Vec::new(),
            };
            match (judge(&request, &failed), code_try) {
                (Verdict::Right, _) => (),
                (Verdict::Wrong(error), Some(code_try)) => {
                    tx.finish(&code_try.insert_of(&request.id)).await?;
                    return Ok(Completed::Wrong(error));
                }
                (Verdict::Wrong(error) | Verdict::Refused(error), _) => return Err(error),
            }
            let (user_id, is_new) = match admission {
                Admission::Anyone { new_id } => {
                    (Some(user_id.as_deref().unwrap_or(new_id)), user_id.is_none())
                }
                Admission::Known => (user_id.as_deref(), false),
                Admission::As { user_id } => (Some(user_id), false),
                Admission::Nobody => (None, false),
            };
            let Some(user_id) = user_id.filter(|_| !is_banned) else {
                tx.finish(&[Statement::new(USE_UP, values![now, &request.id])]).await?;
                return Ok(Completed::InVain);
            };
            let beginning = Beginning {
                session,
                user_id,
                address: &request.address,
                now,
                request_id: &request.id,
                is_new,
            };
            tx.begin_session(&beginning).await?;
            Ok(Completed::SignedIn { user_id: user_id.to_owned() })
        })
        .await
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

pub const COUNT: &str =
    "UPDATE latchkey_auth_requests SET code_tries = code_tries + 1 WHERE id = $1";
pub const USE_UP: &str =
    "UPDATE latchkey_auth_requests SET ended_at = $1, ended_by = 'signed_in' WHERE id = $2";

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
