//! Resend.

use reqwest::{
    Method, Url,
    header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use serde_json::json;

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

const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A team at Resend.
pub struct Resend {
    bearer: HeaderValue,
}

impl Resend {
    pub fn new(entry: &MailTransport) -> Result<Self, ConfigError> {
        Ok(Resend { bearer: bearer(entry)? })
    }
}

impl Provider for Resend {
    fn usual_url(&self) -> String {
        "https://api.resend.com".to_owned()
    }

    /// The key makes Resend send a mail once, however often we ask within 24 hours.
    fn message(&self, id: &str, mail: &Composed) -> Result<Call, SendError> {
        let mut body = json!({
            "from": mail.from.to_string(),
            "to": [mail.to],
            "subject": mail.subject,
            "text": mail.text,
            "headers": headers_in_json(mail),
        });
        if !mail.html.is_empty() {
            body["html"] = json!(mail.html);
        }
        let key =
            HeaderValue::from_str(id).map_err(|error| SendError::OfMail(error.to_string()))?;
        Ok(Call::post("/emails", &body).with(KEY, key))
    }

    fn prove(&self, call: &mut Call, _url: &Url) {
        call.headers.insert(AUTHORIZATION, self.bearer.clone());
    }

    fn accepted(&self, answer: &Answer) -> Option<Option<String>> {
        let (id, name) = (answer.text("/id"), answer.text("/name"));
        match answer.status.as_u16() {
            200..=299 if !id.is_empty() => Some(Some(id.to_owned())),
            // It was sent already, when it said another number of minutes.
            409 if name == "invalid_idempotent_request" => Some(None),
            _ => None,
        }
    }

    fn refusal<'a>(&self, answer: &'a Answer) -> (Option<Fault>, &'a str) {
        let words = answer.text("/message");
        let fault: Option<Fault> = match (answer.status.as_u16(), answer.text("/name")) {
            // An earlier request with our key is still being worked on.
            (409, "concurrent_idempotent_requests") => Some(SendError::Unsure),
            (400 | 422, "validation_error") if words.starts_with("Invalid `to` field") => {
                Some(SendError::OfRecipient)
            }
            (400, "validation_error") if words.contains("API key") => Some(SendError::OfUs),
            (_, "invalid_from_address" | "invalid_access" | "invalid_region") => {
                Some(SendError::OfUs)
            }
            _ => None,
        };
        (fault, words)
    }

    fn probe(&self) -> Call {
        Call::new(Method::GET, "/domains")
    }

    fn knows_us(&self, answer: &Answer) -> Result<bool, &'static str> {
        // A key that may send, and nothing else.
        Ok(answer.status.is_success() || answer.text("/name") == "restricted_api_key")
    }

    fn lifts(&self, address: &Address) -> Vec<Call> {
        let path = format!("/suppressions/{}", segment(address.as_str()));
        vec![Call::new(Method::DELETE, path)]
    }
}
