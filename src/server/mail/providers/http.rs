//! A service of the team's own: a POST that we sign. docs/delivery.md is its contract.

use reqwest::{
    Method, Url,
    header::{HeaderName, HeaderValue},
};
use serde_json::json;

use super::{
    Fault, Provider,
    client::{Answer, Call},
    needed,
};
use crate::server::{
    config::{ConfigError, transports::MailTransport},
    ground::{clock::Clock, webhook::WebhookKey},
    mail::{compose::Composed, send_error::SendError},
};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// A service that takes mails by a signed POST.
pub struct Service {
    key: WebhookKey,
    clock: Clock,
}

impl Service {
    pub fn new(entry: &MailTransport, clock: Clock) -> Result<Self, ConfigError> {
        let key = WebhookKey::parse(needed(entry.signing_key.as_ref()));
        let key = key.map_err(|why| ConfigError(format!("signing_key of a transport {why}.")));
        Ok(Service { key: key?, clock })
    }
}

impl Provider for Service {
    /// The policy demands its URL.
    fn usual_url(&self) -> String {
        String::new()
    }

    fn message(&self, id: &str, mail: &Composed) -> Result<Call, SendError> {
        let mut body = json!({
            "id": id,
            "from": mail.from.to_string(),
            "to": mail.to,
            "subject": mail.subject,
            "text": mail.text,
        });
        if !mail.html.is_empty() {
            body["html"] = json!(mail.html);
        }
        let mut call = Call::post("", &body);
        let seconds = self.clock.now().div_euclid(1_000);
        let signature = self.key.sign(id, seconds, &call.body);
        for (name, value) in
            [(ID, id), (TIMESTAMP, &seconds.to_string()), (SIGNATURE, signature.as_str())]
        {
            let value = HeaderValue::from_str(value);
            let value = value.map_err(|error| SendError::OfMail(error.to_string()))?;
            call = call.with(name, value);
        }
        Ok(call)
    }

    fn prove(&self, _call: &mut Call, _url: &Url) {}

    fn accepted(&self, answer: &Answer) -> Option<Option<String>> {
        let id = answer.text("/id");
        answer.status.is_success().then(|| (!id.is_empty()).then(|| id.to_owned()))
    }

    fn refusal<'a>(&self, answer: &'a Answer) -> (Option<Fault>, &'a str) {
        let fault: Option<Fault> = match (answer.status.as_u16(), answer.text("/error")) {
            (422, "recipient") => Some(SendError::OfRecipient),
            (422, "mail") => Some(SendError::OfMail),
            _ => None,
        };
        (fault, answer.text("/message"))
    }

    /// Nothing is asked that a service would have to know: that it answers is all that shows.
    fn probe(&self) -> Call {
        Call::new(Method::OPTIONS, "")
    }

    fn knows_us(&self, answer: &Answer) -> Result<bool, &'static str> {
        Ok(!answer.status.is_server_error() && !answer.status.is_redirection())
    }
}
