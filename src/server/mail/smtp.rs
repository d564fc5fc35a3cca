//! SMTP (RFC 5321) to one mail server, over connections that stay open.
//!
//! lettre's own transport is not used: it does not say at which command a refusal came, and so not
//! whose fault it is.

use lettre::{
    Message,
    address::Envelope,
    transport::smtp::{
        Error, SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Tls, TlsParameters},
        commands::{Data, Ehlo, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use percent_encoding::percent_decode_str;
use std::{
    borrow::Cow,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::timeout;
use url::Url;

use super::send_error::{SendError, Step};
use crate::server::{
    config::{self, ConfigError},
    ground::clock::Clock,
    values::public_url::PublicUrl,
};

/// Time after which an unused connection is closed.
const IDLE: Duration = Duration::from_secs(30);

/// A mail server, and connections to it.
pub struct Smtp {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    /// Our name at EHLO.
    hello: ClientId,
    /// Maximum time for one command.
    patience: Duration,
    clock: Clock,
    /// Connections that wait for the next mail, the last used at the end.
    kept: Mutex<Vec<Kept>>,
    /// Maximum number of waiting connections.
    most: usize,
}

/// An open connection.
pub struct Open {
    connection: AsyncSmtpConnection,
    /// The server takes commands before it has answered those in front (PIPELINING, RFC 2920).
    pipelines: bool,
}

/// A connection, and the time of its last use, by the monotonic clock.
type Kept = (Open, Duration);

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp({}:{})", self.host, self.port)
    }
}

impl Smtp {
    /// Creates a client for the server in `url`: `smtps://` for TLS, `smtp://…?tls=required` for
    /// STARTTLS, `smtp://` for neither. The error repeats nothing of the URL, which may hold a
    /// password.
    pub fn new(
        url: &str,
        mail: &config::MailPolicy,
        public_url: &PublicUrl,
        clock: Clock,
    ) -> Result<Self, ConfigError> {
        let wrong = |why: String| {
            ConfigError(format!(
                "SMTP_URL cannot be understood: {why}. \
                 It should be like smtps://user:password@mail.example.com."
            ))
        };
        let url = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        let tls = url.query_pairs().find_map(|(name, value)| (name == "tls").then_some(value));
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| wrong("it names no host".to_owned()))?;
        // A socket takes an IPv6 address without the brackets of the URL.
        let host = host.trim_matches(['[', ']']).to_owned();
        let certified =
            || TlsParameters::new(host.clone()).map_err(|error| wrong(error.to_string()));
        let (port, tls) = match (url.scheme(), tls.as_deref()) {
            ("smtp", None) => (SMTP_PORT, Tls::None),
            ("smtp", Some("required")) => (SUBMISSION_PORT, Tls::Required(certified()?)),
            ("smtp", Some("opportunistic")) => (SUBMISSION_PORT, Tls::Opportunistic(certified()?)),
            ("smtps", _) => (SUBMISSIONS_PORT, Tls::Wrapper(certified()?)),
            ("smtp", Some(_)) => {
                return Err(wrong("its tls is neither required nor opportunistic".to_owned()));
            }
            _ => return Err(wrong("it begins with neither smtp:// nor smtps://".to_owned())),
        };
        if url.path().len() > 1 {
            return Err(wrong("it has a path; the name for EHLO is mail.ehlo_name".to_owned()));
        }
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8();
            text.map(Cow::into_owned).map_err(|_| wrong("its password is not UTF-8".to_owned()))
        };
        let credentials = match url.password() {
            Some(password) => Some(Credentials::new(decoded(url.username())?, decoded(password)?)),
            None => None,
        };
        Ok(Smtp {
            port: url.port().unwrap_or(port),
            host,
            tls,
            credentials,
            hello: client_id(mail.ehlo_name.as_deref().unwrap_or(public_url.host())),
            patience: Duration::from_secs(mail.timeout.into()),
            clock,
            kept: Mutex::default(),
            most: mail.at_once as usize,
        })
    }

    /// Sends a message, over an open connection if there is one.
    pub async fn send(&self, message: &Message) -> Result<(), SendError> {
        let envelope = message.envelope();
        // A message is text of the mail's own words and headers, encoded where they are not ASCII.
        let body = String::from_utf8(message.formatted())
            .map_err(|error| SendError::OfMail(error.to_string()))?;
        let mut connection = match self.kept() {
            Some(mut kept) => match self.begin(&mut kept, envelope, &body).await {
                Ok(()) => kept,
                // It was closed while it waited, or reached its limit of mails. The result on a new
                // connection counts.
                Err(_) => {
                    self.part(kept);
                    self.opened(envelope, &body).await?
                }
            },
            None => self.opened(envelope, &body).await?,
        };
        let sent = self.hand_in(&mut connection, envelope, &body).await;
        match sent {
            Ok(()) => self.keep(connection),
            Err(_) => self.part(connection),
        }
        sent
    }

    /// Opens a connection and begins a mail on it.
    async fn opened(&self, envelope: &Envelope, body: &str) -> Result<Open, SendError> {
        let mut open = self.open().await?;
        match self.begin(&mut open, envelope, body).await {
            Ok(()) => Ok(open),
            Err(send_error) => {
                self.part(open);
                Err(send_error)
            }
        }
    }

    /// Opens a connection on which the server accepts our mails.
    pub async fn open(&self) -> Result<Open, SendError> {
        let wrapper = match &self.tls {
            Tls::Wrapper(tls) => Some(tls.clone()),
            _ => None,
        };
        let server = (self.host.as_str(), self.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(
            server,
            Some(self.patience),
            &self.hello,
            wrapper,
            None,
        );
        let connection = self.step(Step::Connect, connecting).await?;
        let mut open = Open { connection, pipelines: false };
        let connection = &mut open.connection;
        match &self.tls {
            Tls::Required(tls) => {
                let starting = connection.starttls(tls.clone(), &self.hello);
                self.step(Step::StartTls, starting).await?;
            }
            Tls::Opportunistic(tls) if connection.can_starttls() => {
                let starting = connection.starttls(tls.clone(), &self.hello);
                self.step(Step::StartTls, starting).await?;
            }
            _ => {}
        }
        // lettre does not say whether the server pipelines. Before AUTH: some servers forget that at
        // EHLO.
        let hello = connection.command(Ehlo::new(self.hello.clone()));
        let hello = self.step(Step::Connect, hello).await?;
        open.pipelines = hello.message().any(|line| line.eq_ignore_ascii_case("PIPELINING"));
        if let Some(credentials) = &self.credentials {
            let proving = connection.auth(DEFAULT_MECHANISMS, credentials);
            let proven = self.step(Step::Auth, proving).await;
            if let Err(send_error) = proven {
                self.part(open);
                return Err(send_error);
            }
        }
        Ok(open)
    }

    /// Sends MAIL FROM and, where the server pipelines, RCPT TO and DATA with it. Addresses that are
    /// not ASCII need SMTPUTF8 (RFC 6531), and their headers 8BITMIME.
    async fn begin(
        &self,
        Open { connection, pipelines }: &mut Open,
        envelope: &Envelope,
        body: &str,
    ) -> Result<(), SendError> {
        let has = |extension| connection.server_info().supports_feature(extension);
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
        if *pipelines {
            envelope.to().iter().for_each(|to| commands += &recipient(to).to_string());
            commands += &Data.to_string();
        }
        self.step(Step::Mail, connection.command(commands)).await.map(drop)
    }

    /// Sends RCPT TO and DATA, or reads the answers where they are sent already, and the message.
    async fn hand_in(
        &self,
        open: &mut Open,
        envelope: &Envelope,
        body: &str,
    ) -> Result<(), SendError> {
        for to in envelope.to() {
            self.answer(open, Step::Rcpt, recipient(to)).await?;
        }
        self.answer(open, Step::Data, Data).await?;
        // No timeout of its own: a server that scans the message may take long, and a retry would
        // send it twice. The caller's deadline for the whole mail applies.
        let taken = open.connection.command(Content(body)).await;
        taken.map(drop).map_err(|error| Step::Data.send_error(&error))
    }

    /// Sends a command, unless it is sent already, and reads its answer.
    async fn answer(
        &self,
        Open { connection, pipelines }: &mut Open,
        step: Step,
        command: impl fmt::Display,
    ) -> Result<(), SendError> {
        let answer = if *pipelines {
            self.step(step, connection.read_response()).await
        } else {
            self.step(step, connection.command(command)).await
        };
        answer.map(drop)
    }

    async fn step<T>(
        &self,
        step: Step,
        taking: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, SendError> {
        match timeout(self.patience, taking).await {
            Ok(taken) => taken.map_err(|error| step.send_error(&error)),
            Err(_) => Err(step.too_slow()),
        }
    }

    fn kept(&self) -> Option<Open> {
        self.tidy();
        self.lock().pop().map(|(open, _)| open)
    }

    fn keep(&self, open: Open) {
        let mut kept = self.lock();
        if kept.len() < self.most {
            kept.push((open, self.clock.monotonic()));
        } else {
            drop(kept);
            self.part(open);
        }
    }

    /// Closes the connections that were unused for longer than `IDLE`.
    pub fn tidy(&self) {
        let (mut kept, now) = (self.lock(), self.clock.monotonic());
        let used = kept.partition_point(|(_, since)| now.saturating_sub(*since) > IDLE);
        let idle: Vec<_> = kept.drain(..used).collect();
        drop(kept);
        idle.into_iter().for_each(|(open, _)| self.part(open));
    }

    /// Sends QUIT in the background, without waiting for the reply.
    pub fn part(&self, mut open: Open) {
        let patience = self.patience;
        tokio::spawn(async move { timeout(patience, open.connection.abort()).await });
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn recipient(to: &lettre::Address) -> Rcpt {
    Rcpt::new(to.clone(), Vec::new())
}

/// A message as it goes on the wire: dots at the start of a line doubled, and a dot alone at its end
/// (RFC 5321, 4.5.2). Written at once: lettre writes the last dot separately, which the kernel holds
/// back until the message is acknowledged, and mail servers take 40 ms for that.
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

/// Returns a name for EHLO, where an IP address has brackets (RFC 5321, 4.1.3).
fn client_id(name: &str) -> ClientId {
    match name.trim_matches(['[', ']']).parse() {
        Ok(std::net::IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(std::net::IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(name.to_owned()),
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
