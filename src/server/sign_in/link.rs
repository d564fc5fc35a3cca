//! The link: 256 random bits that a person clicks.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::fmt;

use super::{Browser, Core, SignedIn, address};
use crate::{
    error::Error,
    server::{
        clock::Millis,
        random::Random,
        store::{AuthRequest, Ended},
    },
};

/// The secret of a link. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken([u8; 32]);

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(…)")
    }
}

impl LinkToken {
    pub fn random(random: &Random) -> Result<Self, Error> {
        Ok(LinkToken(random.bytes()?))
    }

    pub fn parse(text: &str) -> Result<Self, Error> {
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| Error::LinkInvalid)?;
        bytes.try_into().map(LinkToken).map_err(|_| Error::LinkInvalid)
    }

    /// As it stands in the mail: 43 characters of base64url.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What is kept of it. A plain SHA-256 will do: there are 256 bits to guess, so nothing is gained by making it slow.
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0).to_vec()
    }
}

/// Signs in the browser that asked for the link. Any other browser, a scanner or a thief changes nothing by opening it.
pub async fn verify(core: &Core, token: &LinkToken, browser: &Browser) -> Result<SignedIn, Error> {
    let request = judge(core, token, browser).await.inspect_err(|error| {
        tracing::info!(event = "auth.failed", reason = error.code());
    })?;
    core.complete(&request, browser, Error::LinkUsed).await
}

/// Whether `token` would sign `browser` in now; reads only. The auth request it belongs to, or why not.
pub async fn judge(core: &Core, token: &LinkToken, browser: &Browser) -> Result<AuthRequest, Error> {
    let (request, generation) = core.store.auth_request_of_link(&token.hash()).await?.ok_or(Error::LinkInvalid)?;
    fault(&request, generation, browser, core.clock.now()).map_or(Ok(request), Err)
}

/// The rule of links, the most final reason first.
fn fault(request: &AuthRequest, generation: i64, browser: &Browser, now: Millis) -> Option<Error> {
    match request.ended() {
        Some(Ended::SignedIn) => Some(Error::LinkUsed),
        Some(Ended::Superseded) => Some(Error::LinkSuperseded),
        None if generation != request.generation => Some(Error::LinkSuperseded),
        None if now >= request.expires_at => Some(Error::LinkExpired),
        None if !browser.held.contains(&request.id) => Some(Error::WrongBrowser),
        None => None,
    }
}

/// The auth request of a link, whatever its state, to say whose it was and to start again from it.
pub async fn origin(core: &Core, token: &LinkToken) -> Result<AuthRequest, Error> {
    let found = core.store.auth_request_of_link(&token.hash()).await?;
    Ok(found.ok_or(Error::LinkInvalid)?.0)
}

/// Where a used link leads the browser that is signed in as its address: on, as if it were not used.
pub async fn destination_if_signed_in(core: &Core, token: &LinkToken, signed_in_as: Option<&str>) -> Option<String> {
    let request = origin(core, token).await.ok()?;
    let same = request.ended() == Some(Ended::SignedIn) && signed_in_as == Some(request.address.as_str());
    tracing::debug!(same, address = %address::masked(&request.address), "a used link was opened again");
    same.then_some(request.destination)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_survives_the_mail_and_nothing_else_parses() {
        let token = LinkToken::random(&Random::seeded(7)).unwrap();
        assert_eq!(LinkToken::parse(&token.encode()), Ok(token.clone()));
        let text = token.encode();
        for bad in ["", &text[..42], &format!("{text}A"), &text.replace(&text[..1], "\0"), &"A".repeat(1 << 20), "%%%"] {
            assert_eq!(LinkToken::parse(bad), Err(Error::LinkInvalid));
        }
    }
}
