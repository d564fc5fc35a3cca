//! Sign-in across devices, if the policy says so: a link opened in another browser finishes the
//! window that waits, once the number that the window shows is typed there.
//!
//! A stranger who asks for somebody's address has the window, and its owner has the mail. The
//! number ties the two: an owner who opens the link of a stranger's request sees no window and can
//! only guess. One wrong number ends the sign-in, and wrong numbers count against the address as
//! wrong codes do. The browser that opened the link gets neither session nor cookie.

use super::{
    Auth, Refused, Requester, SignedIn, device,
    dispute::Disputed,
    finish::{SignInAttempt, finish},
    limits,
    link::{self, LinkToken},
};
use crate::server::{
    config::SameBrowser,
    ground::{
        error::{Error, Kind},
        mode::{Instead, Mode},
        random::Random,
        unicode::digit,
        words::say,
    },
    store::{AuthRequest, Counted, FailedTry, MailedCredential, Proof, Usage, Verdict},
    values::{
        destination,
        event::{Event, Method, Reason},
    },
};

/// Returns a number of two digits for the waiting window to show.
pub(super) fn number(random: &Random) -> Result<i64, Error> {
    Ok(i64::from(10 + random.six_digits()? % 90))
}

/// Finds the number in what was typed, in the digits of any script.
fn parse(text: &str) -> Result<i64, Error> {
    if text.trim().is_empty() {
        return Err(Error::missing("number"));
    }
    let text: String = text.trim().chars().map(|c| digit(c).unwrap_or(c)).collect();
    let is_number = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = if is_number { text.parse().ok() } else { None };
    number.ok_or_else(|| Error::invalid(say!("detail-two-digits")))
}

/// Returns the number that the window of an auth request shows, while typing it would finish the
/// sign-in.
pub fn shown(auth: &Auth, request: &AuthRequest) -> Option<i64> {
    let policy = auth.policy();
    let has_link = policy.auth.mode.left_of(&request.mode).is_some_and(Mode::has_link);
    let is_on = policy.auth.same_browser == SameBrowser::Match && has_link;
    request.match_number.filter(|_| is_on)
}

/// True if the number was typed where the link was opened, and the window may still finish.
pub fn is_approved(auth: &Auth, request: &AuthRequest) -> bool {
    request.ended().is_none()
        && request.matched_at.is_some()
        && shown(auth, request).is_some()
        && auth.clock.now() < request.expires_at
}

/// Approves the sign-in that waits in another window: `typed` is the number that it shows.
pub async fn approve(
    auth: &Auth,
    token: &LinkToken,
    typed: &str,
    requester: &Requester,
) -> Result<(), Error> {
    let number = parse(typed)?;
    auth.one_more_verify(&requester.client).await?;
    let app = requester.client.app.as_deref();
    let credential = link::mailed_credential(auth, token, app).await?;
    let address = &credential.request.address;
    match attempt(auth, &credential, number, requester).await {
        Ok(()) => Ok(()),
        Err(refused) => Err(auth.refuse(refused, Some(address), &requester.client).await),
    }
}

async fn attempt(
    auth: &Auth,
    credential: &MailedCredential,
    number: i64,
    requester: &Requester,
) -> Result<(), Refused> {
    let (asked, now, policy) = (&credential.request, auth.clock.now(), auth.policy());
    let (try_id, bucket) =
        (auth.random.id()?, device::bucket(auth, &asked.address, requester).await?);
    let (network, mode) =
        (limits::network(&asked.address, &bucket, requester), asked.mode.parse::<Mode>()?);
    // The sentence for codes would speak of a link to open instead, which the person has opened.
    let no_room =
        |error: Error| Error::RateLimited { retry_after: error.retry_after().unwrap_or_default() };
    auth.room_for_try(network, Instead::Link).map_err(no_room)?;
    let judge = |request: &AuthRequest, failed: &[Usage]| {
        let fault = link::fault_anywhere(auth, request, credential);
        let limited =
            || limits::tries(&policy.limits, failed, network, Instead::Link, now).map_err(no_room);
        match (fault.map_or_else(limited, Err), shown(auth, request)) {
            (Err(error), _) => Verdict::Refused(error),
            (Ok(()), None) => Verdict::Refused(Error::WrongBrowser { mode }),
            (Ok(()), Some(shown)) if shown == number => Verdict::Right,
            (Ok(()), Some(_)) => Verdict::Wrong(Error::NumberWrong),
        }
    };
    let from = &requester.client.ip_prefix;
    let code_try = FailedTry { id: &try_id, bucket: &bucket, network: from, guess: "", at: now };
    let event = |name| auth.event(name, Some(&asked.address), &requester.client);
    let [approved, cancelled] = [Event::AuthApproved, Event::AuthCancelled].map(event);
    match auth.store.match_number(asked, &code_try, &judge, &approved, &cancelled).await? {
        Counted::Right => {
            if asked.matched_at.is_none() {
                approved.emit();
            }
            Ok(())
        }
        Counted::Wrong(error) => {
            auth.one_more_failure(network);
            cancelled.emit();
            Err(error.into())
        }
        Counted::Gone => Err(Error::LinkInvalid.into()),
    }
}

/// Signs in the window that waits for an approved auth request, which it holds. `None` if another
/// tab of it was faster, or it is approved no more.
pub async fn finish_window(
    auth: &Auth,
    request: &AuthRequest,
    requester: &Requester,
) -> Result<Option<SignedIn>, Error> {
    auth.one_more_verify(&requester.client).await?;
    let judge = |request: &AuthRequest, _: &[_]| match is_approved(auth, request) {
        true => Verdict::Right,
        false => Verdict::Refused(Error::LinkUsed),
    };
    let sign_in = SignInAttempt {
        method: Method::Match,
        address: &request.address,
        proof: Proof::Request { id: &request.id, judge: &judge },
        attempt: None,
        request: Some(request.clone()),
        destination: destination::with_state(&request.destination, request.state.as_deref()),
        fallback: Error::LinkUsed,
    };
    match finish(auth, requester, sign_in).await {
        Ok(signed_in) => Ok(Some(signed_in)),
        Err(Refused { reason: Reason::Refused(Kind::LinkUsed), .. }) => Ok(None),
        Err(refused) => Err(auth.refuse(refused, Some(&request.address), &requester.client).await),
    }
}

/// Returns the token with which the browser that opened the link stops the sign-in, for its form.
pub fn stop_token(auth: &Auth, request: &AuthRequest) -> Result<String, Error> {
    Disputed::Request.token(auth, &request.id)
}
