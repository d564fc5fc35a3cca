//! Standard Webhooks (github.com/standard-webhooks/standard-webhooks, spec 1.0): a POST that
//! proves by a shared key who sent it, and when.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Octets of a key that the specification allows.
const OCTETS: std::ops::RangeInclusive<usize> = 24..=64;

/// A key that both sides have.
pub struct WebhookKey(Hmac<Sha256>);

impl WebhookKey {
    /// Parses a key like `whsec_…`. Returns `None` if it is not base64 of 24 to 64 octets.
    pub fn parse(text: &str) -> Option<Self> {
        let key = STANDARD.decode(text.strip_prefix("whsec_")?).ok()?;
        let is_key = OCTETS.contains(&key.len());
        is_key.then(|| Hmac::new_from_slice(&key).ok().map(WebhookKey))?
    }

    /// Returns the value of `webhook-signature` for a POST whose `webhook-id` and
    /// `webhook-timestamp` (Unix time in seconds) these are.
    pub fn sign(&self, id: &str, seconds: i64, body: &[u8]) -> String {
        let signed = self.0.clone().chain_update(format!("{id}.{seconds}.")).chain_update(body);
        format!("v1,{}", STANDARD.encode(signed.finalize().into_bytes()))
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
            assert_eq!(WebhookKey::parse(&text).is_some(), is_key, "{text}");
        }
    }
}
