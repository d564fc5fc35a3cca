//! Reports from Resend, signed as Svix does. Resend tells the recipient's server's words only for
//! bounces, and reports of each recipient apart; our mails have one.

use axum::http::HeaderMap;

use super::{
    HookError, Kind, Report, json, of_provider,
    standard_webhooks::{SVIX_NAMES, verify},
    text,
};
use crate::server::ground::{clock::Millis, webhook::WebhookKey};

/// Verifies and reads a report.
pub fn read(
    secrets: &[WebhookKey],
    headers: &HeaderMap,
    body: &[u8],
    now: Millis,
) -> Result<Vec<Report>, HookError> {
    let signed = verify(SVIX_NAMES, secrets, headers, body, now)?;
    let event = json(body, "an event of Resend")?;
    let (kind, said) = match text(&event, "/type") {
        "email.bounced" => {
            // Undetermined: nobody knows, so it may pass. An older form of the event has no type, and
            // was sent of permanent bounces only.
            let kind = match text(&event, "/data/bounce/type") {
                "Permanent" | "" => Kind::Hard,
                _ => Kind::Soft,
            };
            let told = text(&event, "/data/bounce/diagnosticCode/0");
            (kind, if told.is_empty() { text(&event, "/data/bounce/message") } else { told })
        }
        "email.complained" => (Kind::Complaint, ""),
        "email.delivered" => (Kind::Delivered, ""),
        "email.delivery_delayed" => (Kind::Delayed, ""),
        // It is on Resend's list of those that bounced or complained, and stays there until it is
        // removed.
        "email.suppressed" => (Kind::Hard, text(&event, "/data/suppressed/message")),
        // Our key, domain or quota, or a recipient that Resend cannot parse.
        "email.failed" => (Kind::Soft, text(&event, "/data/failed/reason")),
        _ => return Ok(Vec::new()),
    };
    let Some(mail) = of_provider(text(&event, "/data/email_id")) else { return Ok(Vec::new()) };
    let report = Report::new(mail, text(&event, "/data/to/0"), kind, said, signed.at);
    Ok(vec![report.once(signed.id, signed.until)])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::mail::reports::{
        MailRef,
        standard_webhooks::tests::{NOW, secret, signed},
    };

    fn read(event: &str) -> Result<Vec<Report>, HookError> {
        let headers = signed(SVIX_NAMES, &secret(1), "msg_1", event.as_bytes(), NOW);
        super::read(&[secret(1)], &headers, event.as_bytes(), NOW)
    }

    fn event(name: &str, more: serde_json::Value) -> String {
        let mut event = json!({
            "type": name,
            "created_at": "2026-11-22T23:41:12.126Z",
            "data": {
                "created_at": "2026-11-22T23:41:11.894719+00:00",
                "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
                "from": "Latchkey <no-reply@example.com>",
                "to": ["ada@example.com"],
                "subject": "Your code",
            },
        });
        let data = event["data"].as_object_mut().unwrap();
        data.extend(more.as_object().unwrap().clone());
        event.to_string()
    }

    #[test]
    fn each_event_about_delivery_is_a_report_of_its_kind() {
        let bounce = |kind: &str| {
            json!({"bounce": {"type": kind, "subType": "General",
            "message": "The recipient's server refused it.",
            "diagnosticCode": ["smtp; 550 5.1.1 <ada@example.com> unknown"]}})
        };
        for (name, more, kind, said) in [
            (
                "bounced",
                bounce("Permanent"),
                Kind::Hard,
                "smtp; 550 5.1.1 <a***@example.com> unknown",
            ),
            (
                "bounced",
                bounce("Transient"),
                Kind::Soft,
                "smtp; 550 5.1.1 <a***@example.com> unknown",
            ),
            (
                "bounced",
                bounce("Undetermined"),
                Kind::Soft,
                "smtp; 550 5.1.1 <a***@example.com> unknown",
            ),
            ("bounced", json!({"bounce": {"message": "It bounced."}}), Kind::Hard, "It bounced."),
            ("complained", json!({}), Kind::Complaint, ""),
            ("delivered", json!({}), Kind::Delivered, ""),
            ("delivery_delayed", json!({}), Kind::Delayed, ""),
            (
                "suppressed",
                json!({"suppressed": {"message": "On the list.",
                "type": "OnAccountSuppressionList"}}),
                Kind::Hard,
                "On the list.",
            ),
            (
                "failed",
                json!({"failed": {"reason": "reached_daily_quota"}}),
                Kind::Soft,
                "reached_daily_quota",
            ),
        ] {
            let report = read(&event(&format!("email.{name}"), more)).unwrap().remove(0);
            assert_eq!((report.kind, report.said.as_str()), (kind, said), "{name}");
            let id = "56761188-7520-42d8-8898-ff6fc54ce618".to_owned();
            assert_eq!(report.mail, MailRef::OfProvider(id));
            assert_eq!(report.recipient.as_deref(), Some("ada@example.com"));
            assert_eq!(report.once.unwrap().id, "msg_1");
        }
    }

    #[test]
    fn other_events_and_those_without_a_mail_are_no_reports() {
        for name in ["email.opened", "contact.created", "email.of_the_future", ""] {
            assert_eq!(read(&event(name, json!({}))), Ok(vec![]), "{name}");
        }
        for body in ["{}", "[]", "7", r#"{"type": "email.bounced", "data": [7]}"#] {
            assert_eq!(read(body), Ok(vec![]), "{body}");
        }
        let cut = event("email.bounced", json!({}));
        assert!(matches!(read(&cut[..40]), Err(HookError::Unreadable(_))));
    }

    #[test]
    fn headers_of_svix_are_needed_and_signed_by_the_secret() {
        let body = event("email.bounced", json!({}));
        let body = body.as_bytes();
        let foreign = signed(SVIX_NAMES, &secret(2), "msg_1", body, NOW);
        let refused = super::read(&[secret(1)], &foreign, body, NOW);
        assert!(matches!(refused, Err(HookError::Forged(_))), "{refused:?}");
        let old = signed(SVIX_NAMES, &secret(1), "msg_1", body, NOW - 301_000);
        assert_eq!(super::read(&[secret(1)], &old, body, NOW), Err(HookError::Stale));
    }
}
