//! Reports from SendGrid, which signs time and body with ECDSA on P-256.

use axum::http::HeaderMap;
use base64::{Engine, engine::general_purpose::STANDARD};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use rsa::pkcs8::{ObjectIdentifier, SubjectPublicKeyInfoRef};
use serde_json::Value;

use super::{
    HookError, Kind, LONGEST_NAME, Report, check_time, json, of_provider, status::refused, text,
};
use crate::server::ground::clock::{HOUR, Millis, SECOND};

/// Age at which a signature is too old. SendGrid tries again for 24 hours, and does not say that it
/// signs anew. Each event has a name that is known until then, so a copy does nothing.
const OLDEST: Millis = 25 * HOUR;

const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// The key that SendGrid shows beside "Signed Event Webhook": a point on P-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    /// Parses the key as SendGrid shows it, the base64 of its DER, or as PEM.
    pub fn parse(text: &str) -> Result<Self, String> {
        const HOW: &str = "the verification key that SendGrid shows for the signed event webhook \
            is needed, which begins with MFkw";
        let lines = text.lines().filter(|line| !line.starts_with("-----"));
        let base64: String = lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
        let der = STANDARD.decode(base64).map_err(|_| HOW)?;
        let info = SubjectPublicKeyInfoRef::try_from(der.as_slice()).map_err(|_| HOW)?;
        let point = info.subject_public_key.raw_bytes();
        // An uncompressed point: 4, x, y.
        match info.algorithm.oids() {
            Ok((EC, Some(P256))) if point.len() == 65 && point[0] == 4 => {
                Ok(PublicKey(point.to_vec()))
            }
            _ => Err(HOW.to_owned()),
        }
    }

    fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0).verify(message, signature).is_ok()
    }
}

/// Verifies and reads reports.
pub fn read(
    keys: &[PublicKey],
    headers: &HeaderMap,
    body: &[u8],
    now: Millis,
) -> Result<Vec<Report>, HookError> {
    let header = |name: &str| {
        let value = headers.get(format!("x-twilio-email-event-webhook-{name}"));
        value.and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let seconds = header("timestamp");
    let signature = STANDARD.decode(header("signature")).unwrap_or_default();
    let message = [seconds.as_bytes(), body].concat();
    if !keys.iter().any(|key| key.has_signed(&message, &signature)) {
        return Err(HookError::Forged(
            "The signature is missing or wrong: switch on the signed event webhook at SendGrid, \
             and compare the verification key in the policy with the one it shows.",
        ));
    }
    let seconds: Millis =
        seconds.parse().map_err(|_| HookError::Forged("The timestamp is no number."))?;
    let at = seconds.saturating_mul(SECOND);
    check_time(at, now, OLDEST)?;
    match json(body, "a list of events of SendGrid")? {
        Value::Array(events) => Ok(events.iter().filter_map(|event| report(event, at)).collect()),
        _ => Err(HookError::Unreadable("The body should be a list of events.".to_owned())),
    }
}

/// Returns the report that an event is, if it is about the fate of a mail.
fn report(event: &Value, at: Millis) -> Option<Report> {
    let reason = text(event, "/reason");
    let (kind, said) = match text(event, "/event") {
        // "blocked": refused, but not for the address.
        "bounce" if text(event, "/type") == "blocked" => (Kind::Soft, reason),
        "bounce" => {
            // SendGrid calls it a bounce for good; a status that says otherwise knows more.
            let kind = match (text(event, "/status"), refused(text(event, "/status"), reason)) {
                ("", _) => Kind::Hard,
                (_, kind) => kind,
            };
            (kind, reason)
        }
        "dropped" => {
            // On SendGrid's own lists, from which they have to be removed.
            let kind = match reason {
                "Bounced Address" | "Invalid" => Kind::Hard,
                "Spam Reporting Address" | "Unsubscribed Address" => Kind::Complaint,
                // Our quota, content or settings.
                _ => Kind::Soft,
            };
            (kind, reason)
        }
        "deferred" => (Kind::Delayed, text(event, "/response")),
        "spamreport" => (Kind::Complaint, ""),
        "delivered" => (Kind::Delivered, text(event, "/response")),
        _ => return None,
    };
    // The part before the first dot is the X-Message-Id of the answer to our request.
    let mail = of_provider(text(event, "/sg_message_id").split('.').next()?)?;
    let report = Report::new(mail, text(event, "/email"), kind, said, at);
    let name = text(event, "/sg_event_id");
    let is_name = !name.is_empty() && name.len() <= LONGEST_NAME;
    Some(if is_name { report.once(name, at.saturating_add(OLDEST)) } else { report })
}

#[cfg(test)]
mod tests {
    use ring::{
        rand::SystemRandom,
        signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
    };
    use serde_json::json;

    use super::*;
    use crate::server::mail::reports::MailRef;

    const NOW: Millis = 1_764_460_800_000;

    /// A fresh key, and what SendGrid would show of it.
    fn draw() -> (EcdsaKeyPair, PublicKey) {
        const SPKI: [u8; 26] = *b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
            \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
        let (algorithm, random) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random).unwrap();
        let shown = STANDARD.encode([&SPKI[..], pair.public_key().as_ref()].concat());
        (pair, PublicKey::parse(&shown).unwrap())
    }

    fn signed(pair: &EcdsaKeyPair, body: &[u8], at: Millis) -> HeaderMap {
        let seconds = (at / SECOND).to_string();
        let message = [seconds.as_bytes(), body].concat();
        let signature = pair.sign(&SystemRandom::new(), &message).unwrap();
        let mut headers = HeaderMap::new();
        let name = |name| format!("X-Twilio-Email-Event-Webhook-{name}").to_ascii_lowercase();
        let header = |name: String| axum::http::HeaderName::try_from(name).unwrap();
        headers.insert(header(name("Timestamp")), seconds.parse().unwrap());
        let signature = STANDARD.encode(signature).parse().unwrap();
        headers.insert(header(name("Signature")), signature);
        headers
    }

    fn event(name: &str, more: Value) -> Value {
        let mut event = json!({
            "email": "ada@example.com",
            "timestamp": 1764460790,
            "smtp-id": "<Lli-03HcQ5-JLybO9fXsJg@ismtpd0077p1las1.sendgrid.net>",
            "event": name,
            "sg_event_id": format!("id-of-{name}"),
            "sg_message_id": "Lli-03HcQ5-JLybO9fXsJg.filter0077p1las1.21536.5717FC482.0",
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    }

    fn read(events: &Value) -> Result<Vec<Report>, HookError> {
        let (pair, key) = draw();
        let body = events.to_string();
        super::read(&[key], &signed(&pair, body.as_bytes(), NOW), body.as_bytes(), NOW)
    }

    #[test]
    fn each_event_about_delivery_is_a_report_of_its_kind() {
        let bounce = |kind: &str, status: &str, reason: &str| {
            event("bounce", json!({"type": kind, "status": status, "reason": reason}))
        };
        let dropped = |reason: &str| event("dropped", json!({"reason": reason}));
        let cases = [
            (bounce("bounce", "5.1.1", "550 5.1.1 <ada@example.com> unknown"), Kind::Hard),
            (bounce("bounce", "", "500 unknown recipient"), Kind::Hard),
            (bounce("bounce", "5.2.2", "552 5.2.2 full"), Kind::Soft),
            (bounce("blocked", "5.7.1", "550 5.7.1 listed"), Kind::Soft),
            (dropped("Bounced Address"), Kind::Hard),
            (dropped("Spam Reporting Address"), Kind::Complaint),
            (dropped("Unsubscribed Address"), Kind::Complaint),
            (dropped("Recipient List over Package Quota"), Kind::Soft),
            (event("deferred", json!({"response": "400 try again later"})), Kind::Delayed),
            (event("spamreport", json!({})), Kind::Complaint),
            (event("delivered", json!({"response": "250 OK"})), Kind::Delivered),
            (event("processed", json!({})), Kind::Delivered),
            (event("open", json!({})), Kind::Delivered),
        ];
        let events = cases.iter().map(|(event, _)| event.clone()).collect::<Vec<_>>();
        let reports = read(&Value::Array(events)).unwrap();
        // The last two say nothing of delivery.
        assert_eq!(reports.len(), cases.len() - 2);
        for (report, (event, kind)) in reports.iter().zip(cases) {
            assert_eq!(report.kind, kind, "{event}");
            assert_eq!(report.mail, MailRef::OfProvider("Lli-03HcQ5-JLybO9fXsJg".to_owned()));
            assert_eq!(report.recipient.as_deref(), Some("ada@example.com"));
            let once = report.once.as_ref().unwrap();
            assert_eq!(once.id, event["sg_event_id"]);
            assert_eq!(once.until, NOW + OLDEST);
        }
        assert_eq!(reports[0].said, "550 5.1.1 <a***@example.com> unknown");
    }

    #[test]
    fn what_sendgrid_has_not_signed_is_refused() {
        let (pair, key) = draw();
        let body = json!([event("spamreport", json!({}))]).to_string();
        let headers = signed(&pair, body.as_bytes(), NOW);
        let read = |headers: &HeaderMap, body: &str, key: &PublicKey| {
            super::read(std::slice::from_ref(key), headers, body.as_bytes(), NOW)
        };
        assert_eq!(read(&headers, &body, &key).map(|reports| reports.len()), Ok(1));
        let mut later = headers.clone();
        let name = "x-twilio-email-event-webhook-timestamp";
        later.insert(name, "1764460801".parse().unwrap());
        for (headers, body, key) in [
            (&headers, &*body.replace("ada", "eve"), &key),
            (&headers, &body[..body.len() - 1], &key),
            (&headers, &*body, &draw().1),
            (&later, &*body, &key),
            (&HeaderMap::new(), &*body, &key),
        ] {
            let refused = read(headers, body, key);
            assert!(matches!(refused, Err(HookError::Forged(_))), "{refused:?}");
        }
    }

    #[test]
    fn a_retry_of_a_day_later_is_read_and_an_older_one_is_stale() {
        let (pair, key) = draw();
        let at = |age: Millis| {
            let headers = signed(&pair, b"[]", NOW - age);
            super::read(std::slice::from_ref(&key), &headers, b"[]", NOW)
        };
        assert_eq!(at(24 * HOUR), Ok(vec![]));
        assert_eq!(at(25 * HOUR + SECOND), Err(HookError::Stale));
        assert_eq!(at(-6 * 60 * SECOND), Err(HookError::Stale));
    }

    #[test]
    fn one_odd_event_does_not_hide_the_others() {
        let good = event("spamreport", json!({}));
        let odd = event("bounce", json!({"sg_message_id": 7}));
        let reports = read(&json!([7, null, {}, [], odd, good])).unwrap();
        assert_eq!(reports.len(), 1);
        assert!(matches!(read(&json!({"event": "bounce"})), Err(HookError::Unreadable(_))));
    }

    #[test]
    fn a_key_is_a_point_on_p256() {
        let (pair, key) = draw();
        let shown = STANDARD.encode(pair.public_key().as_ref());
        for text in [shown.as_str(), "", "MFkw", "?"] {
            assert!(PublicKey::parse(text).unwrap_err().contains("MFkw"));
        }
        assert_eq!(key.0.len(), 65);
    }
}
