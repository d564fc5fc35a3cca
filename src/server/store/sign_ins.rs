//! The single step in which a proof is judged and becomes a session.

use super::{
    AuditEvent, Durability, FailedTry, InvitationJudge, NewMail, PasswordJudge, RequestJudge,
    Store, Tx, Verdict,
    grants::{MOVE_GRANTS, MOVE_GRANTS_OF_DEVICE},
    invitations::{ACCEPT_INVITATIONS, COUNT_INVITATION_TRY},
    statement::{Statement, values},
    suppressions::LIFT_SUPPRESSION,
    users::RENEW_PASSWORD,
    waitlist::LEAVE_WAITLIST,
};
use crate::server::{
    ground::{clock::Millis, error::Error},
    values::address::Address,
};

/// Evidence that the requester is who they claim to be.
pub enum Proof<'a> {
    /// A link or a code of the auth request with this id.
    Request { id: &'a str, judge: &'a RequestJudge<'a> },
    /// A password. `renewed` is the hash to store if the current one is outdated.
    Password { renewed: Option<&'a str>, judge: &'a PasswordJudge<'a> },
    /// The link or the code of the invitation with this id; empty if the address has none.
    Invitation { id: &'a str, judge: &'a InvitationJudge<'a> },
}

/// Rule that decides who may sign in.
#[derive(Clone, Copy, Debug)]
pub enum Admission<'a> {
    /// Everybody: a new address becomes a user with this id.
    Anyone { new_id: &'a str },
    /// Existing users, and new addresses that have an open invitation.
    Invited { new_id: &'a str },
    /// The user with this id of the team's own table.
    As { user_id: &'a str },
    /// Nobody: the team's own table does not have the address.
    Nobody,
}

/// A session that begins if its sign-in is right.
pub struct NewSession<'a> {
    pub id: &'a str,
    pub device: &'a str,
    /// How its user signed in.
    pub method: &'a str,
    pub user_agent: &'a str,
    pub ip_prefix: &'a str,
    /// Expiry of its first token.
    pub token_expires_at: Millis,
    /// Latest possible end, however much it is used.
    pub expires_at: Millis,
    /// The session that the same browser presented, and the event that records its end.
    pub replaces: Option<(&'a str, &'a AuditEvent)>,
    /// Event that records the end of another session of its device, if it can have one.
    pub replaces_of_device: Option<&'a AuditEvent>,
    /// Event that records its beginning.
    pub issued: &'a AuditEvent,
    /// Mail that tells the user of the session. Not sent if the user is new.
    pub notice: Option<NewMail<'a>>,
}

/// A sign-in that only lacks its final judgement.
pub struct SignIn<'a> {
    pub address: &'a Address,
    pub proof: Proof<'a>,
    /// The attempt to count if a code or a password is wrong.
    pub attempt: Option<&'a FailedTry<'a>>,
    pub admission: Admission<'a>,
    /// The session that begins if it is right, unless the proof is all that was asked for.
    pub session: Option<&'a NewSession<'a>>,
    /// Event that records that it was right.
    pub verified: &'a AuditEvent,
    pub at: Millis,
}

/// Outcome of a sign-in that was not refused.
#[derive(Debug, PartialEq, Eq)]
pub enum SignInOutcome {
    SignedIn {
        user_id: String,
        /// True if an invitation was accepted by it.
        has_accepted: bool,
    },
    /// The code or password was wrong, and the attempt is counted.
    Wrong(Error),
    /// The proof was right and is used up, but the address may not sign in or is banned.
    NotAdmitted,
    /// The auth request no longer exists.
    Gone,
}

impl Proof<'_> {
    /// Returns the id of the auth request, empty for any other proof.
    fn request_id(&self) -> &str {
        match self {
            Proof::Request { id, .. } => id,
            Proof::Password { .. } | Proof::Invitation { .. } => "",
        }
    }

    /// Returns the statements that count a wrong try.
    fn count<'a>(&'a self, attempt: &'a FailedTry<'a>) -> [Statement<'a>; 2] {
        match self {
            Proof::Invitation { id, .. } => {
                [Statement::new(COUNT_INVITATION_TRY, values![*id]), attempt.insert()]
            }
            proof => attempt.insert_of(proof.request_id()),
        }
    }
}

impl Store {
    /// Judges a proof and, if it is right, uses it up in the same step: finds or creates the user,
    /// and begins the session, if there is to be one. A wrong code or password is counted.
    pub async fn sign_in(&self, sign_in: &SignIn<'_>) -> Result<SignInOutcome, Error> {
        let SignIn { proof, attempt, at, .. } = sign_in;
        self.transaction(Durability::PowerCut, Some(sign_in.address), async |tx| {
            let Some(judged) = tx.judged(sign_in).await? else { return Ok(SignInOutcome::Gone) };
            match (judged.verdict, attempt) {
                (Verdict::Right, _) => (),
                (Verdict::Wrong(error), Some(attempt)) => {
                    tx.finish(&proof.count(attempt)).await?;
                    return Ok(SignInOutcome::Wrong(error));
                }
                (Verdict::Wrong(error) | Verdict::Refused(error), _) => return Err(error),
            }
            let known = judged.user_id.as_deref();
            let (user_id, is_new) = match sign_in.admission {
                Admission::Anyone { new_id } => (known.or(Some(new_id)), known.is_none()),
                Admission::Invited { new_id } => {
                    (known.or(judged.is_invited.then_some(new_id)), known.is_none())
                }
                Admission::As { user_id } => (Some(user_id), false),
                Admission::Nobody => (None, false),
            };
            let Some(user_id) = user_id.filter(|_| !judged.is_banned) else {
                tx.finish(&[Statement::new(USE_UP, values![*at, proof.request_id()])]).await?;
                return Ok(SignInOutcome::NotAdmitted);
            };
            if judged.is_suppressed {
                tx.execute(LIFT_SUPPRESSION, &values![sign_in.address]).await?;
            }
            let has_accepted = judged.is_invited;
            tx.admit(sign_in, user_id, is_new, has_accepted).await?;
            Ok(SignInOutcome::SignedIn { user_id: user_id.to_owned(), has_accepted })
        })
        .await
    }
}

impl Tx {
    /// Writes a user if new and the session if one begins, and ends every auth request of the
    /// address, including the one that was proved.
    async fn admit(
        &mut self,
        sign_in: &SignIn<'_>,
        user_id: &str,
        is_new: bool,
        has_accepted: bool,
    ) -> Result<(), Error> {
        let SignIn { address, proof, session, verified, at, .. } = sign_in;
        if let Proof::Password { renewed: Some(renewed), .. } = proof {
            self.execute(RENEW_PASSWORD, &values![*renewed, user_id]).await?;
        }
        // Made for those alone who accept one: it copies every text of the event.
        let accepted = has_accepted.then(|| verified.accepting());
        let end_requests = values![*at, proof.request_id(), *address];
        let mut statements = vec![Statement::new(END_REQUESTS, end_requests)];
        if is_new {
            statements.push(Statement::new(INSERT_USER, values![user_id, *address, *at]));
            statements.push(Statement::new(LEAVE_WAITLIST, values![*address]));
        }
        if let Some(accepted) = &accepted {
            statements.push(Statement::new(ACCEPT_INVITATIONS, values![*at, *address]));
            statements.push(accepted.insert_of(Some(user_id)));
        }
        if let Some(session) = session {
            self.end_replaced(session, user_id, *at).await?;
            if let Some(notice) = session.notice.as_ref().filter(|_| !is_new) {
                statements.push(notice.insert(address, session.issued));
            }
            let insert = values![
                session.id,
                user_id,
                *address,
                &session.issued.subject,
                session.device,
                session.user_agent,
                session.ip_prefix,
                *at,
                session.token_expires_at,
                session.expires_at,
                session.method,
            ];
            statements.push(Statement::new(INSERT_SESSION, insert));
        }
        statements.push(verified.insert_of(Some(user_id)));
        if let Some(session) = session {
            statements.push(session.issued.insert_of(Some(user_id)));
        }
        self.finish(&statements).await
    }

    /// Ends the sessions that a new one replaces, and hands on what apps hold by them.
    async fn end_replaced(
        &mut self,
        session: &NewSession<'_>,
        user_id: &str,
        at: Millis,
    ) -> Result<(), Error> {
        if let Some((replaced, _)) = session.replaces {
            let moved = values![session.id, at, session.expires_at, user_id, replaced];
            self.execute(&MOVE_GRANTS, &moved).await?;
        }
        if let Some((replaced, event)) = session.replaces
            && self.execute(REVOKE_REPLACED, &values![at, replaced]).await? > 0
        {
            self.run(&[event.insert()]).await?;
        }
        if let Some(event) = session.replaces_of_device {
            let moved = values![session.id, at, session.expires_at, user_id, session.device];
            self.execute(&MOVE_GRANTS_OF_DEVICE, &moved).await?;
            let revoke = values![at, user_id, session.device];
            if self.execute(REVOKE_OF_DEVICE, &revoke).await? > 0 {
                self.run(&[event.insert_of(Some(user_id))]).await?;
            }
        }
        Ok(())
    }
}

pub const USE_UP: &str =
    "UPDATE latchkey_auth_requests SET ended_at = $1, ended_by = 'refused' WHERE id = $2";

pub const INSERT_SESSION: &str = "INSERT INTO latchkey_sessions \
    (id, user_id, address, subject, device, user_agent, ip_prefix, created_at, last_seen_at, \
    token_expires_at, expires_at, method) \
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11)";
pub const END_REQUESTS: &str = "UPDATE latchkey_auth_requests SET ended_at = $1, \
    ended_by = CASE WHEN id = $2 THEN 'signed_in' ELSE 'superseded' END \
    WHERE address = $3 AND ended_at IS NULL";
pub const REVOKE_REPLACED: &str =
    "UPDATE latchkey_sessions SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
pub const REVOKE_OF_DEVICE: &str = "UPDATE latchkey_sessions SET revoked_at = $1 \
    WHERE user_id = $2 AND device = $3 AND revoked_at IS NULL AND token_expires_at > $1";

pub const INSERT_USER: &str =
    "INSERT INTO latchkey_users (id, address, created_at) VALUES ($1, $2, $3)";
