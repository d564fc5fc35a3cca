//! The judgement of a proof: it is read with the user that it would sign in, and judged, in the
//! transaction that acts on it.

use sqlx::FromRow;
use std::sync::LazyLock;

use super::{
    AuthRequest, Invitation, Tx, Verdict,
    attempts::failed_tries,
    auth_requests::COLUMNS,
    bans::banned,
    invitations,
    sign_ins::{Admission, Proof, SignIn},
    statement::values,
};
use crate::server::ground::error::Error;

/// State of a proof, its user, and the judgement.
pub(super) struct Judged {
    pub user_id: Option<String>,
    pub is_banned: bool,
    /// True if mails to the address are held back, and a mail to it has just been read.
    pub is_suppressed: bool,
    /// True if the address has an open invitation, which the sign-in accepts: looked for if it has
    /// no user, or if an invitation is the proof.
    pub is_invited: bool,
    pub verdict: Verdict,
}

impl Tx {
    /// Reads a proof and judges it. Returns `None` if its auth request no longer exists.
    pub(super) async fn judged(&mut self, sign_in: &SignIn<'_>) -> Result<Option<Judged>, Error> {
        let failed = match sign_in.attempt {
            Some(attempt) => failed_tries(self, attempt.bucket, attempt.at).await?,
            None => Vec::new(),
        };
        let at = sign_in.at;
        Ok(match (&sign_in.proof, sign_in.admission) {
            (Proof::Request { id, judge }, admission) => {
                let found: Option<RequestAndUser> = match admission {
                    Admission::As { user_id } => {
                        self.first(&WITH_USER_OF_ID, &values![*id, user_id]).await?
                    }
                    _ => self.first(&WITH_USER_OF_ADDRESS, &values![*id, at]).await?,
                };
                found.map(|found| {
                    let RequestAndUser { request, user_id, is_banned, .. } = found;
                    let (is_suppressed, is_invited) = (found.is_suppressed, found.is_invited);
                    let verdict = judge(&request, &failed);
                    Judged { user_id, is_banned, is_suppressed, is_invited, verdict }
                })
            }
            (Proof::Invitation { id, judge }, _) => {
                let found: Option<InvitationAndUser> =
                    self.first(&WITH_INVITATION, &values![*id]).await?;
                let is_invited = found.as_ref().is_some_and(|found| found.invitation.is_open(at));
                // Somebody who has become a user otherwise signs in by a mail of their own.
                let usable = found.as_ref().filter(|found| {
                    found.user_id.is_none() || found.invitation.accepted_at.is_some()
                });
                let verdict = judge(usable.map(|found| &found.invitation), &failed);
                let (user_id, is_banned, is_suppressed) = found
                    .map_or((None, false, false), |found| {
                        (found.user_id, found.is_banned, found.is_suppressed)
                    });
                Some(Judged { user_id, is_banned, is_suppressed, is_invited, verdict })
            }
            (Proof::Password { judge, .. }, _) => {
                let found: Option<(String, Option<String>, bool)> =
                    self.first(&WITH_PASSWORD, &values![sign_in.address]).await?;
                let (user_id, password, is_banned) = found
                    .map_or((None, None, false), |(user_id, password, is_banned)| {
                        (Some(user_id), password, is_banned)
                    });
                let verdict = judge(password.as_deref(), &failed);
                let (is_suppressed, is_invited) = (false, false);
                Some(Judged { user_id, is_banned, is_suppressed, is_invited, verdict })
            }
        })
    }
}

/// An auth request, and the user it would sign in: found by its address, or by an id.
#[derive(FromRow)]
struct RequestAndUser {
    #[sqlx(flatten)]
    request: AuthRequest,
    user_id: Option<String>,
    is_banned: bool,
    is_suppressed: bool,
    is_invited: bool,
}

/// An invitation, and the user who has its address by now.
#[derive(FromRow)]
struct InvitationAndUser {
    #[sqlx(flatten)]
    invitation: Invitation,
    user_id: Option<String>,
    is_banned: bool,
    is_suppressed: bool,
}

pub static WITH_USER_OF_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let (is_banned, is_invited) = (banned("r.address"), invitations::invited("r.address", "$2"));
    let is_suppressed = suppressed("r.address");
    format!(
        "SELECT {COLUMNS}, u.id AS user_id, {is_banned} AS is_banned, \
         {is_suppressed} AS is_suppressed, u.id IS NULL AND {is_invited} AS is_invited \
         FROM latchkey_auth_requests r LEFT JOIN latchkey_users u ON u.address = r.address \
         WHERE r.id = $1"
    )
});
pub static WITH_USER_OF_ID: LazyLock<String> = LazyLock::new(|| {
    let (is_banned, is_suppressed) = (banned("r.address"), suppressed("r.address"));
    format!(
        "SELECT {COLUMNS}, $2 AS user_id, 1 = 0 AS is_invited, \
         EXISTS (SELECT 1 FROM latchkey_bans b WHERE b.user_id = $2) OR {is_banned} AS is_banned, \
         {is_suppressed} AS is_suppressed FROM latchkey_auth_requests r WHERE r.id = $1"
    )
});
pub static WITH_INVITATION: LazyLock<String> = LazyLock::new(|| {
    let (is_banned, is_suppressed) = (banned("i.address"), suppressed("i.address"));
    format!(
        "SELECT {}, u.id AS user_id, {is_banned} AS is_banned, {is_suppressed} AS is_suppressed \
         FROM latchkey_invitations i LEFT JOIN latchkey_users u ON u.address = i.address \
         WHERE i.id = $1",
        invitations::COLUMNS
    )
});
pub static WITH_PASSWORD: LazyLock<String> = LazyLock::new(|| {
    let is_banned = banned("u.address");
    format!(
        "SELECT id, password, {is_banned} AS is_banned FROM latchkey_users u WHERE address = $1"
    )
});

/// Returns the condition that mails to an address are held back.
fn suppressed(address: &str) -> String {
    format!("EXISTS (SELECT 1 FROM latchkey_suppressions s WHERE s.address = {address})")
}
