//! Acceptance of an invitation, by the link or the code of its mail.
//!
//! No browser asked for that mail, so none can hold what binds a link to it. Opening the link shows
//! a page and changes nothing, and a press there signs the browser in (docs/security.md,
//! "Invitations").

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{
    Auth, Refused, Requester, SignedIn,
    code::Code,
    code_hash, device,
    finish::{SignInAttempt, finish},
    limits,
};
use crate::server::{
    ground::{clock::Millis, error::Error, mode::Instead},
    store::{FailedTry, Invitation, Proof, Usage, Verdict},
    values::{address::Address, destination, event::Method},
};

/// Purpose bound to the seal of a link: no other text that we seal opens under it.
const PURPOSE: &str = "invitation";

/// The state of an invitation, as its link is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Open,
    /// A newer mail has taken the place of this one.
    Superseded,
    Accepted,
    Expired,
    Withdrawn,
}

impl Standing {
    /// Returns the standing of the mail of this number, the most final reason first.
    fn of(invitation: &Invitation, mail: i64, now: Millis) -> Self {
        if invitation.accepted_at.is_some() {
            Standing::Accepted
        } else if invitation.withdrawn_at.is_some() {
            Standing::Withdrawn
        } else if now >= invitation.expires_at {
            Standing::Expired
        } else if mail != invitation.mails {
            Standing::Superseded
        } else {
            Standing::Open
        }
    }

    fn fault(self) -> Option<Error> {
        match self {
            Standing::Open => None,
            Standing::Superseded => Some(Error::LinkSuperseded),
            Standing::Accepted => Some(Error::LinkUsed),
            Standing::Expired | Standing::Withdrawn => Some(Error::InvitationOver),
        }
    }
}

/// Returns the link for the newest mail of an invitation. It holds the id and the number of the
/// mail, sealed, so that nobody else can make one, and a copy of the database has none.
pub(super) fn link(auth: &Auth, invitation: &Invitation) -> Result<String, Error> {
    let named = format!("{} {}", invitation.id, invitation.mails);
    let sealed = auth.keys.seal(&auth.random, PURPOSE, named.as_bytes())?;
    Ok(auth.public_url.invitation(&URL_SAFE_NO_PAD.encode(sealed)))
}

/// Returns the id of the invitation and the number of the mail that a link is of.
fn named(auth: &Auth, token: &str) -> Option<(String, i64)> {
    let sealed = URL_SAFE_NO_PAD.decode(token.trim()).ok()?;
    let text = String::from_utf8(auth.keys.open(PURPOSE, &sealed)?).ok()?;
    let (id, mail) = text.split_once(' ')?;
    Some((id.to_owned(), mail.parse().ok()?))
}

/// Returns the invitation of a link, and what the link is worth, without changing anything.
pub async fn find(auth: &Auth, token: &str) -> Result<(Invitation, Standing), Error> {
    let (id, mail) = named(auth, token).ok_or(Error::LinkInvalid)?;
    let found = auth.store.invitation(&id).await?.ok_or(Error::LinkInvalid)?;
    let standing = Standing::of(&found, mail, auth.clock.now());
    Ok((found, standing))
}

/// Accepts the invitation of a link: signs in this browser as the invited address, once.
pub async fn accept(auth: &Auth, token: &str, requester: &Requester) -> Result<SignedIn, Error> {
    auth.one_more_verify(&requester.client).await?;
    auth.own_users()?;
    let (id, mail) = named(auth, token).ok_or(Error::LinkInvalid)?;
    let found = auth.store.invitation(&id).await?.ok_or(Error::LinkInvalid)?;
    let fault = |found: &Invitation| Standing::of(found, mail, auth.clock.now()).fault();
    let judge = |found: Option<&Invitation>, _: &[Usage]| {
        let fault = found.map_or(Some(Error::LinkInvalid), fault);
        fault.map_or(Verdict::Right, Verdict::Refused)
    };
    let address = &found.address;
    let attempt =
        sign_in(auth, address, Method::Link, Proof::Invitation { id: &id, judge: &judge });
    let accepted = match fault(&found) {
        Some(error) => Err(error.into()),
        None => finish(auth, requester, attempt).await,
    };
    match accepted {
        Ok(signed_in) => Ok(signed_in),
        Err(refused) => Err(auth.refuse(refused, Some(address), &requester.client).await),
    }
}

/// Accepts the invitation of an address by the code of its newest mail: signs in this browser.
///
/// A code of six digits lives for days here, so its tries are few over all that time, whoever has
/// them: `auth.code_tries` for each mail. They also count against the address as wrong codes of
/// sign-ins do, whether it is invited or not, and the answer is the same: nobody learns who is.
pub async fn accept_by_code(
    auth: &Auth,
    email: &str,
    code: &Code,
    requester: &Requester,
) -> Result<SignedIn, Error> {
    let address = Address::parse(email)?;
    auth.one_more_verify(&requester.client).await?;
    auth.own_users()?;
    match attempt(auth, &address, code, requester).await {
        Ok(signed_in) => Ok(signed_in),
        Err(refused) => Err(auth.refuse(refused, Some(&address), &requester.client).await),
    }
}

async fn attempt(
    auth: &Auth,
    address: &Address,
    code: &Code,
    requester: &Requester,
) -> Result<SignedIn, Refused> {
    let (now, policy, try_id) = (auth.clock.now(), auth.policy(), auth.random.id()?);
    let bucket = device::bucket(auth, address, requester).await?;
    let share = limits::network(address, &bucket, requester);
    let instead = Instead::Link;
    let allow = |failed: &[Usage]| limits::tries(&policy.limits, failed, share, instead, now);
    auth.room_for_try(share, instead)?;
    // Over the limit, nothing is hashed. The step that counts checks it again.
    allow(&auth.store.failed_tries(&bucket, now).await?)?;
    let found = auth.store.open_invitation(address, now).await?;
    let (salt, kept) = found.as_ref().map_or((&[0; 16][..], code_hash::OF_NO_CODE), |found| {
        (found.code_salt.as_slice(), found.code_hash.as_str())
    });
    let is_hit = code_hash::find(code, salt, &auth.keys, [kept].into_iter())?.is_some();
    let (id, mail) = found.as_ref().map_or(("", 0), |found| (found.id.as_str(), found.mails));
    let judge = |found: Option<&Invitation>, failed: &[Usage]| {
        if let Err(error) = allow(failed) {
            return Verdict::Refused(error);
        }
        let is_right = found.is_some_and(|found| {
            is_hit
                && Standing::of(found, mail, now) == Standing::Open
                && found.code_tries < i64::from(policy.auth.code_tries)
        });
        if is_right { Verdict::Right } else { Verdict::Wrong(Error::InvitationWrong) }
    };
    let network = &requester.client.ip_prefix;
    let failed_try = FailedTry { id: &try_id, bucket: &bucket, network, guess: "", at: now };
    let proof = Proof::Invitation { id, judge: &judge };
    let sign_in = SignInAttempt {
        attempt: Some(&failed_try),
        fallback: Error::InvitationWrong,
        ..sign_in(auth, address, Method::Code, proof)
    };
    let signed_in = finish(auth, requester, sign_in).await;
    if matches!(&signed_in, Err(refused) if refused.answer == Error::InvitationWrong) {
        auth.one_more_failure(share);
    }
    signed_in
}

fn sign_in<'a>(
    auth: &Auth,
    address: &'a Address,
    method: Method,
    proof: Proof<'a>,
) -> SignInAttempt<'a> {
    SignInAttempt {
        method,
        address,
        proof,
        attempt: None,
        request: None,
        destination: destination::parse(auth.public_url.url(), None),
        fallback: Error::InvitationOver,
    }
}
