//! Postmark (its "Email API").

use reqwest::{
    Method, Url,
    header::{HeaderName, HeaderValue},
};
use serde_json::json;

use super::{
    Fault, Provider,
    client::{Answer, Call, segment, token_header},
    headers, needed,
};
use crate::server::{
    config::{ConfigError, transports::MailTransport},
    mail::{compose::Composed, send_error::SendError},
    values::address::Address,
};

const TOKEN: HeaderName = HeaderName::from_static("x-postmark-server-token");

/// A message stream of a server at Postmark.
pub struct Postmark {
    token: HeaderValue,
    stream: String,
}

impl Postmark {
    pub fn new(entry: &MailTransport) -> Result<Self, ConfigError> {
        let stream = entry.stream.clone().unwrap_or("outbound".to_owned());
        Ok(Postmark { token: token_header(entry, needed(entry.token.as_ref()))?, stream })
    }
}

impl Provider for Postmark {
    fn usual_url(&self) -> String {
        "https://api.postmarkapp.com".to_owned()
    }

    fn message(&self, _id: &str, mail: &Composed) -> Result<Call, SendError> {
        // Without X-PM-KeepID it replaces our Message-ID, by which a mail that comes twice is
        // recognised.
        let headers = headers(mail).chain([("X-PM-KeepID", "true")]);
        let headers: Vec<_> =
            headers.map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
        let mut body = json!({
            "From": mail.from.to_string(),
            "To": mail.to,
            "Subject": mail.subject,
            "TextBody": mail.text,
            "MessageStream": self.stream,
            "TrackOpens": false,
            "TrackLinks": "None",
            "Headers": headers,
        });
        if !mail.html.is_empty() {
            body["HtmlBody"] = json!(mail.html);
        }
        Ok(Call::post("/email", &body))
    }

    fn prove(&self, call: &mut Call, _url: &Url) {
        call.headers.insert(TOKEN, self.token.clone());
    }

    fn accepted(&self, answer: &Answer) -> Option<Option<String>> {
        let (id, code) = (answer.text("/MessageID"), answer.json.get("ErrorCode"));
        let is_taken = answer.status.is_success() && code == Some(&json!(0)) && !id.is_empty();
        is_taken.then(|| Some(id.to_owned()))
    }

    fn refusal<'a>(&self, answer: &'a Answer) -> (Option<Fault>, &'a str) {
        // The answer of `lifts`: a complaint can be lifted by Postmark's support alone.
        if answer.text("/Suppressions/0/Status") == "Failed" {
            return (Some(SendError::OfUs), answer.text("/Suppressions/0/Message"));
        }
        let words = answer.text("/Message");
        let code = answer.json.get("ErrorCode").and_then(serde_json::Value::as_u64);
        let fault: Option<Fault> = match code {
            // Inactive recipient: it bounced or complained.
            Some(406) => Some(SendError::OfRecipient),
            // Invalid email request.
            Some(300) if words.contains("'To'") => Some(SendError::OfRecipient),
            // Token, maintenance, sender, credits, account, rate, message stream.
            Some(10 | 100 | 400 | 401 | 405 | 412 | 413 | 429 | 1235) => Some(SendError::OfUs),
            _ => None,
        };
        (fault, words)
    }

    fn probe(&self) -> Call {
        Call::new(Method::GET, "/server")
    }

    fn lifts(&self, address: &Address) -> Vec<Call> {
        let path = format!("/message-streams/{}/suppressions/delete", segment(&self.stream));
        let body = json!({ "Suppressions": [{ "EmailAddress": address.as_str() }] });
        vec![Call::post(path, &body)]
    }

    /// Postmark says "Deleted" also of an address that was not on its list.
    fn lifted(&self, answer: &Answer) -> Option<bool> {
        let is_lifted = answer.text("/Suppressions/0/Status") == "Deleted";
        (answer.status.is_success() && is_lifted).then_some(true)
    }
}
