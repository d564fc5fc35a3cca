//! Reports from a team's own service, which sends the mails of a transport of kind `http`. It signs
//! them by Standard Webhooks, with the secret that is `hook_key` of the transport:
//!
//! ```json
//! {"mail_id": "…", "recipient": "ada@example.com", "kind": "hard", "said": "550 5.1.1 no user"}
//! ```
//!
//! `mail_id` is the id that the mail came with; `kind` is `hard` (the address does not exist),
//! `soft` (it did not arrive, but another may), `delayed` (it is still tried), `complaint` or
//! `delivered`; `recipient` and `said`, the mail server's words, may be left out.

use axum::http::HeaderMap;

use super::{
    HookError, Kind, LONGEST_NAME, MailRef, Report, json,
    standard_webhooks::{STANDARD_NAMES, verify},
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
    let signed = verify(STANDARD_NAMES, secrets, headers, body, now)?;
    let event = json(body, "a report about a mail")?;
    let id = text(&event, "/mail_id");
    let unreadable = |what: &str| HookError::Unreadable(what.to_owned());
    if id.is_empty() || id.len() > LONGEST_NAME {
        return Err(unreadable("mail_id has to be the id that the mail came with."));
    }
    let kind = Kind::named(text(&event, "/kind"))
        .ok_or_else(|| unreadable("kind has to be hard, soft, delayed, complaint or delivered."))?;
    let mail = MailRef::Ours(id.to_owned());
    let report =
        Report::new(mail, text(&event, "/recipient"), kind, text(&event, "/said"), signed.at);
    Ok(vec![report.once(signed.id, signed.until)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::mail::reports::standard_webhooks::tests::{NOW, secret, signed};

    fn read(body: &str) -> Result<Vec<Report>, HookError> {
        let headers = signed(STANDARD_NAMES, &secret(1), "msg_1", body.as_bytes(), NOW);
        super::read(&[secret(1)], &headers, body.as_bytes(), NOW)
    }

    #[test]
    fn a_service_of_ones_own_reports_every_kind() {
        for (name, kind) in [
            ("hard", Kind::Hard),
            ("soft", Kind::Soft),
            ("delayed", Kind::Delayed),
            ("complaint", Kind::Complaint),
            ("delivered", Kind::Delivered),
        ] {
            let body = format!(
                r#"{{"mail_id": "m1", "recipient": "ada@example.com", "kind": "{name}",
                    "said": "550 5.1.1 <ada@example.com> is unknown", "more": 1}}"#
            );
            let report = &read(&body).unwrap()[0];
            assert_eq!(report.mail, MailRef::Ours("m1".to_owned()));
            assert_eq!((report.kind, report.at), (kind, NOW));
            assert_eq!(report.recipient.as_deref(), Some("ada@example.com"));
            assert_eq!(report.said, "550 5.1.1 <a***@example.com> is unknown");
            assert_eq!(report.once.as_ref().unwrap().id, "msg_1");
        }
        let short = &read(r#"{"mail_id": "m1", "kind": "soft"}"#).unwrap()[0];
        assert_eq!((short.recipient.as_deref(), short.said.as_str()), (None, ""));
    }

    #[test]
    fn a_report_that_says_too_little_is_told_what_it_lacks() {
        for (body, lacks) in [
            ("{}", "mail_id"),
            (r#"{"mail_id": 1, "kind": "hard"}"#, "mail_id"),
            (r#"{"mail_id": "m1"}"#, "kind"),
            (r#"{"mail_id": "m1", "kind": "Hard"}"#, "kind"),
            (r#"{"mail_id": "m1", "kind": "ha"#, "JSON"),
            ("", "JSON"),
        ] {
            let Err(HookError::Unreadable(said)) = read(body) else { panic!("{body}") };
            assert!(said.contains(lacks), "{said}");
        }
    }

    #[test]
    fn a_report_that_another_signed_is_refused() {
        let body = br#"{"mail_id": "m1", "kind": "hard"}"#;
        let headers = signed(STANDARD_NAMES, &secret(2), "msg_1", body, NOW);
        let refused = super::read(&[secret(1)], &headers, body, NOW);
        assert!(matches!(refused, Err(HookError::Forged(_))), "{refused:?}");
    }
}
