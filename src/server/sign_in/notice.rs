//! "A new device signed in": a mail to whose address it is, with one press to end that session.

use super::{
    Browser, Core, device,
    not_you::What,
    payload::{Notice, Payload, Sealed},
};
use crate::{
    error::Error,
    server::{
        clock::{DAY, Millis},
        words::language,
    },
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
    at: Millis,
) -> Result<Option<Sealed>, Error> {
    if !core.policy().mail.new_device_notice || device::is_known(core, address, browser) {
        return Ok(None);
    }
    let notice = Notice {
        end_session: What::Session.link(core, session_id)?,
        signed_in_at: at,
        user_agent: browser.client.user_agent.clone(),
        network: browser.client.ip_prefix.clone(),
        language: language(),
    };
    // A bucket of its own: it takes from nobody's allowance of mails. No address holds a space.
    Sealed::new(core, &Payload::NewDevice(notice), format!("{address} notice"), at + WORTH)
        .map(Some)
}
