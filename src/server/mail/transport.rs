//! How a mail leaves: by SMTP, or into the dev mailbox.

use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor, transport::smtp::PoolConfig};
use std::time::Duration;

use super::{letter::Composed, mailbox::Mailbox};
use crate::server::config::ConfigError;

/// How long a mail server may think about one command.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Debug)]
pub enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    Dev(Mailbox),
}

/// Why a mail was not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Trying again may help: no connection, a timeout, a 4xx (RFC 5321, 4.2.1).
    ForNow(String),
    /// It will not: a 5xx.
    ForGood(String),
}

impl Transport {
    /// SMTP as `url` says: `smtps://` for TLS, `smtp://…?tls=required` for STARTTLS, `smtp://` for neither.
    pub fn smtp(url: &str) -> Result<Self, ConfigError> {
        // The reason, not the URL: it may hold a password.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|error| {
            ConfigError(format!(
                "SMTP_URL cannot be understood: {error}. It should be like smtps://user:password@mail.example.com."
            ))
        })?;
        Ok(Transport::Smtp(builder.timeout(Some(PATIENCE)).pool_config(PoolConfig::new().max_size(8)).build()))
    }

    pub async fn send(&self, mail: Composed) -> Result<(), Refusal> {
        match self {
            Transport::Dev(mailbox) => {
                println!("\n  Mail to {}: {}\n  {}\n", mail.to, mail.subject, mail.link);
                mailbox.put(mail);
                Ok(())
            }
            Transport::Smtp(smtp) => match smtp.send(mail.message).await {
                Ok(_) => Ok(()),
                Err(error) if error.is_permanent() => Err(Refusal::ForGood(error.to_string())),
                Err(error) => Err(Refusal::ForNow(error.to_string())),
            },
        }
    }
}
