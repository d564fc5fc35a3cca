//! "Was this not you?": the owner of an address stops a sign-in that somebody else asked for, or
//! puts out who began a session or set a password.

use crate::server::values::event::{Event, Reason};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Client, Core};
use crate::server::{
    ground::{clock::Millis, error::Error},
    store::Dispute,
};

/// What a mail is about, and can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Request,
    Session,
    /// A password that was set or removed, by the session that did it.
    PasswordChange,
}

/// What the owner wants to end beside what a mail is about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish {
    /// Every session.
    pub everywhere: bool,
    pub remove_password: bool,
}

/// An auth request that has not ended, or a session, and who began it.
#[derive(Debug)]
pub struct Found {
    id: String,
    /// Empty for an auth request.
    user_id: String,
    pub address: String,
    pub user_agent: String,
    pub network: String,
    pub begun_at: Millis,
}

impl What {
    /// What a page or a form names, with its token.
    pub fn of(
        request: Option<String>,
        session: Option<String>,
        password_change: Option<String>,
    ) -> (Self, String) {
        match (session, password_change) {
            (Some(token), _) => (What::Session, token),
            (None, Some(token)) => (What::PasswordChange, token),
            (None, None) => (What::Request, request.unwrap_or_default()),
        }
    }

    /// In links and forms.
    pub fn name(self) -> &'static str {
        match self {
            What::Request => "request",
            What::Session => "session",
            What::PasswordChange => "password_change",
        }
    }

    /// What a seal is for: no other sealed text of ours opens under it.
    fn purpose(self) -> &'static str {
        match self {
            What::Request => "not you: request",
            What::Session => "not you: session",
            What::PasswordChange => "not you: password change",
        }
    }

    /// The link in a mail. The id is sealed in it, because that of an auth request is what binds it
    /// to its browser.
    pub fn link(self, core: &Core, id: &str) -> Result<String, Error> {
        let sealed = core.keys.seal(&core.random, self.purpose(), id.as_bytes())?;
        Ok(core.public_url.not_you(self.name(), &URL_SAFE_NO_PAD.encode(sealed)))
    }

    fn id(self, core: &Core, token: &str) -> Result<String, Error> {
        let sealed = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::LinkInvalid)?;
        core.keys
            .open(self.purpose(), &sealed)
            .and_then(|id| String::from_utf8(id).ok())
            .ok_or(Error::LinkInvalid)
    }

    /// What a token names: an auth request if it has not ended, a session as long as its row is
    /// kept. Whoever was in it may be gone by now, and come again as a device that is known, or by
    /// the password they set.
    pub async fn find(self, core: &Core, token: &str) -> Result<Option<Found>, Error> {
        let (id, now) = (self.id(core, token)?, core.clock.now());
        Ok(match self {
            What::Request => {
                let request = core.store.auth_request(&id).await?;
                request.filter(|request| request.ended().is_none() && now < request.expires_at).map(
                    |request| Found {
                        id,
                        user_id: String::new(),
                        address: request.address,
                        user_agent: request.user_agent,
                        network: request.ip_prefix,
                        begun_at: request.created_at,
                    },
                )
            }
            What::Session | What::PasswordChange => {
                let session = core.store.session_that_began(&id).await?;
                session.map(|session| Found {
                    id,
                    user_id: session.user_id,
                    address: session.address,
                    user_agent: session.user_agent,
                    network: session.ip_prefix,
                    begun_at: session.created_at,
                })
            }
        })
    }

    /// Ends what a token names: link and code of an auth request are dead. With a session go all
    /// that its owner cannot tell from it: pending requests of the address, the trust in its
    /// devices, and what they wish. Whether there was anything to end.
    pub async fn stop(
        self,
        core: &Core,
        token: &str,
        wish: Wish,
        client: &Client,
    ) -> Result<bool, Error> {
        core.one_more_verify(client.ip).await?;
        let Some(found) = self.find(core, token).await? else { return Ok(false) };
        if self != What::Request {
            let remove_password = wish.remove_password || self == What::PasswordChange;
            dispute(core, &found, Wish { remove_password, ..wish }, client).await?;
            return Ok(true);
        }
        let event = core.event(Event::AuthCancelled, Some(&found.address), client);
        let cancelled = core.store.cancel(&found.id, &found.address, &event).await?;
        if cancelled {
            event.tell();
        }
        Ok(cancelled)
    }
}

async fn dispute(core: &Core, found: &Found, wish: Wish, client: &Client) -> Result<(), Error> {
    let Found { id, user_id, address, .. } = found;
    let event =
        |name| core.event(name, Some(address), client).because(Reason::NotYou).of_user(user_id);
    let [disputed, revoked, cancelled, removed] = [
        Event::SessionDisputed,
        Event::SessionRevoked,
        Event::AuthCancelled,
        Event::PasswordRemoved,
    ]
    .map(event);
    let ended = core
        .store
        .dispute(&Dispute {
            session_id: id,
            user_id,
            address,
            everywhere: wish.everywhere,
            remove_password: wish.remove_password,
            disputed: &disputed,
            revoked: &revoked,
            cancelled: &cancelled,
            removed: &removed,
        })
        .await?;
    for (event, happened) in [
        (disputed, true),
        (revoked, ended.sessions),
        (cancelled, ended.requests),
        (removed, ended.password),
    ] {
        if happened {
            event.tell();
        }
    }
    Ok(())
}
