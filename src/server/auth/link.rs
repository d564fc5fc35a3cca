//! Sign-in by link: 256 random bits in a URL that a person clicks.

use crate::server::values::event::{Event, Method};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use std::fmt;

use super::{
    Auth, Client, Proved, Refused, Requester, SignedIn,
    finish::{SignInAttempt, finish, prove as end_with_proof},
    terms,
};
use crate::server::{
    config::{Resend, SameBrowser},
    ground::{error::Error, mode::Mode, random::Random},
    store::{AuthRequest, Ended, MailedCredential, Proof, Verdict},
    values::{destination, network},
};

/// Secret of a link. `Debug` never shows it.
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

    /// Returns the token as the mail shows it: 43 characters of base64url.
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Returns the hash to store. A plain SHA-256 is enough: there are 256 bits to guess, so a slow
    /// hash gains nothing.
    pub fn hash(&self) -> Vec<u8> {
        Sha256::digest(self.0).to_vec()
    }
}

/// Result of following a link.
pub enum Followed {
    SignedIn(Box<SignedIn>),
    /// The link is already used, and this browser is signed in as its address: redirect to its
    /// destination.
    Onward {
        destination: String,
    },
}

/// Follows a link: signs in the browser that asked for it, and redirects a browser that is already
/// signed in by it. Opening the link in any other browser, a scanner's or a thief's, changes
/// nothing.
pub async fn follow(
    auth: &Auth,
    token: &LinkToken,
    requester: &Requester,
) -> Result<Followed, Error> {
    let app = requester.client.app.as_deref();
    let ((), credential) = tokio::try_join!(
        biased;
        auth.one_more_verify(&requester.client),
        async { Ok(mailed_credential(auth, token, app).await) },
    )?;
    let refused = match &credential {
        Ok(credential) => match use_up(auth, credential, requester, finish).await {
            Ok(signed_in) => return Ok(Followed::SignedIn(Box::new(signed_in))),
            Err(refused) => refused,
        },
        Err(error) => error.clone().into(),
    };
    let request = credential.as_ref().ok().map(|credential| &credential.request);
    let address = request.map(|request| &request.address);
    // A second click in a browser that the first click signed in is not a failure.
    if let Some(request) = request
        && refused.answer == Error::LinkUsed
        && requester.signed_in_as() == address
    {
        return Ok(Followed::Onward { destination: destination_of(request) });
    }
    if let Ok(credential) = &credential
        && refused.answer != Error::LinkUsed
    {
        opened(auth, credential, &requester.client).await;
    }
    Err(auth.refuse(refused, address, &requester.client).await)
}

/// Notes that something has looked at a link without following it, as scanners and previews do.
/// Nothing else changes, and it is noted once for each mail, however often they look.
pub async fn look(auth: &Auth, token: &LinkToken, client: &Client) {
    if let Ok(credential) = mailed_credential(auth, token, client.app.as_deref()).await
        && credential.request.ended().is_none()
    {
        opened(auth, &credential, client).await;
    }
}

/// Writes down the first time that a mail was opened by what its link does not sign in. Whoever
/// opened it is answered all the same.
async fn opened(auth: &Auth, credential: &MailedCredential, client: &Client) {
    let (request, generation) = (&credential.request, credential.generation);
    if !request.is_unopened(generation) {
        return;
    }
    let event = auth.event(Event::LinkOpened, Some(&request.address), client).opening(true);
    if let Ok(true) = auth.store.mail_opened(&request.id, generation, &event).await {
        event.emit();
    }
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

/// Proves the address that a link was mailed to, for the app that asked for it. No session begins:
/// the app keeps its own. It names the request, as a browser shows its cookie, unless the policy
/// lets a link sign in wherever it is opened.
pub async fn prove(auth: &Auth, token: &LinkToken, requester: &Requester) -> Result<Proved, Error> {
    let client = &requester.client;
    auth.one_more_verify(client).await?;
    let anywhere = auth.policy().auth.same_browser == SameBrowser::Confirm;
    if requester.held.is_empty() && !anywhere {
        return Err(Error::missing("auth_request_id"));
    }
    let credential = match mailed_credential(auth, token, client.app.as_deref()).await {
        Ok(credential) => credential,
        Err(error) => return Err(auth.refuse(error.into(), None, client).await),
    };
    let mut requester = requester.clone();
    if requester.held.is_empty() {
        requester.held.push(credential.request.id.clone());
    }
    match use_up(auth, &credential, &requester, end_with_proof).await {
        Ok(proved) => Ok(proved),
        Err(refused) => {
            let address = &credential.request.address;
            Err(auth.refuse(refused, Some(address), client).await)
        }
    }
}

fn destination_of(request: &AuthRequest) -> String {
    destination::with_state(&request.destination, request.state.as_deref())
}

/// Judges a link, and lets `end` do what follows if it is right.
async fn use_up<T>(
    auth: &Auth,
    credential: &MailedCredential,
    requester: &Requester,
    end: impl AsyncFnOnce(&Auth, &Requester, SignInAttempt<'_>) -> Result<T, Refused>,
) -> Result<T, Refused> {
    let request = &credential.request;
    if let Some(error) = fault(auth, request, credential, requester) {
        return Err(error.into());
    }
    // Checked again in the step that uses the link up: a concurrent request may be faster.
    let judge = |request: &AuthRequest, _: &[_]| {
        fault(auth, request, credential, requester).map_or(Verdict::Right, Verdict::Refused)
    };
    let sign_in = SignInAttempt {
        method: Method::Link,
        address: &request.address,
        proof: Proof::Request { id: &request.id, judge: &judge },
        attempt: None,
        request: Some(request.clone()),
        destination: destination_of(request),
        fallback: Error::LinkUsed,
    };
    end(auth, requester, sign_in).await
}

/// Signs in a browser that did not ask for the link, after the user confirms on the page that shows
/// who did, if the link may be opened anywhere.
pub async fn confirm(
    auth: &Auth,
    token: &LinkToken,
    requester: &Requester,
) -> Result<SignedIn, Error> {
    let request = mailed_credential(auth, token, requester.client.app.as_deref()).await?.request;
    if !opens_anywhere(auth, &request) {
        return verify(auth, token, requester).await;
    }
    let held = Requester { held: vec![request.id], ..requester.clone() };
    verify(auth, token, &held).await
}

/// Reports whether a link signs in any browser in which its owner confirms that: if the policy says
/// so, or if an operator sent it, whose browser the owner does not have.
pub fn opens_anywhere(auth: &Auth, request: &AuthRequest) -> bool {
    let is_of_desk = request.ip_prefix == network::DESK && request.app_id.is_none();
    is_of_desk || auth.policy().auth.same_browser == SameBrowser::Confirm
}

/// Checks whether `token` would sign `requester` in now, without changing anything. Returns its
/// auth request, or the reason it would not.
pub async fn judge(
    auth: &Auth,
    token: &LinkToken,
    requester: &Requester,
) -> Result<AuthRequest, Error> {
    let credential = mailed_credential(auth, token, requester.client.app.as_deref()).await?;
    fault(auth, &credential.request, &credential, requester).map_or(Ok(credential.request), Err)
}

/// Returns the credential of a link, to show whose it was and to start again from it. A link that
/// an app asked for is one for that app alone, and nothing to anybody else.
pub async fn mailed_credential(
    auth: &Auth,
    token: &LinkToken,
    app: Option<&str>,
) -> Result<MailedCredential, Error> {
    let found = auth.store.credential_of_link(&token.hash()).await?;
    found.filter(|credential| credential.request.app_id.as_deref() == app).ok_or(Error::LinkInvalid)
}

/// Returns why a link does not sign `requester` in while its request is in this state, the most
/// final reason first; `None` if it does. The policy is checked again: what it has withdrawn since
/// the mail was sent no longer works.
fn fault(
    auth: &Auth,
    request: &AuthRequest,
    credential: &MailedCredential,
    requester: &Requester,
) -> Option<Error> {
    let wrong_browser = || {
        let mode = auth.policy().auth.mode.left_of(&request.mode).unwrap_or(Mode::Link);
        Error::WrongBrowser { mode }
    };
    fault_anywhere(auth, request, credential)
        .or_else(|| (!requester.held.contains(&request.id)).then(wrong_browser))
}

/// Returns why a link signs nobody in, whatever browser opens it.
pub(super) fn fault_anywhere(
    auth: &Auth,
    request: &AuthRequest,
    credential: &MailedCredential,
) -> Option<Error> {
    let policy = auth.policy();
    let is_older = credential.generation != request.generation;
    let replaced = is_older && policy.auth.resend == Resend::Rotate;
    let mode = policy.auth.mode.left_of(&request.mode);
    let withdrawn = !(request.unlocks() || mode.is_some_and(Mode::has_link))
        || terms::link_base(request.link_base.as_deref(), &policy.auth.magiclink_origins).is_err();
    match request.ended() {
        Some(Ended::SignedIn | Ended::Refused) => Some(Error::LinkUsed),
        Some(Ended::Superseded) => Some(Error::LinkSuperseded),
        Some(Ended::Cancelled) => Some(Error::LinkExpired),
        None if replaced => Some(Error::LinkSuperseded),
        None if withdrawn || auth.clock.now() >= credential.expires_at => Some(Error::LinkExpired),
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
