//! Twilio SendGrid (Web API v3).

use reqwest::{
    Method, Url,
    header::{AUTHORIZATION, HeaderValue},
};
use serde_json::{Value, json};

use super::{
    Fault, Provider, bearer,
    client::{Answer, Call, segment},
    headers_in_json,
};
use crate::server::{
    config::{ConfigError, transports::MailTransport},
    mail::{compose::Composed, send_error::SendError},
    values::address::Address,
};

/// Lists of addresses that it sends nothing to. Not the one of those who want no newsletters.
const LISTS: [&str; 4] = ["bounces", "blocks", "invalid_emails", "spam_reports"];

/// An account at SendGrid.
pub struct SendGrid {
    bearer: HeaderValue,
}

impl SendGrid {
    pub fn new(entry: &MailTransport) -> Result<Self, ConfigError> {
        Ok(SendGrid { bearer: bearer(entry)? })
    }
}

impl Provider for SendGrid {
    fn usual_url(&self) -> String {
        "https://api.sendgrid.com".to_owned()
    }

    fn message(&self, _id: &str, mail: &Composed) -> Result<Call, SendError> {
        let mut from = json!({ "email": mail.from.email.to_string() });
        if let Some(name) = &mail.from.name {
            from["name"] = json!(name);
        }
        // Plain text has to come first.
        let parts = [("text/plain", &mail.text), ("text/html", &mail.html)];
        let content: Vec<_> = parts
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(of, value)| json!({ "type": of, "value": value }))
            .collect();
        let off = json!({ "enable": false });
        Ok(Call::post(
            "/v3/mail/send",
            &json!({
                "personalizations": [{ "to": [{ "email": mail.to }] }],
                "from": from,
                "subject": mail.subject,
                "content": content,
                "headers": headers_in_json(mail),
                // Whoever wants no newsletters asked for this mail all the same.
                "mail_settings": { "bypass_unsubscribe_management": { "enable": true } },
                "tracking_settings": {
                    "click_tracking": { "enable": false, "enable_text": false },
                    "open_tracking": off,
                    "subscription_tracking": off,
                    "ganalytics": off,
                },
            }),
        ))
    }

    fn prove(&self, call: &mut Call, _url: &Url) {
        call.headers.insert(AUTHORIZATION, self.bearer.clone());
    }

    fn accepted(&self, answer: &Answer) -> Option<Option<String>> {
        let id = answer.header("x-message-id");
        (answer.status == 202).then(|| (!id.is_empty()).then(|| id.to_owned()))
    }

    fn refusal<'a>(&self, answer: &'a Answer) -> (Option<Fault>, &'a str) {
        let field = answer.text("/errors/0/field");
        let is_of_recipient = answer.status == 400 && field.starts_with("personalizations.0.to");
        let fault = is_of_recipient.then_some(SendError::OfRecipient as Fault);
        (fault, answer.text("/errors/0/message"))
    }

    fn probe(&self) -> Call {
        Call::new(Method::GET, "/v3/scopes")
    }

    fn knows_us(&self, answer: &Answer) -> Result<bool, &'static str> {
        let scopes = answer.json.get("scopes").and_then(Value::as_array);
        match scopes.is_some_and(|scopes| !scopes.contains(&json!("mail.send"))) {
            true => Err("the key may not send: give it the scope mail.send"),
            false => Ok(answer.status.is_success()),
        }
    }

    fn lifts(&self, address: &Address) -> Vec<Call> {
        let address = segment(address.as_str());
        let path = |list| format!("/v3/suppression/{list}/{address}");
        LISTS.iter().map(|list| Call::new(Method::DELETE, path(list))).collect()
    }
}
