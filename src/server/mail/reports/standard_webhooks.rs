//! Signatures of webhooks by the specification Standard Webhooks, which Svix began under other
//! names of the headers: HMAC-SHA256 over id, time and body.

use axum::http::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::{HookError, LONGEST_NAME, check_time};
use crate::server::ground::{
    clock::{DAY, MINUTE, Millis, SECOND},
    error::Error,
};

/// Age at which a signature is too old: what the specification's libraries use. A retry is signed
/// anew, under the same id.
const OLDEST: Millis = 5 * MINUTE;
/// Time that an id is kept: the specification's retries end after three days and four hours.
const KEPT: Millis = 4 * DAY;
/// Fewest bytes of a secret, by the specification.
const SHORTEST: usize = 24;

/// The names of the three headers.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    id: &'static str,
    timestamp: &'static str,
    signature: &'static str,
}

pub const STANDARD_NAMES: Names =
    Names { id: "webhook-id", timestamp: "webhook-timestamp", signature: "webhook-signature" };
pub const SVIX_NAMES: Names =
    Names { id: "svix-id", timestamp: "svix-timestamp", signature: "svix-signature" };

/// A secret that both sides know. It has no `Debug`.
#[derive(Clone)]
pub struct Secret(Vec<u8>);

/// Proof that a request is the sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified<'a> {
    /// Name of the message, the same in each of its retries.
    pub id: &'a str,
    pub at: Millis,
    /// Time until which a copy may come.
    pub until: Millis,
}

impl Secret {
    /// Parses `whsec_` and base64. The error repeats nothing of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bytes = text.trim().strip_prefix("whsec_").and_then(|rest| STANDARD.decode(rest).ok());
        match bytes {
            Some(bytes) if bytes.len() >= SHORTEST => Ok(Secret(bytes)),
            _ => Err(format!(
                "a secret has to be whsec_ and the base64 of at least {SHORTEST} bytes: take it \
                 from the provider's page, or print one with \
                 `echo whsec_$(openssl rand -base64 32)`"
            )),
        }
    }

    /// Starts an HMAC over a message. HMAC takes a key of any length, so this never fails, although
    /// its type allows it.
    fn mac(&self, id: &str, seconds: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&self.0).ok()?;
        for part in [id.as_bytes(), b".", seconds.as_bytes(), b".", body] {
            mac.update(part);
        }
        Some(mac)
    }

    /// Returns the three headers that sign `body` under `id`, which has no dot. A retry is signed
    /// anew, with its own time.
    pub fn sign(
        &self,
        id: &str,
        body: &[u8],
        now: Millis,
    ) -> Result<[(&'static str, String); 3], Error> {
        let seconds = now.div_euclid(SECOND).to_string();
        let mac = self.mac(id, &seconds, body).ok_or(Error::Internal)?;
        let signature = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        let Names { id: id_name, timestamp, signature: signature_name } = STANDARD_NAMES;
        Ok([(id_name, id.to_owned()), (timestamp, seconds), (signature_name, signature)])
    }
}

/// Verifies that the owner of one of `secrets` signed `body`, and lately.
pub fn verify<'a>(
    names: Names,
    secrets: &[Secret],
    headers: &'a HeaderMap,
    body: &[u8],
    now: Millis,
) -> Result<Verified<'a>, HookError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(id), Some(seconds), Some(signatures)) =
        (header(names.id), header(names.timestamp), header(names.signature))
    else {
        return Err(HookError::Forged(
            "The request is not signed: it needs the three headers of id, timestamp and signature.",
        ));
    };
    let at = seconds.parse::<Millis>().ok().map(|seconds| seconds.saturating_mul(SECOND));
    let (Some(at), true) = (at, id.len() <= LONGEST_NAME) else {
        return Err(HookError::Forged("The headers of id and timestamp are malformed."));
    };
    check_time(at, now, OLDEST)?;
    // Other versions than v1 are of other algorithms. The sender signs with the old secret and with
    // the new one while it changes from one to the other.
    let signatures: Vec<Vec<u8>> = signatures
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1,"))
        .filter_map(|signature| STANDARD.decode(signature).ok())
        .collect();
    let is_signed_with = |secret: &Secret| {
        secret.mac(id, seconds, body).is_some_and(|mac| {
            signatures.iter().any(|signature| mac.clone().verify_slice(signature).is_ok())
        })
    };
    if !secrets.iter().any(is_signed_with) {
        return Err(HookError::Forged(
            "The signature is not of this body and secret: compare the secret in the policy with \
             the sender's.",
        ));
    }
    Ok(Verified { id, at, until: at.saturating_add(KEPT) })
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub const NOW: Millis = 1_764_460_800_000;

    pub fn secret(byte: u8) -> Secret {
        Secret::parse(&format!("whsec_{}", STANDARD.encode([byte; 32]))).unwrap()
    }

    /// Returns the headers of `secret.sign` under the names that a provider uses.
    pub fn signed(names: Names, secret: &Secret, id: &str, body: &[u8], at: Millis) -> HeaderMap {
        let [(_, id), (_, seconds), (_, signature)] = secret.sign(id, body, at).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(names.id, id.parse().unwrap());
        headers.insert(names.timestamp, seconds.parse().unwrap());
        headers.insert(names.signature, signature.parse().unwrap());
        headers
    }

    /// The example of the specification and of its libraries.
    #[test]
    fn the_example_of_the_specification_verifies() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = br#"{"test": 2432232314}"#;
        let at = 1_614_265_330 * SECOND;
        let headers = secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", body, at).unwrap();
        assert_eq!(headers[1], ("webhook-timestamp", "1614265330".to_owned()));
        assert_eq!(headers[2].1, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn one_right_signature_of_several_is_enough_and_none_is_refused() {
        let body = b"{}";
        let headers = signed(STANDARD_NAMES, &secret(1), "msg_1", body, NOW);
        let verify = |headers: &HeaderMap, body: &[u8], secrets: &[Secret]| {
            verify(STANDARD_NAMES, secrets, headers, body, NOW).map(|verified| verified.at)
        };
        assert_eq!(verify(&headers, body, &[secret(2), secret(1)]), Ok(NOW));
        let right = headers["webhook-signature"].to_str().unwrap().to_owned();
        let with = |signature: String| {
            let mut headers = headers.clone();
            headers.insert("webhook-signature", signature.parse().unwrap());
            headers
        };
        let both = with(format!("v1a,AAAA v1,AAAA {right}"));
        assert_eq!(verify(&both, body, &[secret(1)]), Ok(NOW));
        for (headers, body, secrets) in [
            (headers.clone(), &b"{} "[..], vec![secret(1)]),
            (headers.clone(), body, vec![secret(2)]),
            (headers.clone(), body, vec![]),
            (with(right.replace("v1,", "v2,")), body, vec![secret(1)]),
            (with(right[..20].to_owned()), body, vec![secret(1)]),
            (with(String::new()), body, vec![secret(1)]),
            (HeaderMap::new(), body, vec![secret(1)]),
        ] {
            let refused = verify(&headers, body, &secrets);
            assert!(matches!(refused, Err(HookError::Forged(_))), "{refused:?}");
        }
    }

    #[test]
    fn id_and_time_are_signed_and_an_old_signature_is_refused() {
        let headers = signed(STANDARD_NAMES, &secret(1), "msg_1", b"{}", NOW);
        for (name, value) in [("webhook-id", "msg_2"), ("webhook-timestamp", "1764460801")] {
            let mut forged = headers.clone();
            forged.insert(name, value.parse().unwrap());
            let refused = verify(STANDARD_NAMES, &[secret(1)], &forged, b"{}", NOW);
            assert!(matches!(refused, Err(HookError::Forged(_))), "{name}: {refused:?}");
        }
        let at = |now| verify(STANDARD_NAMES, &[secret(1)], &headers, b"{}", now).map(|v| v.until);
        assert_eq!(at(NOW + OLDEST), Ok(NOW + KEPT));
        assert_eq!(at(NOW + OLDEST + 1), Err(HookError::Stale));
        assert_eq!(at(NOW - OLDEST - 1), Err(HookError::Stale));
    }

    #[test]
    fn a_secret_is_long_and_is_not_repeated() {
        for text in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_?"]
        {
            let said = Secret::parse(text).err().expect("refused");
            assert!(said.contains("whsec_") && !said.contains("c2hvcnQ"), "{said}");
        }
    }
}
