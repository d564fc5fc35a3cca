//! Sign-in by code: six digits that a person types.

use crate::server::values::event::Method;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

use super::{
    Auth, Proved, Refused, Requester, SignedIn, code_hash, device,
    finish::{SignInAttempt, finish, prove as end_with_proof},
    limits,
    terms::instead_of_code,
};
use crate::server::{
    config::{AuthPolicy, Resend},
    ground::{
        clock::Millis, error::Error, keys::Purpose, mode::Instead, random::Random, unicode::digit,
        words::say,
    },
    store::{AuthRequest, Counted, Ended, FailedTry, MailedCredential, Proof, Usage, Verdict},
    values::destination,
};

/// Code of six digits, leading zeros kept. `Debug` never shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// Bytes of pasted text above which it is refused: longer than any sentence with a code in it.
const LONGEST_PASTE: usize = 1_000;

impl Code {
    pub fn random(random: &Random) -> Result<Self, Error> {
        Ok(Code(format!("{:06}", random.six_digits()?)))
    }

    /// Finds the code in typed or pasted text, such as "Your code is 123 456". Accepts digits of
    /// any script.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Err(Error::missing("code"));
        }
        let not_a_code = || Error::invalid(say!("detail-six-digits"));
        if text.len() > LONGEST_PASTE {
            return Err(not_a_code());
        }
        let text: String = text.nfkc().map(|c| digit(c).unwrap_or(c)).collect();
        find_six_digits(&text).map(Code).ok_or_else(not_a_code)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns all digits of `text` if there are exactly six, however they are spaced or broken.
/// Otherwise returns the first run of exactly six or, failing that, the first two runs of three
/// with one character between them.
fn find_six_digits(text: &str) -> Option<String> {
    let all: String = text.chars().filter(char::is_ascii_digit).collect();
    if all.len() == 6 {
        return Some(all);
    }
    let runs: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).collect();
    let whole = runs.iter().find(|run| run.len() == 6).map(|run| run.to_string());
    whole.or_else(|| {
        // Adjacent entries in `runs` are exactly one character apart.
        runs.windows(2).find(|pair| pair.iter().all(|run| run.len() == 3)).map(<[&str]>::concat)
    })
}

/// Signs in the browser that began the auth request `id` and typed its code.
pub async fn verify(
    auth: &Auth,
    id: &str,
    code: &Code,
    requester: &Requester,
) -> Result<SignedIn, Error> {
    tried(auth, id, code, requester, finish).await
}

/// Proves the address that a code was mailed to, for the app that asked for it. No session begins:
/// the app keeps its own.
pub async fn prove(
    auth: &Auth,
    id: &str,
    code: &Code,
    requester: &Requester,
) -> Result<Proved, Error> {
    tried(auth, id, code, requester, end_with_proof).await
}

/// Tries a code, and lets `end` do what follows if it is right. A try and its outcome are written
/// in one step, before the answer: neither parallel tries nor a crash give a try away for free
/// (ASVS 5.0 6.6.2).
async fn tried<T>(
    auth: &Auth,
    id: &str,
    code: &Code,
    requester: &Requester,
    end: impl AsyncFnOnce(&Auth, &Requester, SignInAttempt<'_>) -> Result<T, Refused>,
) -> Result<T, Error> {
    let others: Vec<String> = requester.held.iter().filter(|held| *held != id).cloned().collect();
    // Run together: the limit counted in this process refuses before anything is read.
    let ((), credentials) = tokio::try_join!(
        biased;
        auth.one_more_verify(&requester.client),
        auth.store.credentials_of_code(id, &others),
    )?;
    // A request of an app is known to that app alone.
    let of_caller =
        credentials.into_iter().filter(|found| found.request.app_id == requester.client.app);
    let (credentials, others): (Vec<MailedCredential>, Vec<MailedCredential>) =
        of_caller.partition(|credential| credential.request.id == id);
    let address = credentials.first().map(|credential| credential.request.address.clone());
    match attempt(auth, &credentials, &others, code, requester, end).await {
        Ok(ended) => Ok(ended),
        Err(refused) => Err(auth.refuse(refused, address.as_ref(), &requester.client).await),
    }
}

/// Judges the code. `credentials` belong to the auth request itself, `others` to the browser's
/// other auth requests.
async fn attempt<T>(
    auth: &Auth,
    credentials: &[MailedCredential],
    others: &[MailedCredential],
    code: &Code,
    requester: &Requester,
    end: impl AsyncFnOnce(&Auth, &Requester, SignInAttempt<'_>) -> Result<T, Refused>,
) -> Result<T, Refused> {
    // An unknown request gets the same answer as one that expired long ago and was purged. An app
    // keeps its ids itself, and has to know that it sent another's.
    let unknown = || match requester.client.app {
        Some(_) => Error::RequestUnknown,
        None => Error::CodeExpired,
    };
    let asked = &credentials.first().ok_or_else(unknown)?.request;
    let policy = auth.policy();
    let now = auth.clock.now();
    if let Some(error) = why_no_try(asked, &policy.auth, now) {
        return Err(error.into());
    }
    // Hashed outside the step that judges it, because other requests wait for that step.
    let kept = credentials.iter().map(|credential| credential.code_hash.as_str());
    let hit = code_hash::find(code, &asked.code_salt, &auth.keys, kept)?;
    let hit = hit.and_then(|n| credentials.get(n));
    // The code of an earlier mail, typed while a newer request of the same browser is pending, is
    // not a guess and costs no try.
    let mut is_earlier = false;
    let superseded = |other: &&MailedCredential| {
        other.request.address == asked.address && other.request.ended() == Some(Ended::Superseded)
    };
    for other in others.iter().filter(superseded).filter(|_| hit.is_none()) {
        let (salt, kept) = (&other.request.code_salt, [other.code_hash.as_str()]);
        is_earlier |= code_hash::find(code, salt, &auth.keys, kept.into_iter())?.is_some();
    }
    let (try_id, bucket) =
        (auth.random.id()?, device::bucket(auth, &asked.address, requester).await?);
    let network = limits::network(&asked.address, &bucket, requester);
    let instead = instead_of_code(asked.mode.parse()?, asked);
    // A client that sends every wrong code three times, or a person who presses twice, has guessed
    // once: the same wrong code again, until the next mail, is answered alike and counts no more.
    // Nothing is to be gained by it, for the answer is known.
    let guess = format!("{} {}", asked.id, code.as_str());
    let repeated = |request: &AuthRequest| {
        let mut kept = request.wrong_guesses();
        let is_known = hit.is_none()
            && !is_earlier
            && kept.any(|kept| auth.keys.verify(Purpose::WrongGuess, &guess, kept));
        is_known.then(|| wrong(policy.auth.code_tries, request.code_tries, instead))
    };
    if let Some(error) = repeated(asked) {
        return Err(error.into());
    }
    auth.room_for_try(network, instead)?;
    let judge = |request: &AuthRequest, failed: &[Usage]| {
        if let Some(error) = why_no_try(request, &policy.auth, now) {
            return Verdict::Refused(error);
        }
        if let Some(error) = repeated(request) {
            return Verdict::Refused(error);
        }
        if let Err(error) = limits::tries(&policy.limits, failed, network, instead, now) {
            return Verdict::Refused(error);
        }
        match hit {
            Some(hit)
                if hit.generation != request.generation && policy.auth.resend == Resend::Rotate =>
            {
                Verdict::Refused(Error::CodeSuperseded)
            }
            Some(hit) if now >= hit.expires_at => Verdict::Refused(Error::CodeExpired),
            Some(_) => Verdict::Right,
            None if is_earlier => Verdict::Refused(Error::CodeSuperseded),
            None => Verdict::Wrong(wrong(policy.auth.code_tries, request.code_tries + 1, instead)),
        }
    };
    let from = &requester.client.ip_prefix;
    let kept = auth.keys.sign(Purpose::WrongGuess, &guess)?;
    let code_try = FailedTry { id: &try_id, bucket: &bucket, network: from, guess: &kept, at: now };
    // A wrong code stays wrong, because a request only ever loses ways in. So no user is looked up
    // for it.
    if !matches!(judge(asked, &[]), Verdict::Right) {
        return Err(match auth.store.count_try(asked, &code_try, &judge).await? {
            Counted::Wrong(error) => {
                auth.one_more_failure(network);
                Refused { opens: asked.is_unopened(asked.generation), ..error.into() }
            }
            Counted::Gone => Error::CodeExpired.into(),
            // A request only ever loses valid codes, so this should not happen. If it does, the
            // next attempt succeeds.
            Counted::Right => Error::Unavailable.into(),
        });
    }
    let sign_in = SignInAttempt {
        method: match auth.is_test_person(&asked.address) {
            true => Method::FixedCode,
            false => Method::Code,
        },
        address: &asked.address,
        proof: Proof::Request { id: &asked.id, judge: &judge },
        attempt: Some(&code_try),
        request: Some(asked.clone()),
        destination: destination::with_state(&asked.destination, asked.state.as_deref()),
        fallback: Error::CodeExpired,
    };
    end(auth, requester, sign_in).await
}

/// Returns the error for a wrong code once `spent` of the `tries` are used.
fn wrong(tries: u32, spent: i64, instead: Instead) -> Error {
    match u32::try_from(i64::from(tries) - spent) {
        Ok(attempts_left @ 1..) => Error::CodeWrong { attempts_left },
        _ => Error::TooManyAttempts { instead },
    }
}

/// Returns why an auth request allows no try, or `None` if it allows one. The policy is checked
/// again: if it does not allow codes any more, there is nothing to guess.
fn why_no_try(request: &AuthRequest, policy: &AuthPolicy, now: Millis) -> Option<Error> {
    let mode = policy.mode.left_of(&request.mode).filter(|mode| mode.has_code());
    match request.ended() {
        Some(Ended::Superseded) => Some(Error::CodeSuperseded),
        Some(Ended::SignedIn | Ended::Refused | Ended::Cancelled) => Some(Error::CodeExpired),
        None if mode.is_none() => Some(Error::CodeExpired),
        None if request.is_switched_off(policy.code_tries) => {
            mode.map(|mode| Error::TooManyAttempts { instead: instead_of_code(mode, request) })
        }
        None if now >= request.expires_at => Some(Error::CodeExpired),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_found_in_pasted_text() {
        for text in [
            "123456",
            " 123456 ",
            "123 456",
            "123-456",
            "Your code is 123 456",
            "１２３４５６",
            "@localhost #123456",
            "123\u{a0}456",
            "In 10 minutes: 123456",
            "123  456",
            "12 34 56",
            "1\n2\n3\n4\n5\n6",
            "12\u{200b}3\u{2066}456\u{2069}",
            "١٢٣٤٥٦",
            "۱۲۳ ۴۵۶",
            "१२३४५६",
            "১২৩৪৫৬",
            "๑๒๓๔๕๖",
            "១២៣៤៥៦",
            "߁߂߃߄߅߆",
            "𝟏𝟐𝟑𝟒𝟓𝟔",
        ] {
            assert_eq!(Code::parse(text).unwrap().as_str(), "123456", "{text}");
        }
        assert_eq!(Code::parse("000042").unwrap().as_str(), "000042");
    }

    #[test]
    fn text_without_exactly_six_digits_is_refused() {
        for text in ["12345", "1234567", "12 34 567", "abcdef", "1234567890", &"1".repeat(2_000)] {
            assert!(matches!(Code::parse(text), Err(Error::InvalidRequest { .. })), "{text}");
        }
        assert_eq!(Code::parse("  "), Err(Error::missing("code")));
    }
}
