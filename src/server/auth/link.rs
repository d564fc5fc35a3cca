//! The link: 256 random bits that a person clicks.

use crate::server::values::event::Method;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::fmt;

use super::{
    Auth, Refused, Requester, SignedIn,
    finish::{Proved, finish},
    terms,
};
use crate::server::{
    config::{Resend, SameBrowser},
    ground::{error::Error, mode::Mode, random::Random},
    store::{AuthRequest, Ended, MailedCredential, Proof, Verdict},
    values::destination,
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

    /// What is kept of it. A plain SHA-256 will do: there are 256 bits to guess, so nothing is
    /// gained by making it slow.
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0).to_vec()
    }
}

/// Where a link leads the browser that follows it.
pub enum Followed {
    SignedIn(Box<SignedIn>),
    /// On to its destination: the link is used, and this browser is signed in as its address.
    Onward {
        destination: String,
    },
}

/// Follows a link: signs in the browser that asked for it, and leads on whom it signed in before.
/// Any other browser, a scanner or a thief changes nothing by opening it.
pub async fn follow(
    auth: &Auth,
    token: &LinkToken,
    requester: &Requester,
) -> Result<Followed, Error> {
    let ((), credential) = tokio::try_join!(
        biased;
        auth.one_more_verify(requester.client.ip),
        async { Ok(mailed_credential(auth, token).await) },
    )?;
    let request = credential.as_ref().ok().map(|credential| credential.request.clone());
    let refused = match use_up(auth, credential, requester).await {
        Ok(signed_in) => return Ok(Followed::SignedIn(Box::new(signed_in))),
        Err(refused) => refused,
    };
    let address = request.as_ref().map(|request| request.address.as_str());
    // A second click of who is signed in by the first is no failure.
    if let Some(request) = &request
        && refused.answer == Error::LinkUsed
        && requester.signed_in_as() == address
    {
        return Ok(Followed::Onward { destination: destination_of(request) });
    }
    Err(auth.refuse(refused, address, &requester.client).await)
}

/// Signs in the browser that asked for the link.
pub async fn verify(
    auth: &Auth,
    token: &LinkToken,
    requester: &Requester,
) -> Result<SignedIn, Error> {
    match follow(auth, token, requester).await? {
        Followed::SignedIn(signed_in) => Ok(*signed_in),
        Followed::Onward { .. } => Err(Error::LinkUsed),
    }
}

fn destination_of(request: &AuthRequest) -> String {
    destination::with_state(&request.destination, request.state.as_deref())
}

async fn use_up(
    auth: &Auth,
    credential: Result<MailedCredential, Error>,
    requester: &Requester,
) -> Result<SignedIn, Refused> {
    let credential = credential?;
    let request = &credential.request;
    if let Some(error) = fault(auth, request, &credential, requester) {
        return Err(error.into());
    }
    // Again, in the step that uses it up: somebody may be faster.
    let judge = |request: &AuthRequest, _: &[_]| {
        fault(auth, request, &credential, requester).map_or(Verdict::Right, Verdict::Refused)
    };
    let proved = Proved {
        method: Method::Link,
        address: &request.address,
        proof: Proof::Request { id: &request.id, judge: &judge },
        attempt: None,
        request: Some(request.clone()),
        destination: destination_of(request),
        otherwise: Error::LinkUsed,
    };
    finish(auth, requester, proved).await
}

/// Signs in a browser that did not ask for the link, after a press on the page that says who did,
/// where the policy allows that.
pub async fn confirm(
    auth: &Auth,
    token: &LinkToken,
    requester: &Requester,
) -> Result<SignedIn, Error> {
    if auth.policy().auth.same_browser != SameBrowser::Confirm {
        return verify(auth, token, requester).await;
    }
    let request = mailed_credential(auth, token).await?.request;
    let held = Requester { held: vec![request.id], ..requester.clone() };
    verify(auth, token, &held).await
}

/// Whether `token` would sign `requester` in now; reads only. The auth request it belongs to, or why
/// not.
pub async fn judge(
    auth: &Auth,
    token: &LinkToken,
    requester: &Requester,
) -> Result<AuthRequest, Error> {
    let credential = mailed_credential(auth, token).await?;
    fault(auth, &credential.request, &credential, requester).map_or(Ok(credential.request), Err)
}

/// The credential of a link, to say whose it was and to start again from it.
pub async fn mailed_credential(auth: &Auth, token: &LinkToken) -> Result<MailedCredential, Error> {
    auth.store.credential_of_link(&token.hash()).await?.ok_or(Error::LinkInvalid)
}

/// The rule of links: why one does not sign `requester` in while its request is as it is here, the
/// most final reason first. Policy is asked again: what it has withdrawn since the mail was sent
/// works no more.
fn fault(
    auth: &Auth,
    request: &AuthRequest,
    credential: &MailedCredential,
    requester: &Requester,
) -> Option<Error> {
    let policy = auth.policy();
    let is_older = credential.generation != request.generation;
    let replaced = is_older && policy.auth.resend == Resend::Rotate;
    let mode = policy.auth.mode.left_of(&request.mode);
    let withdrawn = !(request.unlocks() || mode.is_some_and(Mode::has_link))
        || terms::link_base(request.link_base.as_deref(), &policy.auth.magiclink_origins).is_err();
    match request.ended() {
        Some(Ended::SignedIn) => Some(Error::LinkUsed),
        Some(Ended::Superseded) => Some(Error::LinkSuperseded),
        Some(Ended::Cancelled) => Some(Error::LinkExpired),
        None if replaced => Some(Error::LinkSuperseded),
        None if withdrawn || auth.clock.now() >= credential.expires_at => Some(Error::LinkExpired),
        None if !requester.held.contains(&request.id) => {
            Some(Error::WrongBrowser { mode: mode.unwrap_or(Mode::Link) })
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoded_token_parses_and_nothing_else_does() {
        let token = LinkToken::random(&Random::seeded(7)).unwrap();
        assert_eq!(LinkToken::parse(&token.encode()), Ok(token.clone()));
        let text = token.encode();
        for bad in [
            "",
            &text[..42],
            &format!("{text}A"),
            &text.replace(&text[..1], "\0"),
            &"A".repeat(1 << 20),
            "%%%",
        ] {
            assert_eq!(LinkToken::parse(bad), Err(Error::LinkInvalid));
        }
    }
}
