//! Variables of the templates for people who are not users yet: what invitations and the mail about
//! the waitlist say.

use minijinja::{Value, context};

use super::{
    letter::{InvitationLetter, WaitlistLetter},
    variables::{help, of_every_mail, spaced},
};
use crate::server::{
    config::Policy,
    ground::{
        clock::{Millis, seconds_until},
        words::{date, duration, say},
    },
    values::public_url::PublicUrl,
};

/// Returns the name that people see of whoever invited: an operator's address, or the name of an
/// app. `None` if that says nothing to them.
pub fn inviter(invited_by: &str, policy: &Policy) -> Option<String> {
    match invited_by.strip_prefix("app:") {
        Some(id) => Some(policy.app_name(id).to_owned()),
        None => invited_by.contains('@').then(|| invited_by.to_owned()),
    }
}

/// Returns the variables for the templates of an invitation.
pub fn invitation(
    letter: &InvitationLetter,
    address: &str,
    policy: &Policy,
    public_url: &PublicUrl,
    now: Millis,
) -> Value {
    let brand = policy.brand.name.as_str();
    let by = inviter(&letter.invited_by, policy);
    let lifetime = duration(seconds_until(now, letter.expires_at));
    let (title, invited) = match &by {
        Some(by) => (
            say!("mail-invitation-title", brand = brand),
            say!("mail-invitation-by", by = by.as_str(), address = address, brand = brand),
        ),
        None => (
            say!("mail-invitation-title", brand = brand),
            say!("mail-invitation-to", address = address, brand = brand),
        ),
    };
    // Without the marks around inserted values, as in a line of help.
    let type_code = say!("mail-invitation-type", page = public_url.invitation_code())
        .replace(['\u{2068}', '\u{2069}'], "");
    let words = context! {
        title, invited, type_code,
        preview => say!("mail-invitation-preview", lifetime = lifetime.as_str()),
        open_link => say!("mail-invitation-open"),
        accept => say!("mail-invitation-accept"),
        once => say!("mail-once", lifetime = lifetime.as_str()),
        ignore => say!("mail-invitation-ignore"),
        copy_link => say!("mail-copy-link"),
        help => help(policy),
    };
    let note: Vec<&str> = letter.note.lines().map(str::trim_end).collect();
    context! {
        link => letter.accept_link, code => letter.accept_code,
        code_spaced => spaced(&letter.accept_code),
        lifetime, note, address, invited_by => by, words,
        ..of_every_mail(policy, public_url)
    }
}

/// Returns the variables for the templates of the mail about the waitlist.
pub fn waitlist(
    letter: &WaitlistLetter,
    address: &str,
    policy: &Policy,
    public_url: &PublicUrl,
) -> Value {
    let brand = policy.brand.name.as_str();
    let date = date(letter.waiting_since);
    let words = context! {
        title => say!("mail-waitlist-title", brand = brand),
        preview => say!("mail-waitlist-preview"),
        explained => say!("mail-waitlist-explained", address = address, brand = brand, date = date),
        next => say!("mail-waitlist-next"),
        ignore => say!("mail-waitlist-ignore"),
        help => help(policy),
    };
    context! { address, words, ..of_every_mail(policy, public_url) }
}
