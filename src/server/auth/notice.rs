//! "A new device signed in" and "your password was set": a mail to whose address it is, with a
//! press that puts out who did it.

use super::{
    Auth, Client, Requester, device::Device, dispute::Disputed, sealed::SealedMail,
    session::Session,
};
use crate::server::{
    ground::{
        clock::{DAY, Millis},
        error::Error,
        words::language,
    },
    mail::letter::{Letter, NewDeviceLetter, PasswordLetter},
};

/// How long it is worth sending.
const WORTH: Millis = DAY;

/// The notice of a session that begins in `requester`; none where the browser has signed in to the
/// address before, or where policy has no notices.
pub fn of_session(
    auth: &Auth,
    address: &str,
    session_id: &str,
    requester: &Requester,
    device: &Device,
    at: Millis,
) -> Result<Option<SealedMail>, Error> {
    if !auth.policy().mail.new_device_notice || device.was_known {
        return Ok(None);
    }
    let notice = NewDeviceLetter {
        end_session: Disputed::Session.link(auth, session_id)?,
        signed_in_at: at,
        user_agent: requester.client.user_agent.clone(),
        network: requester.client.ip_prefix.clone(),
        language: language(),
    };
    sealed(auth, address, &Letter::NewDevice(notice), at).map(Some)
}

/// The notice of a password that `session` sets or removes. Whatever the policy: it is a way in.
pub fn of_password(
    auth: &Auth,
    session: &Session,
    was_set: bool,
    client: &Client,
    at: Millis,
) -> Result<SealedMail, Error> {
    let change = PasswordLetter {
        put_out: Disputed::PasswordChange.link(auth, &session.row.id)?,
        changed_at: at,
        was_set,
        user_agent: client.user_agent.clone(),
        network: client.ip_prefix.clone(),
        language: language(),
    };
    sealed(auth, &session.row.address, &Letter::PasswordLetter(change), at)
}

/// In a bucket of its own: it takes from nobody's allowance of mails. No address holds a space.
fn sealed(auth: &Auth, address: &str, notice: &Letter, at: Millis) -> Result<SealedMail, Error> {
    SealedMail::new(auth, notice, format!("{address} notice"), at + WORTH)
}
