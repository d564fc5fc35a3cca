//! A connection to a mail server, and the commands of a mail on it.

use lettre::{
    address::Envelope,
    transport::smtp::{
        Error,
        authentication::DEFAULT_MECHANISMS,
        client::{AsyncSmtpConnection, Tls},
        commands::{Data, Ehlo, Mail, Rcpt},
        extension::{Extension, MailBodyParameter, MailParameter},
    },
};
use std::{fmt, time::Duration};
use tokio::time::timeout;

use super::server::Server;
use crate::server::mail::send_error::{SendError, Step};

/// An open connection.
pub struct Connection {
    connection: AsyncSmtpConnection,
    /// The server takes commands before it has answered those in front (PIPELINING, RFC 2920).
    pipelines: bool,
    /// Maximum time for one command.
    timeout: Duration,
}

impl Connection {
    /// Opens a connection on which the server accepts our mails.
    pub async fn open(server: &Server) -> Result<Self, SendError> {
        let wrapper = match &server.tls {
            Tls::Wrapper(tls) => Some(tls.clone()),
            _ => None,
        };
        let (limit, ehlo_name) = (server.timeout, &server.ehlo_name);
        let address = (server.host.as_str(), server.port);
        let connecting =
            AsyncSmtpConnection::connect_tokio1(address, Some(limit), ehlo_name, wrapper, None);
        let mut connection = within(limit, Step::Connect, connecting).await?;
        let starttls = match &server.tls {
            Tls::Required(tls) => Some(tls),
            Tls::Opportunistic(tls) => connection.can_starttls().then_some(tls),
            _ => None,
        };
        if let Some(tls) = starttls {
            let starting = connection.starttls(tls.clone(), ehlo_name);
            within(limit, Step::StartTls, starting).await?;
        }
        // lettre does not say whether the server pipelines. Before AUTH: some servers forget that
        // at EHLO. OpenSMTPD refuses a second EHLO, although any is allowed (RFC 5321, 4.1.4).
        let hello = async {
            match connection.command(Ehlo::new(ehlo_name.clone())).await {
                Err(error) if error.is_permanent() => Ok(false),
                hello => hello.map(|hello| {
                    hello.message().any(|line| line.eq_ignore_ascii_case("PIPELINING"))
                }),
            }
        };
        let pipelines = within(limit, Step::Connect, hello).await?;
        let mut open = Connection { connection, pipelines, timeout: limit };
        if let Some(credentials) = &server.credentials {
            let proving = open.connection.auth(DEFAULT_MECHANISMS, credentials);
            if let Err(send_error) = within(limit, Step::Auth, proving).await {
                open.quit();
                return Err(send_error);
            }
        }
        Ok(open)
    }

    /// Sends MAIL FROM and, where the server pipelines, RCPT TO and DATA with it. Addresses that
    /// are not ASCII need SMTPUTF8 (RFC 6531), and their headers 8BITMIME.
    pub async fn begin(&mut self, envelope: &Envelope, body: &str) -> Result<(), SendError> {
        let has = |extension| self.connection.server_info().supports_feature(extension);
        let is_plain = |address: &lettre::Address| AsRef::<str>::as_ref(address).is_ascii();
        let mut parameters = Vec::new();
        if !envelope.from().is_none_or(is_plain) && !has(Extension::SmtpUtfEight) {
            return Err(SendError::OfUs(
                "mail.from is not ASCII, and the mail server has no SMTPUTF8".to_owned(),
            ));
        }
        if !envelope.to().iter().all(is_plain) && !has(Extension::SmtpUtfEight) {
            return Err(SendError::OfRecipient(
                "the address is not ASCII, and the mail server has no SMTPUTF8".to_owned(),
            ));
        }
        if !envelope.from().into_iter().chain(envelope.to()).all(is_plain) {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        // SMTPUTF8 includes 8BITMIME (RFC 6531, 3.1).
        if !body.is_ascii() {
            if !has(Extension::EightBitMime) && parameters.is_empty() {
                return Err(SendError::OfMail(
                    "the mail is not ASCII, and the mail server has no 8BITMIME".to_owned(),
                ));
            }
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let mut commands = Mail::new(envelope.from().cloned(), parameters).to_string();
        if self.pipelines {
            envelope.to().iter().for_each(|to| commands += &recipient(to).to_string());
            commands += &Data.to_string();
        }
        within(self.timeout, Step::Mail, self.connection.command(commands)).await.map(drop)
    }

    /// Sends RCPT TO and DATA, or reads the answers where they are sent already, and the message.
    pub async fn finish(&mut self, envelope: &Envelope, body: &str) -> Result<(), SendError> {
        for to in envelope.to() {
            self.answer(Step::Rcpt, recipient(to)).await?;
        }
        self.answer(Step::Data, Data).await?;
        // No timeout of its own: a server that scans the message may take long, and a retry would
        // send it twice. The caller's deadline for the whole mail applies.
        let taken = self.connection.command(Content(body)).await;
        taken.map(drop).map_err(|error| Step::after_message(&error))
    }

    /// Sends a command, unless it is sent already, and reads its answer.
    async fn answer(&mut self, step: Step, command: impl fmt::Display) -> Result<(), SendError> {
        let answer = if self.pipelines {
            within(self.timeout, step, self.connection.read_response()).await
        } else {
            within(self.timeout, step, self.connection.command(command)).await
        };
        answer.map(drop)
    }

    /// Sends QUIT in the background, without waiting for the reply.
    pub fn quit(mut self) {
        tokio::spawn(async move { timeout(self.timeout, self.connection.abort()).await });
    }
}

async fn within<T>(
    limit: Duration,
    step: Step,
    taking: impl Future<Output = Result<T, Error>>,
) -> Result<T, SendError> {
    match timeout(limit, taking).await {
        Ok(taken) => taken.map_err(|error| step.send_error(&error)),
        Err(_) => Err(step.too_slow()),
    }
}

fn recipient(to: &lettre::Address) -> Rcpt {
    Rcpt::new(to.clone(), Vec::new())
}

/// A message as it goes on the wire: dots at the start of a line doubled, and a dot alone at its
/// end (RFC 5321, 4.5.2). Written at once: lettre writes the last dot separately, which the kernel
/// holds back until the message is acknowledged, and mail servers take 40 ms for that.
struct Content<'a>(&'a str);

impl fmt::Display for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = self.0.split_inclusive('\n');
        lines.try_for_each(|line| {
            f.write_str(if line.starts_with('.') { "." } else { "" })?;
            f.write_str(line)
        })?;
        f.write_str(if self.0.ends_with("\r\n") { ".\r\n" } else { "\r\n.\r\n" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_ends_with_a_dot_alone_and_no_line_of_it_is_taken_for_that() {
        for (message, wire) in [
            ("a\r\n", "a\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            (".\r\n..\r\na.b\r\n", "..\r\n...\r\na.b\r\n.\r\n"),
            ("", "\r\n.\r\n"),
        ] {
            assert_eq!(Content(message).to_string(), wire, "{message:?}");
        }
    }
}
