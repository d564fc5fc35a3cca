//! Rules of invitations and of the waitlist at the desk: who may act, and what is recorded of it.
//! `auth/invitations.rs` says what an invitation is.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    operator::{ActReason, Operator},
    person::record_opening,
};
use crate::server::{
    auth::{
        Auth,
        invitations::{self, Invite, Inviter},
    },
    config::desk::Role,
    ground::{
        clock::Millis,
        error::Error,
        words::{Language, say},
    },
    store::{AuditEvent, Invitation, MailState, Waiting},
    values::{address::Address, event::Event},
};

/// Purpose bound to the seal of a name of somebody on the waitlist.
const NAME: &str = "waitlist";

/// Entries of a page of either list.
pub const AT_ONCE: usize = 100;

/// Invites an address. Returns the invitation, and false if the address had one that is open.
pub async fn invite(
    auth: &Auth,
    operator: &Operator,
    reason: &ActReason,
    invite: &Invite<'_>,
) -> Result<(Invitation, bool), Error> {
    operator.may_change(auth, Role::Help).await?;
    let event = &recorder(auth, operator, reason);
    invitations::invite(auth, invite, &Inviter { name: &operator.name, event }).await
}

/// Mails an open invitation again.
pub async fn resend(
    auth: &Auth,
    operator: &Operator,
    reason: &ActReason,
    id: &str,
) -> Result<Invitation, Error> {
    operator.may_change(auth, Role::Help).await?;
    let event = &recorder(auth, operator, reason);
    invitations::resend(auth, id, &Inviter { name: &operator.name, event }).await
}

/// Withdraws an open invitation.
pub async fn withdraw(
    auth: &Auth,
    operator: &Operator,
    reason: &ActReason,
    id: &str,
) -> Result<Invitation, Error> {
    operator.may_change(auth, Role::Help).await?;
    let event = &recorder(auth, operator, reason);
    invitations::withdraw(auth, id, &Inviter { name: &operator.name, event }).await
}

/// Lets somebody in from the waitlist: by an invitation in the language that they asked in.
pub async fn let_in(
    auth: &Auth,
    operator: &Operator,
    reason: &ActReason,
    name: &str,
    note: &str,
) -> Result<Invitation, Error> {
    operator.may_change(auth, Role::Help).await?;
    let waiting = waiting(auth, name).await?;
    let language = Language::of_tag(&waiting.language).unwrap_or_default();
    let asked = Invite { email: waiting.address.as_str(), note, language, expires_in: None };
    Ok(invite(auth, operator, reason, &asked).await?.0)
}

/// Returns what makes events of an operator's acts, for which they gave a reason.
fn recorder<'a>(
    auth: &'a Auth,
    operator: &'a Operator,
    reason: &'a ActReason,
) -> impl Fn(Event, &Address) -> AuditEvent + Send + Sync + 'a {
    move |event, address| operator.event(auth, event, Some(address), reason)
}

/// Returns the invitations before a time and an id, the latest first.
pub async fn list(
    auth: &Auth,
    operator: &Operator,
    before: Millis,
    before_id: &str,
) -> Result<Vec<Invitation>, Error> {
    operator.may(auth, Role::Look).await?;
    auth.store.invitations_before(before, before_id).await
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

/// Returns those who wait after a time and a name, those who have waited longest first.
pub async fn waitlist(
    auth: &Auth,
    operator: &Operator,
    after: Millis,
    after_name: &str,
) -> Result<Vec<Waiting>, Error> {
    operator.may(auth, Role::Look).await?;
    let after_address = address_of(auth, after_name);
    let after_address = after_address.as_ref().map_or("", Address::as_str);
    auth.store.waitlist_after(after, after_address).await
}

/// Returns somebody on the waitlist with their whole address. That it was looked at is recorded.
pub async fn open_waiting(auth: &Auth, operator: &Operator, name: &str) -> Result<Waiting, Error> {
    operator.may(auth, Role::Look).await?;
    let waiting = waiting(auth, name).await?;
    record_opening(auth, operator, &waiting.address).await?;
    Ok(waiting)
}

/// Returns the name under which pages speak of somebody on the waitlist. It is the address, sealed:
/// a URL with the address itself would be in logs and histories.
pub fn name_of(auth: &Auth, address: &Address) -> Result<String, Error> {
    let sealed = auth.keys.seal(&auth.random, NAME, address.as_str().as_bytes())?;
    Ok(URL_SAFE_NO_PAD.encode(sealed))
}

fn address_of(auth: &Auth, name: &str) -> Option<Address> {
    let sealed = URL_SAFE_NO_PAD.decode(name).ok()?;
    String::from_utf8(auth.keys.open(NAME, &sealed)?).ok().map(Address::stored)
}

async fn waiting(auth: &Auth, name: &str) -> Result<Waiting, Error> {
    let address = address_of(auth, name).ok_or(Error::NotFound)?;
    let waiting = auth.store.waiting(&address).await?;
    waiting.ok_or_else(|| Error::invalid(say!("detail-waits-no-more")))
}
