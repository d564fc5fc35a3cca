//! Rules of invitations at the desk: who may act, and what is recorded of it.
//! `auth/invitations.rs` says what an invitation is.

use super::{
    list::{self, Page},
    operator::{ActReason, Operator, act_named},
    person::record_opening,
};
use crate::server::{
    auth::{
        Auth,
        invitations::{self, Invite, Inviter},
    },
    config::desk::Role,
    ground::{clock::Millis, error::Error},
    store::{AuditEvent, INVITATIONS_ON_A_PAGE, Invitation, MailState},
    values::{address::Address, event::Event},
};

/// State of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It lets its address in.
    Open,
    Accepted,
    Withdrawn,
    Expired,
}

impl State {
    /// Returns the state of an invitation at `now`.
    pub fn of(invitation: &Invitation, now: Millis) -> Self {
        match (invitation.accepted_at, invitation.withdrawn_at) {
            (Some(_), _) => State::Accepted,
            (None, Some(_)) => State::Withdrawn,
            (None, None) if invitation.is_open(now) => State::Open,
            (None, None) => State::Expired,
        }
    }

    /// Returns its name in answers to programs.
    pub fn name(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Accepted => "accepted",
            State::Withdrawn => "withdrawn",
            State::Expired => "expired",
        }
    }
}

/// An act of an operator on an open invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Mails it again.
    Resend,
    Withdraw,
}

impl Act {
    pub const ALL: [Act; 2] = [Act::Resend, Act::Withdraw];

    /// Returns its name in forms.
    pub fn name(self) -> &'static str {
        match self {
            Act::Resend => "resend",
            Act::Withdraw => "withdraw",
        }
    }

    /// Parses the name of an act.
    pub fn parse(name: &str) -> Result<Self, Error> {
        act_named(&Act::ALL, Act::name, name)
    }
}

/// Invites an address. Returns the invitation, and false if the address had one that is open.
pub async fn invite(
    auth: &Auth,
    operator: &Operator,
    reason: &ActReason,
    invite: &Invite<'_>,
) -> Result<(Invitation, bool), Error> {
    operator.may_change(auth, Role::Help).await?;
    operator.one_more_mail(auth).await?;
    let event = &recorder(auth, operator, reason);
    invitations::invite(auth, invite, &Inviter { name: &operator.name, event }).await
}

/// Does an act on the invitation with this id.
pub async fn act(
    auth: &Auth,
    operator: &Operator,
    reason: &ActReason,
    id: &str,
    act: Act,
) -> Result<(), Error> {
    operator.may_change(auth, Role::Help).await?;
    let event = &recorder(auth, operator, reason);
    let by = &Inviter { name: &operator.name, event };
    match act {
        Act::Resend => {
            operator.one_more_mail(auth).await?;
            invitations::resend(auth, id, by).await?
        }
        Act::Withdraw => invitations::withdraw(auth, id, by).await?,
    };
    Ok(())
}

/// Returns what makes events of an operator's acts, for which they gave a reason.
fn recorder<'a>(
    auth: &'a Auth,
    operator: &'a Operator,
    reason: &'a ActReason,
) -> impl Fn(Event, &Address) -> AuditEvent + Send + Sync + 'a {
    move |event, address| operator.event(auth, event, Some(address), reason)
}

/// Returns a page of the invitations, the latest first. `before` is the place that the page before
/// gave.
pub async fn list(
    auth: &Auth,
    operator: &Operator,
    before: Option<&str>,
) -> Result<Page<Invitation>, Error> {
    operator.may(auth, Role::Look).await?;
    let (at, id) = match before {
        None => (Millis::MAX, ""),
        Some(before) => list::place(before).ok_or_else(|| list::no_place("before", "older"))?,
    };
    let found = auth.store.invitations_before(at, id).await?;
    Ok(Page::of(found, INVITATIONS_ON_A_PAGE, |last| (last.created_at, &last.id)))
}

/// Returns an invitation with its whole address, and what became of its newest mail. That it was
/// looked at is recorded.
pub async fn open(
    auth: &Auth,
    operator: &Operator,
    id: &str,
) -> Result<(Invitation, Option<MailState>), Error> {
    operator.may(auth, Role::Look).await?;
    let (found, mail) = tokio::try_join!(auth.store.invitation(id), auth.store.mail_of(id))?;
    let invitation = found.ok_or(Error::NotFound)?;
    record_opening(auth, operator, &invitation.address).await?;
    Ok((invitation, mail))
}
