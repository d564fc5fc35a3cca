//! Reports from Mailgun, which signs a time and a token in the body: HMAC-SHA256, in hex.
//!
//! The signature does not cover the event, so a token is good for one report
//! ([`Once`](super::Once)).

use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, Mac};
use serde_json::Value;
use sha2::Sha256;

use super::{
    HookError, Kind, LONGEST_NAME, Report, check_time, json, of_provider, status::refused, text,
};
use crate::server::ground::clock::{HOUR, Millis, SECOND};

/// Age at which a signature is too old. Mailgun tries again for eight hours, and does not say that
/// it signs anew.
const OLDEST: Millis = 9 * HOUR;
/// Fewest characters of a key. Mailgun's have 32.
const SHORTEST: usize = 32;

/// The key of the account that signs webhooks; not the key of the API. It has no `Debug`.
#[derive(Clone)]
pub struct SigningKey(String);

impl SigningKey {
    pub fn parse(text: &str) -> Result<Self, String> {
        let key = text.trim();
        if key.len() < SHORTEST {
            return Err(format!(
                "the HTTP webhook signing key has at least {SHORTEST} characters: take it from \
                 Mailgun's page on API security"
            ));
        }
        Ok(SigningKey(key.to_owned()))
    }

    fn has_signed(&self, timestamp: &str, token: &str, signature: &[u8]) -> bool {
        <Hmac<Sha256> as Mac>::new_from_slice(self.0.as_bytes()).is_ok_and(|mut mac| {
            mac.update(timestamp.as_bytes());
            mac.update(token.as_bytes());
            mac.verify_slice(signature).is_ok()
        })
    }
}

/// Verifies and reads a report.
pub fn read(keys: &[SigningKey], body: &[u8], now: Millis) -> Result<Vec<Report>, HookError> {
    let request = json(body, "an event of Mailgun")?;
    let part = |name: &str| text(&request, &format!("/signature/{name}"));
    let (timestamp, token) = (part("timestamp"), part("token"));
    let signature = HEXLOWER_PERMISSIVE.decode(part("signature").as_bytes()).unwrap_or_default();
    let is_signed = keys.iter().any(|key| key.has_signed(timestamp, token, &signature));
    if !is_signed || token.is_empty() || token.len() > LONGEST_NAME {
        return Err(HookError::Forged(
            "The signature is missing or wrong: compare the signing key in the policy with \
             Mailgun's HTTP webhook signing key, which is not the key of its API.",
        ));
    }
    let seconds: Millis =
        timestamp.parse().map_err(|_| HookError::Forged("The timestamp is no number."))?;
    let at = seconds.saturating_mul(SECOND);
    check_time(at, now, OLDEST)?;
    let report = request.get("event-data").and_then(|event| report(event, at));
    Ok(report.map(|report| report.once(token, at.saturating_add(OLDEST))).into_iter().collect())
}

/// Returns the report that an event is, if it is about the fate of a mail.
fn report(event: &Value, at: Millis) -> Option<Report> {
    let status = |name: &str| text(event, &format!("/delivery-status/{name}"));
    let said = match (status("message"), status("description")) {
        ("", description) => description,
        (message, _) => message,
    };
    let (kind, said) = match text(event, "/event") {
        "failed" => {
            let kind = match (text(event, "/severity"), text(event, "/reason")) {
                // On Mailgun's own lists, from which they have to be removed.
                (_, "suppress-bounce") => Kind::Hard,
                (_, "suppress-complaint" | "suppress-unsubscribe") => Kind::Complaint,
                ("temporary", _) => Kind::Delayed,
                // Tried for too long; refused for the sender's name.
                (_, "old" | "espblock") => Kind::Soft,
                _ => {
                    let code = event.pointer("/delivery-status/code").and_then(Value::as_u64);
                    let reply = format!("{} {said}", code.unwrap_or_default());
                    refused(status("enhanced-code"), &reply)
                }
            };
            (kind, said)
        }
        "complained" => (Kind::Complaint, said),
        "delivered" => (Kind::Delivered, said),
        // Mailgun itself refused to send it.
        "rejected" => (Kind::Soft, text(event, "/reject/reason")),
        _ => return None,
    };
    let mail = of_provider(text(event, "/message/headers/message-id"))?;
    Some(Report::new(mail, text(event, "/recipient"), kind, said, at))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::mail::reports::MailRef;

    const NOW: Millis = 1_764_460_800_000;
    const KEY: &str = "0123456789abcdef0123456789abcdef";
    const TOKEN: &str = "651869375b9df3c98fc15c4889b102119add1235c38fc92824";

    fn signed_at(at: Millis, event: Value) -> Value {
        let timestamp = (at / SECOND).to_string();
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(KEY.as_bytes()).unwrap();
        mac.update(format!("{timestamp}{TOKEN}").as_bytes());
        let signature = HEXLOWER_PERMISSIVE.encode(&mac.finalize().into_bytes());
        json!({
            "signature": {"timestamp": timestamp, "token": TOKEN, "signature": signature},
            "event-data": event,
        })
    }

    fn event(name: &str, more: Value) -> Value {
        let mut event = json!({
            "event": name,
            "id": "G9Bn5sl1TC6nu79C8C0bwg",
            "timestamp": 1764460790.389832,
            "recipient": "ada@example.com",
            "message": {"headers": {
                "to": "ada@example.com",
                "message-id": "20261129214658.1.0DF563D0B3597700@example.com",
                "from": "no-reply@example.com",
            }},
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    }

    fn read(request: &Value) -> Result<Vec<Report>, HookError> {
        let keys = [SigningKey::parse(KEY).unwrap()];
        super::read(&keys, request.to_string().as_bytes(), NOW)
    }

    fn failed(severity: &str, reason: &str, code: u64, message: &str) -> Value {
        event(
            "failed",
            json!({
                "severity": severity,
                "reason": reason,
                "delivery-status": {"code": code, "message": message, "attempt-no": 1},
            }),
        )
    }

    #[test]
    fn each_event_about_delivery_is_a_report_of_its_kind() {
        let unknown = "5.1.1 The account ada@example.com does not\r\nexist";
        for (event, kind, said) in [
            (
                failed("permanent", "bounce", 550, unknown),
                Kind::Hard,
                "5.1.1 The account a***@example.com does not exist",
            ),
            (failed("permanent", "bounce", 552, "5.2.2 full"), Kind::Soft, "5.2.2 full"),
            (failed("permanent", "generic", 550, "no"), Kind::Hard, "no"),
            (failed("permanent", "old", 602, "Too old"), Kind::Soft, "Too old"),
            (failed("permanent", "espblock", 550, "spam"), Kind::Soft, "spam"),
            (
                failed("permanent", "suppress-bounce", 605, "Not delivering"),
                Kind::Hard,
                "Not delivering",
            ),
            (failed("permanent", "suppress-complaint", 607, ""), Kind::Complaint, ""),
            (failed("temporary", "greylisted", 450, "later"), Kind::Delayed, "later"),
            (event("complained", json!({})), Kind::Complaint, ""),
            (
                event("delivered", json!({"delivery-status": {"message": "OK"}})),
                Kind::Delivered,
                "OK",
            ),
            (event("rejected", json!({"reject": {"reason": "Sandbox"}})), Kind::Soft, "Sandbox"),
        ] {
            let report = read(&signed_at(NOW, event.clone())).unwrap().remove(0);
            assert_eq!((report.kind, report.said.as_str()), (kind, said), "{event}");
            let id = "20261129214658.1.0DF563D0B3597700@example.com".to_owned();
            assert_eq!(report.mail, MailRef::OfProvider(id));
            assert_eq!(report.once.unwrap().id, TOKEN);
        }
    }

    #[test]
    fn what_mailgun_has_not_signed_is_refused() {
        let good = signed_at(NOW, event("complained", json!({})));
        for (pointer, value) in [
            ("/signature/token", json!(TOKEN.replace('6', "7"))),
            ("/signature/timestamp", json!("1764460801")),
            ("/signature/timestamp", json!(1764460800)),
            ("/signature/signature", json!("00")),
            ("/signature/signature", json!("not hex")),
            ("/signature", json!(null)),
        ] {
            let mut forged = good.clone();
            *forged.pointer_mut(pointer).unwrap() = value;
            let refused = read(&forged);
            assert!(matches!(refused, Err(HookError::Forged(_))), "{pointer}: {refused:?}");
        }
        assert!(read(&good).is_ok());
    }

    #[test]
    fn a_retry_of_eight_hours_later_is_read_and_an_older_one_is_stale() {
        let at = |age: Millis| read(&signed_at(NOW - age, event("complained", json!({}))));
        let report = at(8 * HOUR).unwrap().remove(0);
        assert_eq!(report.once.unwrap().until, report.at + OLDEST);
        assert_eq!(at(9 * HOUR + SECOND), Err(HookError::Stale));
        assert_eq!(at(-6 * 60 * SECOND), Err(HookError::Stale));
    }

    #[test]
    fn other_events_are_no_reports_and_other_content_is_refused() {
        for event in [
            event("opened", json!({})),
            event("of the future", json!({})),
            event("complained", json!({"message": {}})),
            json!([]),
            json!(null),
        ] {
            assert_eq!(read(&signed_at(NOW, event)), Ok(vec![]));
        }
        let keys = [SigningKey::parse(KEY).unwrap()];
        let body = signed_at(NOW, event("complained", json!({}))).to_string();
        for cut in [0, 1, 80, body.len() - 1] {
            let read = super::read(&keys, &body.as_bytes()[..cut], NOW);
            assert!(matches!(read, Err(HookError::Unreadable(_))), "{cut}: {read:?}");
        }
        assert!(SigningKey::parse("short").is_err());
    }
}
