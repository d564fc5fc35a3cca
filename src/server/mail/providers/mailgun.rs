//! Mailgun (Messages API, raw MIME).

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    Method, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use sha2::{Digest, Sha256};

use super::{
    Fault, Provider,
    client::{Answer, Call, segment, token_header},
    needed,
};
use crate::server::{
    config::{ConfigError, transports::MailTransport},
    ground::keys::hex,
    mail::{compose::Composed, send_error::SendError},
    values::address::Address,
};

/// Options of each mail: without tracking, its links stay as we wrote them.
const OPTIONS: [&str; 3] = ["o:tracking", "o:tracking-clicks", "o:tracking-opens"];
/// Lists of addresses that it sends nothing to.
const LISTS: [&str; 3] = ["bounces", "complaints", "unsubscribes"];

/// A domain at Mailgun.
pub struct Mailgun {
    basic: HeaderValue,
    domain: String,
}

impl Mailgun {
    pub fn new(entry: &MailTransport) -> Result<Self, ConfigError> {
        let basic = STANDARD.encode(format!("api:{}", needed(entry.token.as_ref())));
        let domain = entry.sending_domain.as_ref().map_or("", |domain| domain.as_str()).to_owned();
        Ok(Mailgun { basic: token_header(entry, &format!("Basic {basic}"))?, domain })
    }
}

impl Provider for Mailgun {
    fn usual_url(&self) -> String {
        "https://api.mailgun.net".to_owned()
    }

    fn message(&self, _id: &str, mail: &Composed) -> Result<Call, SendError> {
        let message = mail.message.formatted();
        // A hash of the message cannot occur in the message.
        let boundary = hex(&Sha256::digest(&message));
        let field = |name: &str, value: &str| {
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
        };
        let options: String = OPTIONS.iter().map(|name| field(name, "no")).collect();
        let fields = field("to", &mail.to) + &options;
        let file = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"message\"; \
             filename=\"message.mime\"\r\nContent-Type: message/rfc822\r\n\r\n"
        );
        let end = format!("\r\n--{boundary}--\r\n");
        let body = [fields.as_bytes(), file.as_bytes(), &message, end.as_bytes()].concat();
        let form = HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}"));
        let form = form.map_err(|error| SendError::OfMail(error.to_string()))?;
        let call = Call::new(Method::POST, format!("/v3/{}/messages.mime", self.domain));
        Ok(Call { body, ..call }.with(CONTENT_TYPE, form))
    }

    fn prove(&self, call: &mut Call, _url: &Url) {
        call.headers.insert(AUTHORIZATION, self.basic.clone());
    }

    /// The id is the Message-ID; webhooks have it without the brackets.
    fn accepted(&self, answer: &Answer) -> Option<Option<String>> {
        let id = answer.text("/id").trim_matches(['<', '>']);
        (answer.status.is_success() && !id.is_empty()).then(|| Some(id.to_owned()))
    }

    fn refusal<'a>(&self, answer: &'a Answer) -> (Option<Fault>, &'a str) {
        let words = answer.text("/message");
        let is_of_recipient =
            answer.status == 400 && words.starts_with("'to' parameter is not a valid address");
        (is_of_recipient.then_some(SendError::OfRecipient as Fault), words)
    }

    fn probe(&self) -> Call {
        Call::new(Method::GET, format!("/v4/domains/{}", self.domain))
    }

    fn knows_us(&self, answer: &Answer) -> Result<bool, &'static str> {
        match answer.text("/domain/state") {
            "" | "active" => Ok(answer.status.is_success()),
            _ => Err("the domain is not active there: see its state at Mailgun"),
        }
    }

    fn lifts(&self, address: &Address) -> Vec<Call> {
        let address = segment(address.as_str());
        let path = |list| format!("/v3/{}/{list}/{address}", self.domain);
        LISTS.iter().map(|list| Call::new(Method::DELETE, path(list))).collect()
    }
}
