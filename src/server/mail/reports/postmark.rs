//! Reports from Postmark, which signs nothing: it logs in, with HTTP basic authentication (RFC
//! 7617). The URL of the webhook holds name and password: `https://latchkey:…@example.com/…`.

use axum::http::{HeaderMap, header::AUTHORIZATION};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{HookError, Kind, Report, json, of_provider, text};
use crate::server::ground::clock::{DAY, Millis};

/// Fewest characters of a password: it travels with each request, and nothing slows guesses down.
const SHORTEST: usize = 24;
/// Time that the name of a report is kept. Postmark's retries end after less than eleven hours.
const KEPT: Millis = DAY;

/// A password, as its hash. It has no `Debug`.
#[derive(Clone)]
pub struct Password([u8; 32]);

impl Password {
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() < SHORTEST || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(format!(
                "a password has to have at least {SHORTEST} characters and no space: print one \
                 with `openssl rand -hex 16`"
            ));
        }
        Ok(Password(Sha256::digest(text).into()))
    }

    /// Reports whether `given` is the password. Takes the same time whatever is wrong with it, its
    /// length included.
    pub fn is(&self, given: &[u8]) -> bool {
        self.0.ct_eq(&Sha256::digest(given)).into()
    }
}

/// Checks the password, whatever the name, and reads a report.
pub fn read(
    passwords: &[Password],
    headers: &HeaderMap,
    body: &[u8],
    now: Millis,
) -> Result<Vec<Report>, HookError> {
    let given = headers.get(AUTHORIZATION).and_then(|value| basic(value.to_str().ok()?));
    // Each is compared, so that time does not tell which it was.
    let right = |given: Vec<u8>| passwords.iter().filter(|password| password.is(&given)).count();
    if given.map_or(0, right) == 0 {
        return Err(HookError::Forged(
            "The password is missing or wrong: the webhook's URL at Postmark has to hold it, as in \
             https://latchkey:PASSWORD@example.com.",
        ));
    }
    events(body, now)
}

/// Returns the password of basic authentication.
fn basic(value: &str) -> Option<Vec<u8>> {
    let (scheme, rest) = value.split_once(' ')?;
    let pair =
        scheme.eq_ignore_ascii_case("basic").then(|| STANDARD.decode(rest.trim()).ok())??;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    Some(pair[colon + 1..].to_vec())
}

/// Reads a report that is known to be from Postmark.
pub fn events(body: &[u8], now: Millis) -> Result<Vec<Report>, HookError> {
    let event = json(body, "an event of Postmark")?;
    let details = match (text(&event, "/Details"), text(&event, "/Description")) {
        ("", description) => description,
        (details, _) => details,
    };
    let (kind, said) = match text(&event, "/RecordType") {
        "Bounce" => (bounce(text(&event, "/Type")), details),
        "SpamComplaint" => (Some(Kind::Complaint), details),
        "Delivery" => (Some(Kind::Delivered), details),
        "SubscriptionChange" => {
            let reason = text(&event, "/SuppressionReason");
            let kind = match (event["SuppressSending"].as_bool(), reason) {
                (Some(true), "HardBounce") => Some(Kind::Hard),
                (Some(true), "SpamComplaint") => Some(Kind::Complaint),
                // The recipient's own wish; those of the account's owner are of no mail.
                (Some(true), "ManualSuppression") => Some(Kind::Complaint),
                _ => None,
            };
            (kind, reason)
        }
        _ => (None, ""),
    };
    let recipient = match text(&event, "/Email") {
        "" => text(&event, "/Recipient"),
        email => email,
    };
    let (Some(kind), Some(mail)) = (kind, of_provider(text(&event, "/MessageID"))) else {
        return Ok(Vec::new());
    };
    let report = Report::new(mail, recipient, kind, said, now);
    // Bounces and complaints have a number, from one series. What has none may come twice: it says
    // the same of the mail again.
    let report = match event.get("ID").and_then(Value::as_u64) {
        Some(id) => report.once(format!("bounce-{id}"), now.saturating_add(KEPT)),
        None => report,
    };
    Ok(vec![report])
}

/// Returns the kind of a bounce by Postmark's types. Answers of programs have none: the mail
/// arrived.
fn bounce(name: &str) -> Option<Kind> {
    match name {
        // Unknown mailbox; no address at all; switched off by hand, so that nothing is sent there.
        "HardBounce" | "BadEmailAddress" | "ManuallyDeactivated" => Some(Kind::Hard),
        "SpamComplaint" => Some(Kind::Complaint),
        "AutoResponder" | "AddressChange" | "Subscribe" | "Unsubscribe" | "OpenRelayTest"
        | "InboundError" => None,
        // A server was in trouble, and is tried again.
        "Transient" => Some(Kind::Delayed),
        // DnsError, SoftBounce, Blocked, DMARCPolicy, SpamNotification, Unknown and the like, and
        // types to come.
        _ => Some(Kind::Soft),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::mail::reports::MailRef;

    const PASSWORD: &str = "9b4f0c6f3a1e5d7788aa66cc44ee22ff";

    fn event(more: Value) -> Value {
        let mut event = json!({
            "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
            "ServerID": 23,
            "MessageStream": "outbound",
            "From": "no-reply@example.com",
            "Subject": "Your code",
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    }

    fn read(event: &Value) -> Vec<Report> {
        events(event.to_string().as_bytes(), 7).unwrap()
    }

    #[test]
    fn each_type_of_bounce_has_its_kind() {
        for (name, code, kind) in [
            ("HardBounce", 1, Some(Kind::Hard)),
            ("Transient", 2, Some(Kind::Delayed)),
            ("AutoResponder", 64, None),
            ("DnsError", 256, Some(Kind::Soft)),
            ("SpamNotification", 512, Some(Kind::Soft)),
            ("SoftBounce", 4096, Some(Kind::Soft)),
            ("ChallengeVerification", 16384, Some(Kind::Soft)),
            ("BadEmailAddress", 100000, Some(Kind::Hard)),
            ("SpamComplaint", 100001, Some(Kind::Complaint)),
            ("ManuallyDeactivated", 100002, Some(Kind::Hard)),
            ("Blocked", 100006, Some(Kind::Soft)),
            ("InboundError", 100008, None),
            ("DMARCPolicy", 100009, Some(Kind::Soft)),
        ] {
            let reports = read(&event(json!({
                "RecordType": "Bounce", "ID": 42, "Type": name, "TypeCode": code,
                "Description": "The server was unable to deliver your message.",
                "Details": "smtp;550 5.1.1 <ada@example.com> unknown",
                "Email": "ada@example.com", "BouncedAt": "2026-11-27T16:28:50.3963933-04:00",
                "Inactive": true, "CanActivate": true,
            })));
            assert_eq!(reports.first().map(|report| report.kind), kind, "{name}");
            for report in reports {
                assert_eq!(report.said, "smtp;550 5.1.1 <a***@example.com> unknown");
                assert_eq!(report.recipient.as_deref(), Some("ada@example.com"));
                let id = "883953f4-6105-42a2-a16a-77a8eac79483".to_owned();
                assert_eq!(report.mail, MailRef::OfProvider(id));
                assert_eq!(report.once.unwrap().id, "bounce-42");
            }
        }
    }

    #[test]
    fn complaints_deliveries_and_suppressions_are_reports() {
        let change = |suppresses: bool, reason: Value| {
            json!({"RecordType": "SubscriptionChange", "Recipient": "ada@example.com",
                "ChangedAt": "2026-11-27T17:17:32Z", "Origin": "Recipient",
                "SuppressSending": suppresses, "SuppressionReason": reason})
        };
        for (more, kind) in [
            (
                json!({"RecordType": "SpamComplaint", "ID": 42, "Type": "SpamComplaint",
                "Email": "ada@example.com"}),
                Some(Kind::Complaint),
            ),
            (
                json!({"RecordType": "Delivery", "Recipient": "ada@example.com",
                "Details": "250 OK"}),
                Some(Kind::Delivered),
            ),
            (change(true, json!("HardBounce")), Some(Kind::Hard)),
            (change(true, json!("SpamComplaint")), Some(Kind::Complaint)),
            (change(true, json!("ManualSuppression")), Some(Kind::Complaint)),
            (change(false, json!(null)), None),
            (json!({"RecordType": "Open"}), None),
            (json!({"RecordType": "Delivery", "MessageID": null}), None),
            (json!({}), None),
        ] {
            let reports = read(&event(more.clone()));
            assert_eq!(reports.first().map(|report| report.kind), kind, "{more}");
            assert!(reports.iter().all(|report| report.recipient.is_some()));
        }
        for body in ["[]", "null", "7"] {
            assert_eq!(events(body.as_bytes(), 7), Ok(vec![]), "{body}");
        }
        assert!(matches!(events(b"{\"RecordType\":", 7), Err(HookError::Unreadable(_))));
    }

    #[test]
    fn without_the_password_nothing_is_read() {
        let passwords = [Password::parse(PASSWORD).unwrap()];
        let body = event(json!({"RecordType": "Delivery"})).to_string();
        let read = |authorization: Option<String>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = authorization {
                headers.insert(AUTHORIZATION, value.parse().unwrap());
            }
            super::read(&passwords, &headers, body.as_bytes(), 7).map(|reports| reports.len())
        };
        let pair = |pair: String| STANDARD.encode(pair);
        assert_eq!(read(Some(format!("Basic {}", pair(format!("any:{PASSWORD}"))))), Ok(1));
        assert_eq!(read(Some(format!("basic {}", pair(format!(":{PASSWORD}"))))), Ok(1));
        for wrong in [
            None,
            Some(format!("Bearer {PASSWORD}")),
            Some(format!("Basic {}", pair(PASSWORD.to_owned()))),
            Some(format!("Basic {}", pair(format!("any:{PASSWORD}0")))),
            Some(format!("Basic {}", pair(format!("any:{}", &PASSWORD[1..])))),
            Some("Basic ?".to_owned()),
            Some("Basic".to_owned()),
        ] {
            assert!(matches!(read(wrong.clone()), Err(HookError::Forged(_))), "{wrong:?}");
        }
        assert!(Password::parse("short").is_err());
    }
}
