//! Signatures of webhooks by the specification Standard Webhooks, which Svix began under other
//! names of the headers: HMAC-SHA256 over id, time and body.

use axum::http::HeaderMap;

use super::{HookError, LONGEST_NAME, check_time};
use crate::server::ground::{
    clock::{DAY, MINUTE, Millis, SECOND},
    webhook::WebhookKey,
};

/// Age at which a signature is too old: what the specification's libraries use. A retry is signed
/// anew, under the same id.
const OLDEST: Millis = 5 * MINUTE;
/// Time that an id is kept: the specification's retries end after three days and four hours.
const KEPT: Millis = 4 * DAY;

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

/// Proof that a request is the sender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified<'a> {
    /// Name of the message, the same in each of its retries.
    pub id: &'a str,
    pub at: Millis,
    /// Time until which a copy may come.
    pub until: Millis,
}

/// Verifies that the owner of one of `keys` signed `body`, and lately.
pub fn verify<'a>(
    names: Names,
    keys: &[WebhookKey],
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
    if !keys.iter().any(|key| key.verifies(id, seconds, body, signatures)) {
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
    use base64::{Engine, engine::general_purpose::STANDARD};

    pub const NOW: Millis = 1_764_460_800_000;

    pub fn secret(byte: u8) -> WebhookKey {
        WebhookKey::parse(&format!("whsec_{}", STANDARD.encode([byte; 32]))).unwrap()
    }

    /// Returns the headers of `secret.sign` under the names that a provider uses.
    pub fn signed(names: Names, key: &WebhookKey, id: &str, body: &[u8], at: Millis) -> HeaderMap {
        let seconds = at.div_euclid(SECOND);
        let signature = key.sign(id, seconds, body);
        let seconds = seconds.to_string();
        let mut headers = HeaderMap::new();
        headers.insert(names.id, id.parse().unwrap());
        headers.insert(names.timestamp, seconds.parse().unwrap());
        headers.insert(names.signature, signature.parse().unwrap());
        headers
    }

    #[test]
    fn one_right_signature_of_several_is_enough_and_none_is_refused() {
        let body = b"{}";
        let headers = signed(STANDARD_NAMES, &secret(1), "msg_1", body, NOW);
        let verify = |headers: &HeaderMap, body: &[u8], keys: &[WebhookKey]| {
            verify(STANDARD_NAMES, keys, headers, body, NOW).map(|verified| verified.at)
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
}
