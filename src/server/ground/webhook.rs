//! Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec 1.0): a POST that
//! proves by a shared key who sent it, and when.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Fewest and most octets of a key, by the specification.
const OCTETS: std::ops::RangeInclusive<usize> = 24..=64;

/// A key that both sides have. It has no `Debug`.
#[derive(Clone)]
pub struct WebhookKey(Hmac<Sha256>);

impl WebhookKey {
    /// Parses a key like `whsec_…`. The error, the rest of a sentence, repeats nothing of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let octets = text.trim().strip_prefix("whsec_").map(|rest| STANDARD.decode(rest));
        let octets = octets.and_then(Result::ok).filter(|key| OCTETS.contains(&key.len()));
        octets.and_then(|key| Hmac::new_from_slice(&key).ok()).map(WebhookKey).ok_or_else(|| {
            let (least, most) = (OCTETS.start(), OCTETS.end());
            format!(
                "has to be whsec_ and the base64 of {least} to {most} bytes: take it from the \
                 provider's page, or print one with `echo whsec_$(openssl rand -base64 32)`"
            )
        })
    }

    /// Returns the value of `webhook-signature` for a POST whose `webhook-id` and
    /// `webhook-timestamp` (Unix time in seconds) these are.
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let mac = self.mac(id, &seconds.to_string(), body);
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    }

    /// Reports whether one of the `signatures` of a POST, separated by spaces, is of this key. The
    /// sender signs with the old key and with the new one while it changes from one to the other.
    /// Other versions than v1 are of other algorithms.
    pub fn verifies(&self, id: &str, seconds: &str, body: &[u8], signatures: &str) -> bool {
        let mac = self.mac(id, seconds, body);
        let mut signatures = signatures.split(' ').filter_map(|text| text.strip_prefix("v1,"));
        signatures.any(|signature| {
            let signature = STANDARD.decode(signature);
            signature.is_ok_and(|signature| mac.clone().verify_slice(&signature).is_ok())
        })
    }

    fn mac(&self, id: &str, seconds: &str, body: &[u8]) -> Hmac<Sha256> {
        self.0.clone().chain_update(format!("{id}.{seconds}.")).chain_update(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_of_the_reference_libraries() {
        let key = WebhookKey::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let (id, body) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", br#"{"test": 2432232314}"#);
        let signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(key.sign(id, 1_614_265_330, body), signature);
        assert!(key.verifies(id, "1614265330", body, &format!("v1a,AAAA {signature}")));
        assert!(!key.verifies(id, "1614265331", body, signature));
    }

    #[test]
    fn a_key_is_base64_of_24_to_64_octets_behind_whsec() {
        let of = |octets| format!("whsec_{}", STANDARD.encode(vec![7; octets]));
        for (text, is_key) in [
            (of(24), true),
            (of(64), true),
            (of(23), false),
            (of(65), false),
            (of(24).replace("whsec_", ""), false),
            ("whsec_no base64 of 24 octets at all".to_owned(), false),
        ] {
            let parsed = WebhookKey::parse(&text).map(drop);
            assert_eq!(parsed.is_ok(), is_key, "{text}");
            assert!(!parsed.is_err_and(|why| why.contains(&text)), "the key is not repeated");
        }
    }
}
