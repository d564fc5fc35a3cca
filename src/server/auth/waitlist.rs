//! The waitlist: people who asked for a mail while sign-up has one. They are told by mail that they
//! are on it. An operator lets them in by inviting them, or takes them off it.

use super::{Auth, Client, admission::takes, sealed::SealedMail};
use crate::server::{
    config::SignUp,
    ground::{clock::DAY, error::Error, words::Language},
    mail::letter::{Letter, WaitlistLetter},
    store::{AuditEvent, Listed},
    values::{address::Address, event::Event},
};

/// Puts an address whose sign-in mail is withheld on the waitlist, and tells it so by a mail of its
/// own, if the policy has one and the rules for new people take the address. Called by the outbox
/// worker, so that no answer can depend on it. Asking again is noted, and mails nothing: strangers
/// could have somebody mailed again and again.
pub async fn put(
    auth: &Auth,
    address: &Address,
    language: Language,
    request_id: &str,
) -> Result<(), Error> {
    let policy = auth.policy();
    let is_on = policy.auth.sign_up == SignUp::Waitlist && auth.team_users.is_none();
    if !is_on || !takes(&policy, address) || auth.store.is_banned(None, address).await? {
        return Ok(());
    }
    let client = Client { request_id: request_id.to_owned(), ..Client::default() };
    let event = auth.event(Event::WaitlistJoined, Some(address), &client);
    let letter = Letter::Waitlist(WaitlistLetter { waiting_since: event.at, language });
    let bucket = format!("{} waitlist", address.as_str());
    let mail = SealedMail::new(auth, &letter, bucket, event.at + DAY)?;
    let most = policy.sign_up.waitlist_per_hour.into();
    let (tag, mail) = (language.tag(), mail.new_mail("", false));
    match auth.store.join_waitlist(address, tag, most, &mail, &event).await? {
        Listed::New => {
            event.emit();
            auth.outbox.wake();
        }
        Listed::Before => {}
        Listed::Full => auth.waitlist_is_full(),
    }
    Ok(())
}

/// Takes an address off the waitlist. Returns false if it was not there. Nothing is mailed, a mail
/// that says that it is there is sent no more, and nobody sees a difference: whoever asks again is
/// put on the list like anybody else.
pub async fn remove(auth: &Auth, address: &Address, event: &AuditEvent) -> Result<bool, Error> {
    let was_there = auth.store.leave_waitlist(address, event).await?;
    if was_there {
        event.emit();
    }
    Ok(was_there)
}
