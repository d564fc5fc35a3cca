//! Transports over HTTP: providers' APIs, and the team's own service. Each says what its requests
//! are and what its answers mean; what they share is here.

mod client;
pub mod http;
pub mod mailgun;
pub mod postmark;
pub mod resend;
pub mod sendgrid;
pub mod ses;
mod sigv4;

use reqwest::{Url, header::HeaderValue};
use serde_json::{Map, Value, json};
use std::fmt;

use self::client::{Answer, Call, Http, token_header};
use super::{compose::Composed, masking, send_error::SendError};
use crate::server::{
    config::{
        ConfigError, MailPolicy,
        transports::{Hidden, MailTransport},
    },
    values::address::Address,
};

/// Characters of a provider's words that are kept.
const WORDS: usize = 300;
/// Characters of the longest id of a mail that is kept.
const MESSAGE_ID: usize = 200;

/// A fault, by whose it is: a constructor of `SendError`.
pub type Fault = fn(String) -> SendError;

/// Requests of an API, and the meaning of its answers.
pub trait Provider: Send + Sync {
    /// Returns where the API usually is.
    fn usual_url(&self) -> String;

    /// Returns the request that sends a mail, which we call `id` permanently.
    fn message(&self, id: &str, mail: &Composed) -> Result<Call, SendError>;

    /// Adds to a request to `url` what proves that it is ours.
    fn prove(&self, call: &mut Call, url: &Url);

    /// Returns the id of an accepted mail, which may be missing; `None` if the answer does not say
    /// that it was accepted.
    fn accepted(&self, answer: &Answer) -> Option<Option<String>>;

    /// Returns the provider's words for why it did not do as asked, and whose fault that is, where
    /// it documents a code for that.
    fn refusal<'a>(&self, answer: &'a Answer) -> (Option<Fault>, &'a str);

    /// Returns the cheapest request that shows whether it answers and knows us.
    fn probe(&self) -> Call;

    /// Reports whether the answer to the probe shows that it knows us; an error says why no mail
    /// could be sent all the same.
    fn knows_us(&self, answer: &Answer) -> Result<bool, &'static str> {
        Ok(answer.status.is_success())
    }

    /// Returns the requests that remove an address from the lists of those that the provider sends
    /// nothing to.
    fn lifts(&self, _address: &Address) -> Vec<Call> {
        Vec::new()
    }

    /// Reports whether the address was on a list; `None` if it could not be removed.
    fn lifted(&self, answer: &Answer) -> Option<bool> {
        match answer.status.as_u16() {
            200..=299 => Some(true),
            404 => Some(false),
            _ => None,
        }
    }
}

/// A transport over HTTP.
pub struct Api {
    http: Http,
    provider: Box<dyn Provider>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Api({})", self.http.url("/").host_str().unwrap_or_default())
    }
}

impl Api {
    /// Creates the client of an entry.
    pub fn open(
        provider: impl Provider + 'static,
        entry: &MailTransport,
        mail: &MailPolicy,
    ) -> Result<Self, ConfigError> {
        let usual = || provider.usual_url();
        let url = entry.url.as_ref().map_or_else(usual, |url| url.expose().to_owned());
        let url = url.parse().map_err(|_| ConfigError("url of a transport is no URL.".to_owned()));
        Ok(Api { http: Http::new(url?, entry, mail)?, provider: Box::new(provider) })
    }

    /// Sends a mail, which we call `id` permanently. Returns its id at the provider.
    pub async fn send(&self, id: &str, mail: &Composed) -> Result<Option<String>, SendError> {
        let answer = self.ask(self.provider.message(id, mail)?).await?;
        let is_id =
            |id: &String| id.len() <= MESSAGE_ID && id.bytes().all(|byte| byte.is_ascii_graphic());
        match self.provider.accepted(&answer) {
            Some(message_id) => Ok(message_id.filter(is_id)),
            None => Err(self.refused(&answer)),
        }
    }

    /// Checks that it answers and accepts our credentials.
    pub async fn test(&self) -> Result<(), SendError> {
        let answer = self.ask(self.provider.probe()).await?;
        match self.provider.knows_us(&answer) {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.refused(&answer)),
            Err(why) => Err(SendError::OfUs(why.to_owned())),
        }
    }

    /// Removes an address from the provider's own lists of those it sends nothing to. Returns true
    /// if it was on one.
    pub async fn lift(&self, address: &Address) -> Result<bool, SendError> {
        let mut was_there = false;
        for call in self.provider.lifts(address) {
            let answer = self.ask(call).await?;
            let lifted = self.provider.lifted(&answer);
            was_there |= lifted.ok_or_else(|| self.refused(&answer))?;
        }
        Ok(was_there)
    }

    async fn ask(&self, mut call: Call) -> Result<Answer, SendError> {
        let url = self.http.url(&call.path);
        self.provider.prove(&mut call, &url);
        self.http.ask(call).await
    }

    /// Returns the error of an answer that is not the one wanted.
    fn refused(&self, answer: &Answer) -> SendError {
        let (fault, words) = self.provider.refusal(answer);
        let status = answer.status.as_u16();
        let (fault, words) = match (fault, status) {
            (Some(fault), _) => (fault, said(words)),
            (None, 200..=299) => (
                SendError::Unsure as Fault,
                "which is not the answer that its API documents".to_owned(),
            ),
            (None, 300..=399) => (
                SendError::OfUs as Fault,
                "a redirect, which is not followed: set url to where its API is".to_owned(),
            ),
            (None, _) => (fault_of(status), said(words)),
        };
        let colon = if words.is_empty() { "" } else { ": " };
        fault(format!("it answered {status}{colon}{words}"))
    }
}

/// Returns whose fault a status is that says nothing more.
fn fault_of(status: u16) -> Fault {
    match status {
        // One mail was not understood or not liked. If that closed the transport for all, whoever
        // types an address that the provider refuses could hold up everybody's mails.
        400 | 422 | 451 => SendError::ForNow,
        413 => SendError::OfMail,
        // Credentials, quota, rate, a path that is not there: no mail would fare better. And a
        // server that says it did not do it.
        401..=499 | 500 | 501 | 503 | 507 => SendError::OfUs,
        // A gateway that does not know what became of the request.
        _ => SendError::Unsure,
    }
}

/// Returns a provider's words as they may be logged: on one line, cut, and without the mail's link
/// or code or our token, should it repeat the request.
fn said(words: &str) -> String {
    let words = masking::without_secrets(&words.replace(char::is_control, " "));
    words.chars().take(WORDS).collect()
}

/// Returns a text of the entry that its kind needs; the policy was checked.
fn needed(text: Option<&Hidden>) -> &str {
    text.map_or("", Hidden::expose)
}

/// Returns our headers of a mail that a provider composes itself.
fn headers(mail: &Composed) -> impl Iterator<Item = (&'static str, &str)> {
    let names = [
        "Message-ID",
        "Auto-Submitted",
        "X-Auto-Response-Suppress",
        "X-Entity-Ref-ID",
        "Content-Language",
    ];
    let headers = mail.message.headers();
    names.into_iter().filter_map(|name| Some((name, headers.get_raw(name)?)))
}

/// Returns the same as the JSON object that APIs take.
fn headers_in_json(mail: &Composed) -> Map<String, Value> {
    headers(mail).map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

/// Returns the header that carries the token of an entry.
fn bearer(entry: &MailTransport) -> Result<HeaderValue, ConfigError> {
    token_header(entry, &format!("Bearer {}", needed(entry.token.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_providers_words_are_kept_on_one_line_without_what_the_mail_holds() {
        let link = "https://login.example.com/api/auth/link?link_token=3q2-7wYhX0aLw5n9zKQ";
        let echo = format!("bad\r\nrequest: {link} or 123 456, 123456\u{1b}[0m");
        assert_eq!(said(&echo), "bad request: … or … … … [0m");
        assert_eq!(said(&"a ".repeat(1_000)).chars().count(), WORDS);
        assert_eq!(said(""), "");
    }

    #[test]
    fn a_status_says_whether_the_mail_may_have_been_accepted() {
        for (status, of) in [
            (400, "for_now"),
            (401, "session"),
            (403, "session"),
            (404, "session"),
            (408, "session"),
            (413, "mail"),
            (422, "for_now"),
            (429, "session"),
            (500, "session"),
            (501, "session"),
            (502, "unsure"),
            (503, "session"),
            (504, "unsure"),
            (507, "session"),
            (520, "unsure"),
        ] {
            assert_eq!(fault_of(status)(String::new()).name(), of, "{status}");
        }
    }
}
