//! Notices by mail, "a new device signed in" and "your password was set": they go to the owner of
//! the address and link to a page where one click ends the access of whoever did it.

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
    values::address::Address,
};

/// Time after which a notice is no longer worth sending.
const WORTH: Millis = DAY;

/// Creates the notice of a session that begins in `requester`. `None` if the browser has signed in
/// to the address before, or if the policy has notices switched off.
pub fn of_session(
    auth: &Auth,
    address: &Address,
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

/// Creates the notice of a password that `session` sets or removes. The policy cannot switch it
/// off: a password is a way in.
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

/// Seals a notice in a bucket of its own, so that it uses up nobody's allowance of mails. Addresses
/// contain no space, so the bucket is never an address.
fn sealed(
    auth: &Auth,
    address: &Address,
    notice: &Letter,
    at: Millis,
) -> Result<SealedMail, Error> {
    SealedMail::new(auth, notice, format!("{} notice", address.as_str()), at + WORTH)
}
