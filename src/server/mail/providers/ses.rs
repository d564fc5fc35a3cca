//! Amazon SES (API v2). It signs for DKIM itself, and puts a Message-ID and a Date of its own into
//! the raw message.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    Method, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde_json::{Value, json};

use super::{
    Fault, Provider,
    client::{Answer, Call, segment},
    needed,
    sigv4::{Signer, date},
};
use crate::server::{
    config::transports::MailTransport,
    ground::clock::Clock,
    mail::{compose::Composed, send_error::SendError},
    values::address::Address,
};

const DATE: HeaderName = HeaderName::from_static("x-amz-date");

/// An account at Amazon SES, in one region.
pub struct Ses {
    signer: Signer,
    configuration_set: Option<String>,
    clock: Clock,
}

impl Ses {
    pub fn new(entry: &MailTransport, clock: Clock) -> Self {
        let signer = Signer {
            access_key: needed(entry.access_key.as_ref()).to_owned(),
            secret_key: needed(entry.secret_key.as_ref()).to_owned(),
            region: entry.region.clone().unwrap_or_default(),
            service: "ses",
        };
        Ses { signer, configuration_set: entry.configuration_set.clone(), clock }
    }
}

/// Returns the name of an error, such as `MessageRejected`: in a header, perhaps with a URL behind
/// it, or in the body, perhaps with a namespace in front.
fn error_name(answer: &Answer) -> &str {
    let header = answer.header("x-amzn-errortype");
    let name = if header.is_empty() { answer.text("/__type") } else { header };
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default()
}

impl Provider for Ses {
    fn usual_url(&self) -> String {
        format!("https://email.{}.amazonaws.com", self.signer.region)
    }

    fn message(&self, _id: &str, mail: &Composed) -> Result<Call, SendError> {
        let mut body = json!({
            "Content": { "Raw": { "Data": STANDARD.encode(mail.message.formatted()) } },
            "Destination": { "ToAddresses": [mail.to] },
        });
        if let Some(set) = &self.configuration_set {
            body["ConfigurationSetName"] = json!(set);
        }
        Ok(Call::post("/v2/email/outbound-emails", &body))
    }

    fn prove(&self, call: &mut Call, url: &Url) {
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"));
        let now = self.clock.now();
        let date = date(now);
        let content = call.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let headers: Vec<_> = (content.map(|content| ("content-type", content)).into_iter())
            .chain([("host", host.as_str()), ("x-amz-date", date.as_str())])
            .collect();
        let (method, path) = (call.method.as_str(), url.path());
        let proof = self.signer.authorization(method, path, &headers, &call.body, now);
        // An access key that no header may have is refused like any wrong one.
        for (name, value) in [(DATE, date.as_str()), (AUTHORIZATION, proof.as_str())] {
            if let Ok(mut value) = HeaderValue::from_str(value) {
                value.set_sensitive(true);
                call.headers.insert(name, value);
            }
        }
    }

    fn accepted(&self, answer: &Answer) -> Option<Option<String>> {
        let id = answer.text("/MessageId");
        (answer.status.is_success() && !id.is_empty()).then(|| Some(id.to_owned()))
    }

    fn refusal<'a>(&self, answer: &'a Answer) -> (Option<Fault>, &'a str) {
        let lower = answer.text("/message");
        let words = if lower.is_empty() { answer.text("/Message") } else { lower };
        let fault: Option<Fault> = match error_name(answer) {
            // The sender, or in the sandbox the recipient, is none of our identities.
            "MessageRejected" if words.contains("not verified") => Some(SendError::OfUs),
            "MessageRejected" => Some(SendError::OfMail),
            "AccountSuspendedException"
            | "LimitExceededException"
            | "MailFromDomainNotVerifiedException"
            | "SendingPausedException"
            | "Throttling"
            | "ThrottlingException" => Some(SendError::OfUs),
            _ => None,
        };
        (fault, words)
    }

    fn probe(&self) -> Call {
        Call::new(Method::GET, "/v2/email/account")
    }

    fn knows_us(&self, answer: &Answer) -> Result<bool, &'static str> {
        let says_no = |key: &str| answer.json.get(key).and_then(Value::as_bool) == Some(false);
        if says_no("SendingEnabled") {
            return Err("sending is paused for this account and region");
        }
        if says_no("ProductionAccessEnabled") {
            return Err(
                "this account is in the sandbox of the region, where mails go to verified \
                        addresses only: request production access",
            );
        }
        // The key is right, and may send without being allowed to read the account.
        Ok(answer.status.is_success() || error_name(answer) == "AccessDeniedException")
    }

    fn lifts(&self, address: &Address) -> Vec<Call> {
        let address = segment(address.as_str());
        let path = format!("/v2/email/suppression/addresses/{address}");
        vec![Call::new(Method::DELETE, path)]
    }
}
