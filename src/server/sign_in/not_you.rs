//! "Was this not you?": the owner of an address stops a sign-in that somebody else asked for, or
//! ends a session that somebody else began.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Client, Core};
use crate::{
    error::Error,
    server::{
        clock::Millis,
        event::{AUTH_CANCELLED, SESSION_REVOKED},
    },
};

/// What a mail is about, and can be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    Request,
    Session,
}

/// An auth request or a session that has not ended, and who began it.
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
    pub fn of(request: Option<String>, session: Option<String>) -> (Self, String) {
        match session {
            Some(token) => (What::Session, token),
            None => (What::Request, request.unwrap_or_default()),
        }
    }

    /// In links and forms.
    pub fn name(self) -> &'static str {
        match self {
            What::Request => "request",
            What::Session => "session",
        }
    }

    /// What a seal is for: no other sealed text of ours opens under it.
    fn purpose(self) -> &'static str {
        match self {
            What::Request => "not you: request",
            What::Session => "not you: session",
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

    /// What a token names, if it has not ended.
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
            What::Session => {
                let session = core.store.session(&id, core.mapped_users.is_none(), now).await?;
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

    /// Ends what a token names: link and code of an auth request are dead, a session is at its next
    /// request. Whether there was anything to end.
    pub async fn stop(self, core: &Core, token: &str, client: &Client) -> Result<bool, Error> {
        core.ip_limits.verify(client.ip)?;
        let Some(Found { id, user_id, address, .. }) = self.find(core, token).await? else {
            return Ok(false);
        };
        let event = |name| core.event(name, Some(&address), client);
        let (event, stopped) = match self {
            What::Request => {
                let event = event(AUTH_CANCELLED);
                let cancelled = core.store.cancel(&id, &address, &event).await?;
                (event, cancelled)
            }
            What::Session => {
                let event = event(SESSION_REVOKED).because("not_you").of_user(&user_id);
                let revoked = core.store.revoke_session(&user_id, &id, &event).await?;
                (event, revoked > 0)
            }
        };
        if stopped {
            event.tell();
        }
        Ok(stopped)
    }
}
