//! "A new device signed in" and "your password was set": a mail to whose address it is, with a
//! press that puts out who did it.

use super::{
    Browser, Client, Core, device::Device, not_you::What, sealed::Sealed, session::Session,
};
use crate::server::{
    ground::{
        clock::{DAY, Millis},
        error::Error,
        words::language,
    },
    mail::payload::{Notice, PasswordChange, Payload},
};

/// How long it is worth sending.
const WORTH: Millis = DAY;

/// The notice of a session that begins in `browser`; none where the browser has signed in to the
/// address before, or where policy has no notices.
pub fn of_session(
    core: &Core,
    address: &str,
    session_id: &str,
    browser: &Browser,
    device: &Device,
    at: Millis,
) -> Result<Option<Sealed>, Error> {
    if !core.policy().mail.new_device_notice || device.was_known {
        return Ok(None);
    }
    let notice = Notice {
        end_session: What::Session.link(core, session_id)?,
        signed_in_at: at,
        user_agent: browser.client.user_agent.clone(),
        network: browser.client.ip_prefix.clone(),
        language: language(),
    };
    sealed(core, address, &Payload::NewDevice(notice), at).map(Some)
}

/// The notice of a password that `session` sets or removes. Whatever the policy: it is a way in.
pub fn of_password(
    core: &Core,
    session: &Session,
    was_set: bool,
    client: &Client,
    at: Millis,
) -> Result<Sealed, Error> {
    let change = PasswordChange {
        put_out: What::PasswordChange.link(core, &session.row.id)?,
        changed_at: at,
        was_set,
        user_agent: client.user_agent.clone(),
        network: client.ip_prefix.clone(),
        language: language(),
    };
    sealed(core, &session.row.address, &Payload::PasswordChange(change), at)
}

/// In a bucket of its own: it takes from nobody's allowance of mails. No address holds a space.
fn sealed(core: &Core, address: &str, notice: &Payload, at: Millis) -> Result<Sealed, Error> {
    Sealed::new(core, notice, format!("{address} notice"), at + WORTH)
}
