//! Invitations: made, mailed again, withdrawn and listed. Who is invited may sign in whatever the
//! rules for new people say.

use super::{
    Auth, code::Code, code_hash, invitation_proofs, limits, sealed::SealedMail, terms::is_control,
};
use crate::server::{
    ground::{
        clock::{DAY, Millis, SECOND, seconds_until},
        error::Error,
        words::Language,
    },
    mail::letter::{InvitationLetter, Letter},
    store::{AuditEvent, Invitation, Invited, Remailed, Usage},
    values::{address::Address, event::Event},
};

/// Shortest time that an invitation is open, in seconds.
const SHORTEST_LIFE: u32 = 3_600;
/// Most mails of one invitation: who has not seen ten will not see more.
const MOST_MAILS: i64 = 10;
/// Most characters of the words that go with an invitation.
const LONGEST_NOTE: usize = 500;
/// Time after which the mail of an invitation is no longer tried.
const WORTH: Millis = DAY;
/// Name that invitations by a command of the program have.
pub const BY_COMMAND: &str = "command";

/// Somebody who invites, and how their acts become events.
pub struct Inviter<'a> {
    /// Address of an operator, `app:` and the id of an app, or [`BY_COMMAND`].
    pub name: &'a str,
    pub event: &'a (dyn Fn(Event, &Address) -> AuditEvent + Send + Sync),
}

/// An invitation to be made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Invite<'a> {
    pub email: &'a str,
    /// Words for the mail. May be empty.
    pub note: &'a str,
    pub language: Language,
    /// Seconds that it is open, if not as long as the policy says.
    pub expires_in: Option<u32>,
}

/// Invites an address. Returns the invitation, and false if the address had one that is open:
/// nothing happens then, so that whoever is not sure may ask twice.
pub async fn invite(
    auth: &Auth,
    invite: &Invite<'_>,
    by: &Inviter<'_>,
) -> Result<(Invitation, bool), Error> {
    auth.own_users()?;
    let address = Address::parse(invite.email)?;
    let note = checked_note(invite.note)?;
    let (policy, now) = (auth.policy(), auth.clock.now());
    let longest = policy.sign_up.invitation_expires_in;
    let expires_in = invite.expires_in.unwrap_or(longest);
    if !(SHORTEST_LIFE..=longest).contains(&expires_in) {
        return Err(Error::invalid(format!(
            "expires_in must be {SHORTEST_LIFE} to {longest} seconds \
             (sign_up.invitation_expires_in), and is {expires_in}."
        )));
    }
    let (code, code_salt) = (Code::random(&auth.random)?, auth.random.bytes::<16>()?.to_vec());
    let new = Invitation {
        id: auth.random.id()?,
        address,
        invited_by: by.name.to_owned(),
        note,
        language: invite.language.tag().to_owned(),
        expires_in: expires_in.into(),
        code_hash: code_hash::keep(&code, &code_salt, &auth.keys)?,
        code_salt,
        code_tries: 0,
        mails: 1,
        last_mail_at: now,
        created_at: now,
        expires_at: now + Millis::from(expires_in) * SECOND,
        accepted_at: None,
        withdrawn_at: None,
    };
    let mail = letter(auth, &new, &code)?;
    let event = (by.event)(Event::UserInvited, &new.address);
    let allow = |mails: &[Usage]| limits::mail(&policy.limits, mails, None, now);
    match auth.store.invite(&new, &mail.new_mail(&new.id, false), &event, allow).await? {
        Invited::Made => {
            event.emit();
            auth.outbox.wake();
            Ok((new, true))
        }
        Invited::Before(before) => Ok((*before, false)),
        Invited::IsUser => {
            Err(Error::invalid("The address belongs to a user already, who can sign in."))
        }
        Invited::Banned => Err(Error::invalid(
            "The address is kept out: let it in again first (latchkey users enable).",
        )),
    }
}

/// Mails an open invitation again, with another link and code: those of earlier mails end. It is
/// then open as long as a new one, and no longer than the policy says by now.
pub async fn resend(auth: &Auth, id: &str, by: &Inviter<'_>) -> Result<Invitation, Error> {
    auth.own_users()?;
    let found = auth.store.invitation(id).await?.ok_or(Error::NotFound)?;
    let (policy, now) = (auth.policy(), auth.clock.now());
    let code = Code::random(&auth.random)?;
    let open_for = found.expires_in.min(policy.sign_up.invitation_expires_in.into());
    let next = Invitation {
        code_hash: code_hash::keep(&code, &found.code_salt, &auth.keys)?,
        code_tries: 0,
        mails: found.mails + 1,
        last_mail_at: now,
        expires_at: now + open_for * SECOND,
        ..found
    };
    let mail = letter(auth, &next, &code)?;
    let event = (by.event)(Event::InvitationResent, &next.address);
    let cooldown = Millis::from(policy.auth.resend_cooldown) * SECOND;
    let allow = |current: &Invitation, mails: &[Usage]| {
        if current.mails >= MOST_MAILS {
            return Err(Error::invalid(format!(
                "This invitation was mailed {MOST_MAILS} times: withdraw it, and ask the person \
                 whether the address is right."
            )));
        }
        let free_at = current.last_mail_at + cooldown;
        if now < free_at {
            return Err(Error::RateLimited { retry_after: seconds_until(now, free_at) });
        }
        limits::mail(&policy.limits, mails, None, now)
    };
    let mail = mail.new_mail(id, false);
    match auth.store.renew_invitation(&next, &mail, &event, allow).await? {
        Remailed::Done => {
            event.emit();
            auth.outbox.wake();
            Ok(next)
        }
        Remailed::Over => Err(over()),
        Remailed::Overtaken => Err(Error::RateLimited { retry_after: 1 }),
    }
}

/// Withdraws an open invitation: its mails let nobody in any more.
pub async fn withdraw(auth: &Auth, id: &str, by: &Inviter<'_>) -> Result<Invitation, Error> {
    let found = auth.store.invitation(id).await?.ok_or(Error::NotFound)?;
    let event = (by.event)(Event::InvitationWithdrawn, &found.address);
    if !auth.store.withdraw_invitation(id, &found.address, &event).await? {
        return Err(over());
    }
    event.emit();
    Ok(Invitation { withdrawn_at: Some(event.at), ..found })
}

/// Returns the mail of an invitation. Its bucket is its own: it takes nothing from the allowance of
/// the sign-in mails of the address, and no address contains a space.
fn letter(auth: &Auth, invitation: &Invitation, code: &Code) -> Result<SealedMail, Error> {
    let letter = InvitationLetter {
        invitation: invitation.id.clone(),
        accept_link: invitation_proofs::link(auth, invitation)?,
        accept_code: code.as_str().to_owned(),
        invited_by: invitation.invited_by.clone(),
        note: invitation.note.clone(),
        expires_at: invitation.expires_at,
        language: Language::of_tag(&invitation.language).unwrap_or_default(),
    };
    let bucket = format!("{} invitation", invitation.address.as_str());
    let worth = invitation.expires_at.min(invitation.last_mail_at + WORTH);
    SealedMail::new(auth, &Letter::Invitation(letter), bucket, worth)
}

/// Checks the words that go with an invitation. They are read in the name of this site, so they may
/// not hide or reorder the text around them.
fn checked_note(note: &str) -> Result<String, Error> {
    let note = note.replace("\r\n", "\n");
    let note = note.trim();
    if note.chars().count() > LONGEST_NOTE {
        return Err(Error::invalid(format!("A note may have {LONGEST_NOTE} characters.")));
    }
    if note.chars().any(|c| c != '\n' && is_control(c)) {
        return Err(Error::invalid("A note may hold no control characters."));
    }
    Ok(note.to_owned())
}

fn over() -> Error {
    Error::invalid("This invitation is no longer open. Invite the address again.")
}
