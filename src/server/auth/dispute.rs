//! The "not you" link: with it the owner of an address stops a sign-in that somebody else asked
//! for, or ends the access of somebody who began a session or set a password.

use crate::server::values::{
    address::Address,
    event::{Event, Reason},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Auth, Client};
use crate::server::{
    ground::{clock::Millis, error::Error},
    store::Dispute,
};

/// Subject of a mail that its recipient can dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disputed {
    Request,
    Session,
    /// A password that was set or removed, identified by the session that did it.
    PasswordChange,
}

/// Further things that the owner asks to end with the disputed sign-in.
#[derive(Clone, Copy, Debug, Default)]
pub struct AlsoEnd {
    /// Every session of the user.
    pub everywhere: bool,
    pub remove_password: bool,
}

/// Auth request that has not ended, or session, with details of who began it.
#[derive(Debug)]
pub struct DisputedSignIn {
    id: String,
    /// Empty for an auth request.
    user_id: String,
    pub address: Address,
    pub user_agent: String,
    pub network: String,
    pub begun_at: Millis,
}

impl Disputed {
    /// Returns what a page or a form disputes, and the token for it. If several tokens are given, a
    /// session comes before a password change, and that before an auth request.
    pub fn of(
        request: Option<String>,
        session: Option<String>,
        password_change: Option<String>,
    ) -> (Self, String) {
        match (session, password_change) {
            (Some(token), _) => (Disputed::Session, token),
            (None, Some(token)) => (Disputed::PasswordChange, token),
            (None, None) => (Disputed::Request, request.unwrap_or_default()),
        }
    }

    /// Returns the name used in links and forms.
    pub fn name(self) -> &'static str {
        match self {
            Disputed::Request => "request",
            Disputed::Session => "session",
            Disputed::PasswordChange => "password_change",
        }
    }

    /// Returns the purpose bound to the seal: no other text we seal opens under it.
    fn purpose(self) -> &'static str {
        match self {
            Disputed::Request => "not you: request",
            Disputed::Session => "not you: session",
            Disputed::PasswordChange => "not you: password change",
        }
    }

    /// Returns the link for a mail. It contains the id sealed, because the id of an auth request is
    /// what binds the request to its browser.
    pub fn link(self, auth: &Auth, id: &str) -> Result<String, Error> {
        Ok(auth.public_url.not_you(self.name(), &self.token(auth, id)?))
    }

    /// Returns the token that the link carries.
    pub fn token(self, auth: &Auth, id: &str) -> Result<String, Error> {
        let sealed = auth.keys.seal(&auth.random, self.purpose(), id.as_bytes())?;
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    fn id(self, auth: &Auth, token: &str) -> Result<String, Error> {
        let sealed = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::LinkInvalid)?;
        auth.keys
            .open(self.purpose(), &sealed)
            .and_then(|id| String::from_utf8(id).ok())
            .ok_or(Error::LinkInvalid)
    }

    /// Finds what a token names: an auth request if it has not ended, a session as long as its row
    /// is kept. A session counts even after it has ended: the intruder may have left and may come
    /// back on a known device, or with a password they set.
    pub async fn find(self, auth: &Auth, token: &str) -> Result<Option<DisputedSignIn>, Error> {
        let (id, now) = (self.id(auth, token)?, auth.clock.now());
        Ok(match self {
            Disputed::Request => {
                let request = auth.store.auth_request(&id).await?;
                request.filter(|request| request.ended().is_none() && now < request.expires_at).map(
                    |request| DisputedSignIn {
                        id,
                        user_id: String::new(),
                        address: request.address,
                        user_agent: request.user_agent,
                        network: request.ip_prefix,
                        begun_at: request.created_at,
                    },
                )
            }
            Disputed::Session | Disputed::PasswordChange => {
                let session = auth.store.session_that_began(&id).await?;
                session.map(|session| DisputedSignIn {
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

    /// Ends what a token names, and returns false if there was nothing to end. The link and the
    /// code of an auth request stop working. With a session end the pending requests of the address
    /// and the trust in its devices, because the owner cannot tell which are the intruder's, and
    /// whatever `also_end` asks for.
    pub async fn stop(
        self,
        auth: &Auth,
        token: &str,
        also_end: AlsoEnd,
        client: &Client,
    ) -> Result<bool, Error> {
        auth.one_more_verify(client).await?;
        let Some(found) = self.find(auth, token).await? else { return Ok(false) };
        if self != Disputed::Request {
            let remove_password = also_end.remove_password || self == Disputed::PasswordChange;
            dispute(auth, &found, AlsoEnd { remove_password, ..also_end }, client).await?;
            return Ok(true);
        }
        let event = auth.event(Event::AuthCancelled, Some(&found.address), client);
        let cancelled = auth.store.cancel(&found.id, &found.address, &event).await?;
        if cancelled {
            event.emit();
        }
        Ok(cancelled)
    }
}

async fn dispute(
    auth: &Auth,
    found: &DisputedSignIn,
    also_end: AlsoEnd,
    client: &Client,
) -> Result<(), Error> {
    let DisputedSignIn { id, user_id, address, .. } = found;
    let event =
        |name| auth.event(name, Some(address), client).because(Reason::NotYou).of_user(user_id);
    let [disputed, revoked, cancelled, removed] = [
        Event::SessionDisputed,
        Event::SessionRevoked,
        Event::AuthCancelled,
        Event::PasswordRemoved,
    ]
    .map(event);
    let ended = auth
        .store
        .dispute(&Dispute {
            session_id: id,
            user_id,
            address,
            everywhere: also_end.everywhere,
            remove_password: also_end.remove_password,
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
            event.emit();
        }
    }
    Ok(())
}
