//! The reasons that a mail was not accepted, by fault: ours, the recipient's, the mail's own.

use lettre::transport::smtp;
use std::fmt;

/// The reason that a mail was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The mail server refused our session, or our quota is used up: no mail of ours would fare
    /// better. We have to fix it; trying again helps after that.
    #[error("{0}")]
    OfUs(String),
    /// Trying again may help: a 4xx (RFC 5321, 4.2.1), a broken connection, or a server that takes
    /// too long.
    #[error("{0}")]
    ForNow(String),
    /// All of it was sent, and no answer came that says what became of it: the transport may have
    /// accepted it. Only the same one may be asked again, or the mail could come twice.
    #[error("{0}")]
    Unsure(String),
    /// The recipient cannot receive it, now or later.
    #[error("{0}")]
    OfRecipient(String),
    /// The mail cannot be composed or put on the wire.
    #[error("{0}")]
    OfMail(String),
}

/// Name of what a transport may have accepted.
pub const UNSURE: &str = "unsure";

impl SendError {
    /// Returns the name for metric labels.
    pub fn name(&self) -> &'static str {
        match self {
            SendError::OfUs(_) => "session",
            SendError::ForNow(_) => "for_now",
            SendError::Unsure(_) => UNSURE,
            SendError::OfRecipient(_) => "recipient",
            SendError::OfMail(_) => "mail",
        }
    }
}

/// A step of a conversation with a mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Connection, TLS if it comes first, greeting and EHLO.
    Connect,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    /// DATA, and the message after it.
    Data,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Step::Connect => "at the connection or EHLO",
            Step::StartTls => "at STARTTLS",
            Step::Auth => "at AUTH",
            Step::Mail => "at MAIL FROM",
            Step::Rcpt => "at RCPT TO",
            Step::Data => "at DATA",
        })
    }
}

impl Step {
    /// Classifies an error of this step.
    pub fn send_error(self, error: &smtp::Error) -> SendError {
        let words = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
        let why = format!("{self}: {error}");
        match error.status() {
            Some(code) if error.is_permanent() => self.permanent(u16::from(code), &words, why),
            _ => self.passing(why),
        }
    }

    /// Classifies what went wrong after the whole message was sent. Without an answer the server
    /// may have accepted it (RFC 5321, 4.5.3.2.6).
    pub fn after_message(error: &smtp::Error) -> SendError {
        match error.status() {
            Some(_) => Step::Data.send_error(error),
            None => SendError::Unsure(format!("{}: {error}", Step::Data)),
        }
    }

    /// Returns the error for a server that did not answer in time.
    pub fn too_slow(self) -> SendError {
        self.passing(format!("{self}: the mail server took too long"))
    }

    fn passing(self, why: String) -> SendError {
        match self {
            Step::Connect | Step::StartTls | Step::Auth | Step::Mail => SendError::OfUs(why),
            Step::Rcpt | Step::Data => SendError::ForNow(why),
        }
    }

    /// Classifies a 5xx. Before RCPT it can only be about us. At RCPT it is about the recipient,
    /// unless it says that we may not send, or have sent enough. At DATA, servers answer for all of
    /// these and for the message. There only a status (RFC 3463) or a code that means the recipient
    /// or the message counts as that.
    fn permanent(self, code: u16, words: &str, why: String) -> SendError {
        let status = enhanced(words);
        let is_about_us = match (code, status) {
            // RFC 4954, 6: authentication is missing or wrong. 521: the server serves nobody.
            (521 | 530 | 534 | 535 | 538, _) => true,
            // The sender's address; the sender's quota (widely used, Gmail among others).
            (_, Some((1, 7 | 8) | (4, 5))) => true,
            _ => words.to_ascii_lowercase().contains("relay"),
        };
        match self {
            Step::Rcpt if !is_about_us => SendError::OfRecipient(why),
            Step::Data if !is_about_us => match (code, status) {
                (_, Some((1 | 2, _))) => SendError::OfRecipient(why),
                (_, Some((6, _) | (3, 4))) => SendError::OfMail(why),
                (550 | 551 | 553, None) => SendError::OfRecipient(why),
                (552, None) => SendError::OfMail(why),
                // Policy, reputation, or a server in trouble.
                _ => SendError::ForNow(why),
            },
            _ => SendError::OfUs(why),
        }
    }
}

/// Parses subject and detail of the enhanced status at the start of `words`: 5.`subject`.`detail`.
/// 5.0.0 says nothing: Postfix makes it of 5.1.1 at the end of a message.
fn enhanced(words: &str) -> Option<(u16, u16)> {
    let status = words.split_whitespace().next()?;
    let mut numbers = status.strip_prefix("5.")?.split('.').map(str::parse);
    match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(Ok(0)), Some(Ok(0)), None) => None,
        (Some(Ok(subject)), Some(Ok(detail)), None) => Some((subject, detail)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_concerns_the_recipient_only_where_it_says_so() {
        for (step, code, words, whose) in [
            (Step::Connect, 554, "no SMTP service here", "session"),
            (Step::Connect, 550, "5.7.1 EHLO name refused", "session"),
            (Step::Auth, 535, "5.7.8 bad credentials", "session"),
            (Step::Mail, 550, "5.1.8 sender rejected", "session"),
            (Step::Mail, 550, "daily quota exceeded", "session"),
            (Step::Rcpt, 550, "5.1.1 no such user", "recipient"),
            (Step::Rcpt, 550, "5.7.1 blocked by the recipient", "recipient"),
            (Step::Rcpt, 554, "refused", "recipient"),
            (Step::Rcpt, 530, "5.7.1 authentication required", "session"),
            (Step::Rcpt, 554, "5.7.1 <a@example.com>: Relay access denied", "session"),
            (Step::Rcpt, 550, "5.4.5 Daily user sending limit exceeded", "session"),
            (Step::Data, 550, "5.1.1 no such user", "recipient"),
            (Step::Data, 550, "no such user", "recipient"),
            (Step::Data, 550, "5.0.0 <END-OF-MESSAGE>: no such user", "recipient"),
            (Step::Data, 552, "5.0.0 too big", "mail"),
            (Step::Data, 554, "5.0.0 no", "for_now"),
            (Step::Data, 552, "5.2.2 mailbox full", "recipient"),
            (Step::Data, 552, "5.3.4 message too big", "mail"),
            (Step::Data, 554, "5.6.0 cannot be parsed", "mail"),
            (Step::Data, 554, "5.7.1 looks like spam", "for_now"),
            (Step::Data, 550, "5.7.26 unauthenticated sender", "for_now"),
            (Step::Data, 550, "5.4.5 Daily sending quota exceeded", "session"),
        ] {
            let send_error = step.permanent(code, words, words.to_owned());
            assert_eq!(send_error.name(), whose, "{step}: {code} {words}");
        }
    }
}
