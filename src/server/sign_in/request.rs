//! Auth requests: asking for a mail, and asking again.

use serde::{Deserialize, Serialize};

use super::{
    Browser, Core,
    address::{self, Address},
    code::{self, Code},
    destination, limits,
    link::{self, LinkToken},
};
use crate::{
    error::Error,
    server::{
        clock::{Millis, SECOND, seconds_until},
        keys::Keys,
        store::{AuthRequest, Credential, NewAuthRequest, NewMail},
    },
};

/// The only mode there is as yet: link and code in one mail.
const MODE: &str = "LINK_OTP";

/// An accepted request for a mail.
#[derive(Clone, Debug)]
pub struct Started {
    pub auth_request_id: String,
    pub expires_at: Millis,
    /// Seconds.
    pub expires_in: u32,
    pub passwordless_type: &'static str,
}

/// What the outbox keeps sealed: all a mail says that must not be readable in the database.
#[derive(Serialize, Deserialize)]
pub struct Letter {
    pub link_token: String,
    pub code: String,
    pub expires_at: Millis,
    pub requested_at: Millis,
    pub user_agent: String,
}

/// New secrets, and what is kept of them.
struct Secrets {
    credential: Credential,
    mail_id: String,
    sealed: Vec<u8>,
    expires_at: Millis,
}

impl Secrets {
    fn make(core: &Core, generation: i64, code_salt: &[u8], user_agent: &str, now: Millis) -> Result<Self, Error> {
        let token = LinkToken::random(&core.random)?;
        let code = Code::random(&core.random)?;
        let expires_at = now + Millis::from(core.policy.auth.expires_in) * SECOND;
        let code_hash = code::hash_to_keep(&code, code_salt, &core.keys)?;
        let credential = Credential { generation, link_hash: token.hash(), code_hash };
        let mail_id = core.random.id()?;
        let letter = Letter {
            link_token: token.encode(),
            code: code.as_str().to_owned(),
            expires_at,
            requested_at: now,
            user_agent: user_agent.to_owned(),
        };
        let letter = serde_json::to_vec(&letter).map_err(|_| Error::Internal)?;
        let sealed = core.keys.seal(&core.random, &mail_id, &letter)?;
        Ok(Secrets { credential, mail_id, sealed, expires_at })
    }

    fn mail<'a>(&'a self, auth_request_id: &'a str) -> NewMail<'a> {
        NewMail { id: &self.mail_id, auth_request_id, payload: &self.sealed, expires_at: self.expires_at }
    }
}

impl Letter {
    /// What was sealed for the mail `mail_id`; nothing when no key in force opens it.
    pub fn open(keys: &Keys, mail_id: &str, sealed: &[u8]) -> Option<Self> {
        serde_json::from_slice(&keys.open(mail_id, sealed)?).ok()
    }
}

/// Begins an auth request for the address in `email` and queues its mail. `next` is where the person wants to go. What
/// `browser` began earlier for the same address is superseded; what others began is not, or anyone could kill a link.
pub async fn start(core: &Core, email: &str, next: Option<&str>, browser: &Browser) -> Result<Started, Error> {
    if email.trim().is_empty() {
        return Err(Error::missing("email"));
    }
    let address = Address::parse(email)?;
    let destination = destination::parse(core.public_url.url(), next);
    start_for(core, address.as_str(), &destination, browser).await
}

async fn start_for(core: &Core, address: &str, destination: &str, browser: &Browser) -> Result<Started, Error> {
    let now = core.clock.now();
    let id = core.random.id()?;
    let code_salt = core.random.bytes::<16>()?;
    let secrets = Secrets::make(core, 1, &code_salt, &browser.user_agent, now)?;
    let new = NewAuthRequest {
        id: &id,
        address,
        mode: MODE,
        destination,
        user_agent: &browser.user_agent,
        code_salt: &code_salt,
        expires_at: secrets.expires_at,
        held: &browser.held,
    };
    let allow = |queued_at: &[Millis]| limits::mail(&core.policy.limits, queued_at, now);
    core.store.start(&new, &secrets.credential, &secrets.mail(&id), now, allow).await?;
    Ok(accepted(core, id, address, secrets.expires_at))
}

/// Sends a fresh mail for the auth request `id`: the same request, tries as they stand, new secrets. One that can no
/// longer sign anybody in begins anew, for the same address and destination.
pub async fn resend(core: &Core, id: &str, browser: &Browser) -> Result<Started, Error> {
    let now = core.clock.now();
    let unknown = || Error::invalid("there is no sign-in to send again; start with your e-mail address");
    let request = core.store.auth_request(id).await?.ok_or_else(unknown)?;
    if request.ended().is_some() || now >= request.expires_at {
        return start_for(core, &request.address, &request.destination, browser).await;
    }
    let secrets = Secrets::make(core, request.generation + 1, &request.code_salt, &request.user_agent, now)?;
    let allow = |request: &AuthRequest, queued_at: &[Millis]| {
        let free_at = resend_at(core, request);
        if now < free_at {
            return Err(Error::RateLimited { retry_after: seconds_until(now, free_at) });
        }
        limits::mail(&core.policy.limits, queued_at, now)
    };
    core.store.renew(id, &secrets.credential, &secrets.mail(id), now, allow).await?.ok_or_else(unknown)?;
    Ok(accepted(core, id.to_owned(), &request.address, secrets.expires_at))
}

/// Sends a fresh mail to where a link that no longer works was sent, to be opened in this browser.
pub async fn start_from_link(core: &Core, token: &LinkToken, browser: &Browser) -> Result<Started, Error> {
    let request = link::origin(core, token).await?;
    start_for(core, &request.address, &request.destination, browser).await
}

/// When the next mail for a request may be asked for.
pub fn resend_at(core: &Core, request: &AuthRequest) -> Millis {
    request.last_mail_at + Millis::from(core.policy.auth.resend_cooldown) * SECOND
}

fn accepted(core: &Core, auth_request_id: String, address: &str, expires_at: Millis) -> Started {
    tracing::info!(event = "auth.requested", address = %address::masked(address));
    core.mail_queued.notify_one();
    Started { auth_request_id, expires_at, expires_in: core.policy.auth.expires_in, passwordless_type: MODE }
}
