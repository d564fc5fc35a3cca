//! A session about to begin: what is written of it in one step, and told after.

use super::{
    Browser, Client, Core, SignedIn,
    device::{self, Device},
    notice,
    sealed::Sealed,
    session,
};
use crate::server::values::event::{Event, Method, Reason};
use crate::server::{
    ground::{
        clock::{Millis, SECOND},
        error::Error,
    },
    store::{AuditEvent, AuthRequest, NewSession},
};

/// A session about to begin, and what will be told of it.
pub(super) struct Beginning<'a> {
    browser: &'a Browser,
    session_id: String,
    pub at: Millis,
    token_expires_at: Millis,
    expires_at: Millis,
    device: Device,
    /// The sign-in, and the session.
    events: [AuditEvent; 2],
    /// The session this browser presented, and its end.
    replaces: Option<(&'a str, AuditEvent)>,
    /// The end of one that this device may have beside that, which its browser did not present: its
    /// cookie was lost, or has come to be another address's.
    replaces_of_device: Option<AuditEvent>,
    /// For an owner who may not know of it.
    notice: Option<Sealed>,
}

impl<'a> Beginning<'a> {
    pub async fn new(
        core: &Core,
        method: Method,
        address: &str,
        browser: &'a Browser,
    ) -> Result<Self, Error> {
        let at = core.clock.now();
        let expires_at = at + Millis::from(core.policy().session.max_age) * SECOND;
        let token_expires_at = session::token_end(core, at, expires_at);
        let device = device::of_sign_in(core, address, browser, at).await?;
        let event =
            |name| core.event(name, Some(address), &browser.client).because(Reason::By(method));
        let events = [Event::AuthVerified, Event::SessionIssued].map(event);
        let replaced = |address: &str| {
            core.event(Event::SessionRevoked, Some(address), &browser.client)
                .because(Reason::Replaced)
        };
        let replaces = browser
            .session
            .as_ref()
            .map(|had| (had.id.as_str(), replaced(&had.address).of_user(&had.user_id)));
        let replaces_of_device = (device.was_known && browser.signed_in_as() != Some(address))
            .then(|| replaced(address));
        let session_id = core.random.id()?;
        let notice = notice::of_session(core, address, &session_id, browser, &device, at)?;
        Ok(Beginning {
            browser,
            session_id,
            at,
            token_expires_at,
            expires_at,
            device,
            events,
            replaces,
            replaces_of_device,
            notice,
        })
    }

    pub fn session(&self) -> NewSession<'_> {
        let replaces = self.replaces.as_ref().map(|(id, event)| (*id, event));
        let Client { user_agent, ip_prefix, .. } = &self.browser.client;
        let (id, expires_at) = (self.session_id.as_str(), self.expires_at);
        let notice = self.notice.as_ref().map(|notice| notice.new_mail("", false));
        NewSession {
            id,
            device: &self.device.id,
            user_agent,
            ip_prefix,
            token_expires_at: self.token_expires_at,
            expires_at,
            replaces,
            replaces_of_device: self.replaces_of_device.as_ref(),
            events: &self.events,
            notice,
        }
    }

    /// It has begun.
    pub fn signed_in(
        self,
        user_id: String,
        address: String,
        destination: String,
        request: Option<AuthRequest>,
    ) -> SignedIn {
        self.events.into_iter().for_each(|event| event.of_user(&user_id).tell());
        self.replaces.into_iter().for_each(|(_, event)| event.tell());
        let Beginning { session_id, at: issued_at, token_expires_at, device, .. } = self;
        SignedIn {
            session_id,
            user_id,
            address,
            destination,
            request,
            issued_at,
            token_expires_at,
            devices: device.entries,
        }
    }
}
