//! "A new device signed in": a mail to whose address it is, with one press to end that session.

use serde::{Deserialize, Serialize};

use super::{Browser, Core, device, not_you};
use crate::{
    error::Error,
    server::{
        clock::{DAY, Millis},
        store::NewMail,
        words::{Language, language},
    },
};

/// How long it is worth sending.
const WORTH: Millis = DAY;

/// What the outbox keeps sealed of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Notice {
    /// Where the session is ended.
    pub end_session: String,
    pub signed_in_at: Millis,
    pub user_agent: String,
    pub network: String,
    pub language: Language,
}

/// A notice ready for the outbox.
pub struct Sealed {
    mail_id: String,
    bucket: String,
    payload: Vec<u8>,
    expires_at: Millis,
}

impl Sealed {
    /// The notice of a session that begins in `browser`; none where the browser has signed in to the address before, or where
    /// policy has no notices.
    pub fn of(core: &Core, address: &str, session_id: &str, browser: &Browser, at: Millis) -> Result<Option<Self>, Error> {
        if !core.policy().mail.new_device_notice || device::is_known(core, address, browser) {
            return Ok(None);
        }
        let notice = Notice {
            end_session: core.public_url.not_you("session", &not_you::session_token(core, session_id)?),
            signed_in_at: at,
            user_agent: browser.client.user_agent.clone(),
            network: browser.client.ip_prefix.clone(),
            language: language(),
        };
        let mail_id = core.random.id()?;
        let plain = serde_json::to_vec(&notice).map_err(|_| Error::Internal)?;
        let payload = core.keys.seal(&core.random, &mail_id, &plain)?;
        // A bucket of its own: it takes from nobody's allowance of mails. No address holds a space.
        Ok(Some(Sealed { mail_id, bucket: format!("{address} notice"), payload, expires_at: at + WORTH }))
    }

    pub fn mail(&self) -> NewMail<'_> {
        let Sealed { mail_id: id, bucket, payload, expires_at } = self;
        NewMail { id, auth_request_id: "", bucket, payload, expires_at: *expires_at, handed_over: false }
    }
}
