//! "Was this not you?": the owner of an address stops a sign-in that somebody else asked for.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{Client, Core};
use crate::{
    error::Error,
    server::{event, store::AuthRequest},
};

/// What the seal is for: no other sealed text of ours opens under it.
const PURPOSE: &str = "not you";

/// Names an auth request in a mail. Sealed, because the id itself is what binds a sign-in to its browser.
pub fn token(core: &Core, auth_request_id: &str) -> Result<String, Error> {
    Ok(URL_SAFE_NO_PAD.encode(core.keys.seal(&core.random, PURPOSE, auth_request_id.as_bytes())?))
}

/// The auth request that a token names; nothing once it is purged.
pub async fn request(core: &Core, token: &str) -> Result<Option<AuthRequest>, Error> {
    let sealed = URL_SAFE_NO_PAD.decode(token).map_err(|_| Error::LinkInvalid)?;
    let id = core.keys.open(PURPOSE, &sealed).and_then(|id| String::from_utf8(id).ok()).ok_or(Error::LinkInvalid)?;
    core.store.auth_request(&id).await
}

/// Ends the auth request that a token names: its link and code are dead. Whether there was anything to end.
pub async fn stop(core: &Core, token: &str, client: &Client) -> Result<bool, Error> {
    core.ip_limits.verify(client.ip)?;
    let Some(request) = request(core, token).await? else { return Ok(false) };
    let event = core.event(event::AUTH_CANCELLED, Some(&request.address), client);
    let stopped = core.store.cancel(&request, &event).await?;
    if stopped {
        event.tell();
    }
    Ok(stopped)
}
