//! "Was this not you?": the owner of an address stops a sign-in that somebody else asked for, or ends a session that somebody
//! else began.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Client, Core};
use crate::{
    error::Error,
    server::{
        event,
        store::{AuthRequest, SessionRow},
    },
};

/// What a seal is for: no other sealed text of ours opens under it.
const REQUEST: &str = "not you: request";
const SESSION: &str = "not you: session";

/// Names an auth request in a mail. Sealed, because the id itself is what binds a sign-in to its browser.
pub fn request_token(core: &Core, auth_request_id: &str) -> Result<String, Error> {
    sealed(core, REQUEST, auth_request_id)
}

/// Names a session in a mail.
pub fn session_token(core: &Core, session_id: &str) -> Result<String, Error> {
    sealed(core, SESSION, session_id)
}

fn sealed(core: &Core, purpose: &str, id: &str) -> Result<String, Error> {
    Ok(URL_SAFE_NO_PAD.encode(core.keys.seal(&core.random, purpose, id.as_bytes())?))
}

fn opened(core: &Core, purpose: &str, token: &str) -> Result<String, Error> {
    let sealed = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::LinkInvalid)?;
    core.keys.open(purpose, &sealed).and_then(|id| String::from_utf8(id).ok()).ok_or(Error::LinkInvalid)
}

/// The auth request that a token names, if it may still sign somebody in.
pub async fn request(core: &Core, token: &str) -> Result<Option<AuthRequest>, Error> {
    let request = core.store.auth_request(&opened(core, REQUEST, token)?).await?;
    Ok(request.filter(|request| request.ended().is_none() && core.clock.now() < request.expires_at))
}

/// The session that a token names, if it is alive.
pub async fn session(core: &Core, token: &str) -> Result<Option<SessionRow>, Error> {
    core.store.session(&opened(core, SESSION, token)?, core.mapped_users.is_none(), core.clock.now()).await
}

/// Ends the auth request that a token names: its link and code are dead. Whether there was anything to end.
pub async fn stop_request(core: &Core, token: &str, client: &Client) -> Result<bool, Error> {
    core.ip_limits.verify(client.ip)?;
    let Some(request) = request(core, token).await? else { return Ok(false) };
    let event = core.event(event::AUTH_CANCELLED, Some(&request.address), client);
    let stopped = core.store.cancel(&request, &event).await?;
    if stopped {
        event.tell();
    }
    Ok(stopped)
}

/// Ends the session that a token names: it is dead at its next request. Whether there was anything to end.
pub async fn end_session(core: &Core, token: &str, client: &Client) -> Result<bool, Error> {
    core.ip_limits.verify(client.ip)?;
    let Some(session) = session(core, token).await? else { return Ok(false) };
    let event = core.event(event::SESSION_REVOKED, Some(&session.address), client).because("not_you").of_user(&session.user_id);
    let ended = core.store.revoke_session(&session.user_id, &session.id, &event).await? > 0;
    if ended {
        event.tell();
    }
    Ok(ended)
}
