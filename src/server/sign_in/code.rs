//! The code: six digits that a person types.

use argon2::{Algorithm, Argon2, Params, Version};
use std::fmt;
use subtle::ConstantTimeEq;
use unicode_normalization::UnicodeNormalization;

use super::{Browser, By, Core, Refused, SignedIn, device, limits};
use crate::{
    error::Error,
    server::{
        config::Resend,
        keys::Keys,
        random::Random,
        store::{AuthRequest, Ended, FailedTry},
        words::say,
    },
};

/// Six digits, leading zeros kept. Never shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// What was pasted is longer than any sentence with a code in it.
const LONGEST_PASTE: usize = 1_000;

impl Code {
    pub fn random(random: &Random) -> Result<Self, Error> {
        Ok(Code(format!("{:06}", random.six_digits()?)))
    }

    /// The code in what a person typed or pasted, "Your code is 123 456" included, in any script's digits that
    /// normalise to ours.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.trim().is_empty() {
            return Err(Error::missing("code"));
        }
        let not_a_code = || Error::invalid(say!("detail-six-digits"));
        if text.len() > LONGEST_PASTE {
            return Err(not_a_code());
        }
        let text: String = text.nfkc().collect();
        find_six_digits(&text).map(Code).ok_or_else(not_a_code)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The first run of exactly six digits, or of three and three with one space or dash between.
fn find_six_digits(text: &str) -> Option<String> {
    let runs: Vec<&str> = text.split(|c: char| !c.is_ascii_digit()).collect();
    let whole = runs.iter().find(|run| run.len() == 6).map(|run| run.to_string());
    whole.or_else(|| {
        // Neighbours in `runs` are exactly one character apart.
        runs.windows(2).find(|pair| pair.iter().all(|run| run.len() == 3)).map(<[&str]>::concat)
    })
}

/// 128 KiB, one pass: about 0.1 ms. A million codes are guessed in seconds whatever the work factor, so it is the
/// pepper (a dump without the server's secret is useless), the expiry and the tries that guard a code; a dearer hash
/// would only make verifying dearer for us.
const MEMORY_KIB: u32 = 128;
const PASSES: u32 = 1;
const LANES: u32 = 1;

/// Argon2id of the code with the salt of its auth request and a pepper.
fn hash(code: &Code, salt: &[u8], pepper: &[u8]) -> Result<[u8; 32], Error> {
    let mut out = [0; 32];
    Params::new(MEMORY_KIB, PASSES, LANES, Some(out.len()))
        .and_then(|params| Argon2::new_with_secret(pepper, Algorithm::Argon2id, Version::V0x13, params))
        .and_then(|argon2| argon2.hash_password_into(code.0.as_bytes(), salt, &mut out))
        .map_err(|error| {
            tracing::error!(%error, "argon2 refused its parameters");
            Error::Internal
        })?;
    Ok(out)
}

/// The hash to keep of a new code.
pub fn hash_to_keep(code: &Code, salt: &[u8], keys: &Keys) -> Result<Vec<u8>, Error> {
    let pepper = keys.peppers().next().ok_or(Error::Internal)?;
    Ok(hash(code, salt, pepper)?.to_vec())
}

/// Signs in the browser that began the auth request `id` and typed its code. Every try counts before the code is
/// looked at, in a step of its own, so that neither parallel tries nor a crash give one away (ASVS 5.0 6.6.2).
pub async fn verify(core: &Core, id: &str, code: &Code, browser: &Browser) -> Result<SignedIn, Error> {
    core.ip_limits.verify(browser.client.ip)?;
    let asked = core.store.auth_request(id).await?;
    let address = asked.as_ref().map(|asked| asked.address.clone());
    match attempt(core, asked, code, browser).await {
        Ok(signed_in) => Ok(signed_in),
        Err(refused) => Err(core.refuse(refused, address.as_deref(), &browser.client).await),
    }
}

async fn attempt(core: &Core, asked: Option<AuthRequest>, code: &Code, browser: &Browser) -> Result<SignedIn, Refused> {
    // An unknown request is no different from one long expired and purged.
    let asked = asked.ok_or(Error::CodeExpired)?;
    let id = asked.id.as_str();
    let policy = core.policy();
    let tries = policy.auth.code_tries;
    let now = core.clock.now();
    let (try_id, bucket) = (core.random.id()?, device::bucket(core, &asked.address, browser));
    let failed_try = FailedTry { id: &try_id, bucket: &bucket, at: now };
    let allow = |failed_at: &[_]| limits::tries(&policy.limits, failed_at, now);
    let Some(request) = core.store.spend_try(&asked, tries, &failed_try, allow).await? else {
        return Err(why_no_try(core.store.auth_request(id).await?, tries).into());
    };
    let credentials = core.store.credentials(id).await?;
    for pepper in core.keys.peppers() {
        let hash = hash(code, &request.code_salt, pepper)?;
        let Some(hit) = credentials.iter().find(|credential| credential.code_hash.ct_eq(&hash).into()) else { continue };
        if hit.generation != request.generation && policy.auth.resend == Resend::Rotate {
            return Err(Error::CodeSuperseded.into());
        }
        if now >= hit.expires_at {
            return Err(Error::CodeExpired.into());
        }
        return core.complete(By::Code(&try_id), request, browser, Error::CodeExpired).await;
    }
    match u32::try_from(i64::from(tries) - request.code_tries) {
        Ok(attempts_left @ 1..) => Err(Error::CodeWrong { attempts_left }.into()),
        _ => Err(Error::TooManyAttempts.into()),
    }
}

/// Why an auth request gave no try.
fn why_no_try(request: Option<AuthRequest>, tries: u32) -> Error {
    let Some(request) = request else { return Error::CodeExpired };
    match request.ended() {
        Some(Ended::Superseded) => Error::CodeSuperseded,
        Some(Ended::SignedIn | Ended::Cancelled) => Error::CodeExpired,
        None if request.is_switched_off(tries) => Error::TooManyAttempts,
        None => Error::CodeExpired,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_found_in_what_people_paste() {
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
        ] {
            assert_eq!(Code::parse(text).unwrap().as_str(), "123456", "{text}");
        }
        assert_eq!(Code::parse("000042").unwrap().as_str(), "000042");
    }

    #[test]
    fn what_holds_no_six_digits_is_refused() {
        for text in ["12345", "1234567", "123  456", "12 34 56", "abcdef", "1234567890", &"1".repeat(2_000)] {
            assert!(matches!(Code::parse(text), Err(Error::InvalidRequest { .. })), "{text}");
        }
        assert_eq!(Code::parse("  "), Err(Error::missing("code")));
    }

    #[test]
    fn a_hash_depends_on_code_salt_and_pepper() {
        let code = |text| Code::parse(text).unwrap();
        let reference = hash(&code("123456"), b"salt-salt", b"pepper").unwrap();
        assert_ne!(reference, hash(&code("123457"), b"salt-salt", b"pepper").unwrap());
        assert_ne!(reference, hash(&code("123456"), b"salt-tlas", b"pepper").unwrap());
        assert_ne!(reference, hash(&code("123456"), b"salt-salt", b"papper").unwrap());
    }
}
