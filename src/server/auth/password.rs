//! Sign-in by password, for teams that want one in addition to mail.

use crate::server::values::event::{Event, Method, Reason};
use zxcvbn::{Score, zxcvbn};

use super::{
    Auth, Client, Refused, Requester, SignedIn, device,
    finish::{SignInAttempt, finish},
    limits, notice, password_hash,
    session::Session,
};
use crate::server::{
    config::Passwords,
    ground::{error::Error, words::say},
    store::{FailedTry, NewPassword, PasswordChange, Proof, Usage, Verdict},
    values::{address::Address, destination},
};

/// Length limits in characters: at least eight (ASVS 5.0 6.2.1), and room for a sentence (6.2.9).
const SHORTEST: usize = 8;
const LONGEST: usize = 128;

/// Signs in with a password. Unknown addresses, users without a password and wrong passwords are
/// indistinguishable, in the answer and in time. Tries count against the address, as those of codes
/// do. The outcome of a try is written before the answer. A try that was never checked, because its
/// turn did not come, does not count.
pub async fn verify(
    auth: &Auth,
    email: &str,
    password: &str,
    next: Option<&str>,
    requester: &Requester,
) -> Result<SignedIn, Error> {
    if auth.policy().auth.passwords == Passwords::Off {
        return Err(Error::invalid(say!("detail-no-passwords")));
    }
    let address = Address::parse(email)?;
    auth.one_more_verify(&requester.client).await?;
    match attempt(auth, &address, password.to_owned(), next, requester).await {
        Ok(signed_in) => Ok(signed_in),
        Err(refused) => Err(auth.refuse(refused, Some(&address), &requester.client).await),
    }
}

async fn attempt(
    auth: &Auth,
    address: &Address,
    password: String,
    next: Option<&str>,
    requester: &Requester,
) -> Result<SignedIn, Refused> {
    let now = auth.clock.now();
    let (policy, try_id) = (auth.policy(), auth.random.id()?);
    let bucket = device::bucket(auth, address, requester).await?;
    let share = limits::network(address, &bucket, requester);
    let instead = policy.auth.mode.instead_of_code(true);
    let allow = |failed: &[Usage]| limits::tries(&policy.limits, failed, share, instead, now);
    auth.room_for_try(share, instead)?;
    let network = &requester.client.ip_prefix;
    let failed_try = FailedTry { id: &try_id, bucket: &bucket, network, guess: "", at: now };
    // Over the limit, nothing is hashed. The step that counts checks the limit again: concurrent
    // tries may be faster.
    allow(&auth.store.failed_tries(&bucket, now).await?)?;
    let kept = auth.store.password(address).await?;
    let (held_against, salt) = (kept.clone(), auth.random.bytes()?);
    let verify = move || password_hash::verify(&password, held_against.as_deref(), &salt);
    let verified = auth.hashing.run(verify).await?;
    if let (true, Some(kept)) = (verified.matches, kept) {
        let judge = |now: Option<&str>, failed: &[Usage]| match allow(failed) {
            Err(error) => Verdict::Refused(error),
            Ok(()) if now == Some(kept.as_str()) => Verdict::Right,
            // Changed or removed while it was being checked.
            Ok(()) => Verdict::Wrong(Error::PasswordWrong),
        };
        let sign_in = SignInAttempt {
            method: Method::Password,
            address,
            proof: Proof::Password { renewed: verified.renewed.as_deref(), judge: &judge },
            attempt: Some(&failed_try),
            request: None,
            destination: destination::parse(auth.public_url.url(), next),
            fallback: Error::PasswordWrong,
        };
        let signed_in = finish(auth, requester, sign_in).await;
        if matches!(&signed_in, Err(refused) if refused.answer == Error::PasswordWrong) {
            auth.one_more_failure(share);
        }
        return signed_in;
    }
    auth.store.spend_try(address, &failed_try, allow).await?;
    auth.one_more_failure(share);
    Err(Error::PasswordWrong.into())
}

/// Reports whether a password is among the first million guesses: a common one, or one made of what
/// anybody knows of this site and this person (ASVS 5.0 6.2.4, 6.2.11). There are no rules about
/// the kinds of characters in it (6.2.5).
fn is_guessable(password: &str, known: &[String]) -> bool {
    let known: Vec<&str> = known
        .iter()
        .flat_map(|text| [text.as_str()].into_iter().chain(text.split(['@', '.', ' '])))
        .collect();
    zxcvbn(password, &known).score() < Score::Two
}

/// Sets the password of a user who has just signed in, or removes it if `password` is empty. A
/// password is a lasting way in. So a mail tells the user of the change, and their other sessions
/// and the trust in their devices end.
pub async fn set(
    auth: &Auth,
    session: &Session,
    password: &str,
    client: &Client,
) -> Result<(), Error> {
    if auth.policy().auth.passwords == Passwords::Off {
        return Err(Error::invalid(say!("detail-no-passwords")));
    }
    // It would outlive the entry of the policy, by which anybody who knows the code signs in.
    if !password.is_empty() && auth.is_test_person(&session.row.address) {
        return Err(Error::invalid(say!("detail-no-password-for-test-people")));
    }
    if !session.is_recent(auth) {
        return Err(Error::invalid(say!("detail-password-needs-fresh-sign-in")));
    }
    let hash = match password {
        "" => None,
        password => Some(hashed(auth, session, password).await?),
    };
    let row = &session.row;
    let event = |name| auth.event(name, Some(&row.address), client).of_user(&row.user_id);
    let changed = event(if hash.is_some() { Event::PasswordSet } else { Event::PasswordRemoved });
    let revoked = event(Event::SessionRevoked).because(Reason::PasswordChanged);
    let notice = notice::of_password(auth, session, hash.is_some(), client, changed.at)?;
    let new = NewPassword {
        session_id: &row.id,
        user_id: &row.user_id,
        address: &row.address,
        hash: hash.as_deref(),
        notice: notice.new_mail("", false),
        changed: &changed,
        revoked: &revoked,
    };
    match auth.store.set_password(&new).await? {
        PasswordChange::SessionEnded => return Err(Error::Unauthenticated),
        PasswordChange::Nothing => return Ok(()),
        PasswordChange::Done { ended } => {
            changed.emit();
            if ended > 0 {
                revoked.emit();
            }
        }
    }
    auth.outbox.wake();
    Ok(())
}

/// Returns the hash to store for a new password, or an error if that password may not be set.
async fn hashed(auth: &Auth, session: &Session, password: &str) -> Result<String, Error> {
    let length = password.chars().count();
    if !(SHORTEST..=LONGEST).contains(&length) {
        return Err(Error::invalid(say!(
            "detail-password-length",
            shortest = SHORTEST,
            longest = LONGEST,
            length = length
        )));
    }
    let (password, salt) = (password.to_owned(), auth.random.bytes()?);
    let known = [
        auth.policy().brand.name.clone(),
        auth.public_url.host().to_owned(),
        session.row.address.as_str().to_owned(),
    ];
    let hash = move || {
        if is_guessable(&password, &known) {
            return Err(Error::invalid(say!("detail-password-known")));
        }
        password_hash::hash(&password, &salt)
    };
    auth.hashing.run(hash).await
}
