//! Reports from Amazon SES, which publishes them to a topic of Amazon SNS: notifications of an
//! identity (`notificationType`), and events of a configuration set (`eventType`).

use serde_json::Value;

pub use super::topic::Topic;
use super::{
    HookError, Kind, Outcome, Report, numbered, of_provider,
    sns::{Content, Message, Step, open},
    text,
};
use crate::server::ground::clock::Millis;

/// Verifies and reads a request of SNS, once its certificate is there.
pub fn read(
    topics: &[Topic],
    body: &[u8],
    certificate: Option<&[u8]>,
    now: Millis,
) -> Result<Outcome, HookError> {
    let message = match open(topics, body, certificate, now)? {
        Step::NeedsCertificate(url) => return Ok(Outcome::NeedsCertificate(url)),
        Step::Verified(message) => message,
    };
    let Message { id, at, until, content } = message;
    Ok(match content {
        Content::Confirmation(url) => Outcome::Confirm(url),
        // A message that is not JSON is a greeting: "Successfully validated SNS topic …".
        Content::Notification(content) => {
            let event = serde_json::from_str(&content).unwrap_or(Value::Null);
            Outcome::Reports(numbered(reports(&event, at), &id, until))
        }
        Content::Other => Outcome::Reports(Vec::new()),
    })
}

/// Returns the reports that an event is, one for each recipient.
fn reports(event: &Value, at: Millis) -> Vec<Report> {
    let Some(mail) = of_provider(text(event, "/mail/messageId")) else { return Vec::new() };
    let kind_of_event = match text(event, "/eventType") {
        "" => text(event, "/notificationType"),
        kind => kind,
    };
    let report = |recipient: &str, kind: Kind, said: &str| {
        Report::new(mail.clone(), recipient, kind, said, at)
    };
    // Recipients with what a server said of each.
    let each = |pointer: &str, kind: Kind, otherwise: &str| -> Vec<Report> {
        let list = event.pointer(pointer).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let one = |recipient: &Value| match recipient.as_str() {
            Some(address) => report(address, kind, otherwise),
            None => {
                let said = text(recipient, "/diagnosticCode");
                let said = if said.is_empty() { otherwise } else { said };
                report(text(recipient, "/emailAddress"), kind, said)
            }
        };
        list.iter().map(one).collect()
    };
    match kind_of_event {
        "Bounce" => {
            // Undetermined: SES does not know, so it may pass.
            let kind = match text(event, "/bounce/bounceType") {
                "Permanent" => Kind::Hard,
                _ => Kind::Soft,
            };
            each("/bounce/bouncedRecipients", kind, text(event, "/bounce/bounceSubType"))
        }
        // "not-spam" takes a complaint back.
        "Complaint" if text(event, "/complaint/complaintFeedbackType") != "not-spam" => {
            let said = text(event, "/complaint/complaintFeedbackType");
            each("/complaint/complainedRecipients", Kind::Complaint, said)
        }
        "DeliveryDelay" => {
            let said = text(event, "/deliveryDelay/delayType");
            each("/deliveryDelay/delayedRecipients", Kind::Delayed, said)
        }
        "Delivery" => {
            let said = text(event, "/delivery/smtpResponse");
            each("/delivery/recipients", Kind::Delivered, said)
        }
        // Accepted, then not sent: SES found a virus.
        "Reject" => each("/mail/destination", Kind::Soft, text(event, "/reject/reason")),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::server::mail::reports::{
        MailRef,
        sns::tests::{ARN, NOW, Signer, notification},
    };

    fn event(name: &str, kind: &str, more: Value) -> Value {
        let mut event = json!({
            name: kind,
            "mail": {
                "timestamp": "2025-11-29T23:59:38.237Z",
                "source": "no-reply@example.com",
                "messageId": "00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa0680-000000",
                "destination": ["ada@example.com"],
            },
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    }

    fn bounce(kind: &str, subtype: &str) -> Value {
        json!({"bounce": {
            "bounceType": kind,
            "bounceSubType": subtype,
            "bouncedRecipients": [{
                "emailAddress": "ada@example.com",
                "status": "5.1.1",
                "action": "failed",
                "diagnosticCode": "smtp; 550 5.1.1 <ada@example.com>... User unknown",
            }],
            "timestamp": "2025-11-29T23:59:44.101Z",
            "feedbackId": "00000138111222aa-44455566-cccc-cccc-cccc-ddddaaaa068a-000000",
        }})
    }

    #[test]
    fn each_event_about_delivery_is_a_report_of_its_kind() {
        let complaint = |kind: &str| {
            json!({"complaint": {"complaintFeedbackType": kind,
            "complainedRecipients": [{"emailAddress": "ada@example.com"}]}})
        };
        let unknown = "smtp; 550 5.1.1 <a***@example.com>... User unknown";
        for (kind_of_event, more, kind, said) in [
            ("Bounce", bounce("Permanent", "General"), Some(Kind::Hard), unknown),
            ("Bounce", bounce("Transient", "MailboxFull"), Some(Kind::Soft), unknown),
            ("Bounce", bounce("Undetermined", "Undetermined"), Some(Kind::Soft), unknown),
            (
                "Bounce",
                json!({"bounce": {"bounceType": "Permanent",
                "bounceSubType": "OnAccountSuppressionList",
                "bouncedRecipients": [{"emailAddress": "ada@example.com"}]}}),
                Some(Kind::Hard),
                "OnAccountSuppressionList",
            ),
            ("Complaint", complaint("abuse"), Some(Kind::Complaint), "abuse"),
            ("Complaint", complaint("not-spam"), None, ""),
            (
                "DeliveryDelay",
                json!({"deliveryDelay": {"delayType": "MailboxFull",
                "delayedRecipients": [{"emailAddress": "ada@example.com"}]}}),
                Some(Kind::Delayed),
                "MailboxFull",
            ),
            (
                "Delivery",
                json!({"delivery": {"recipients": ["ada@example.com"],
                "smtpResponse": "250 ok"}}),
                Some(Kind::Delivered),
                "250 ok",
            ),
            (
                "Reject",
                json!({"reject": {"reason": "Bad content"}}),
                Some(Kind::Soft),
                "Bad content",
            ),
            ("Open", json!({}), None, ""),
            ("Of the future", json!({}), None, ""),
            ("Bounce", json!({"bounce": 7}), None, ""),
        ] {
            for name in ["eventType", "notificationType"] {
                let reports = reports(&event(name, kind_of_event, more.clone()), NOW);
                let found = reports.first().map(|report| report.kind);
                assert_eq!(found, kind, "{kind_of_event} {more}");
                for report in reports {
                    assert_eq!(report.said, said);
                    assert_eq!(report.recipient.as_deref(), Some("ada@example.com"));
                    let id = "00000138111222aa-33322211-cccc-cccc-cccc-ddddaaaa0680-000000";
                    assert_eq!(report.mail, MailRef::OfProvider(id.to_owned()));
                }
            }
        }
        assert_eq!(reports(&json!({"eventType": "Bounce"}), NOW), []);
    }

    #[test]
    fn a_signed_notification_is_read_and_its_reports_have_names() {
        let signer = Signer::draw();
        let topics = [Topic::parse(ARN).unwrap()];
        let read = |content: &str| {
            let body = signer.signed("1", notification(content)).to_string();
            read(&topics, body.as_bytes(), Some(&signer.certificate), NOW).unwrap()
        };
        let mut two = event("eventType", "Bounce", bounce("Permanent", "General"));
        let list = two.pointer_mut("/bounce/bouncedRecipients").unwrap().as_array_mut().unwrap();
        list.push(json!({"emailAddress": "eve@example.com"}));
        let Outcome::Reports(reports) = read(&two.to_string()) else { panic!("no reports") };
        let names = reports.iter().map(|report| report.once.clone().unwrap().id);
        let id = "19ba9823-d7f2-53c1-860e-cb10e0d13dfc";
        assert_eq!(names.collect::<Vec<_>>(), [id.to_owned(), format!("{id}#1")]);
        for greeting in ["Successfully validated SNS topic for Amazon SES event publishing.", ""] {
            assert_eq!(read(greeting), Outcome::Reports(vec![]));
        }
    }
}
