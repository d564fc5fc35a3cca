//! How a mail leaves: by SMTP, or into the dev mailbox.

use arc_swap::ArcSwap;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Tokio1Executor,
    transport::smtp::{AsyncSmtpTransportBuilder, PoolConfig},
};
use std::time::Duration;
use tokio::time::timeout;

use super::{letter::Composed, mailbox::Mailbox};
use crate::server::config::ConfigError;

/// How long a mail server may think about one command.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one mail may take altogether.
const SENDING: Duration = Duration::from_secs(45);

#[derive(Debug)]
pub enum Transport {
    Smtp(Box<Smtp>),
    Dev(Mailbox),
}

/// A mail server, and a pool of connections to it.
#[derive(Debug)]
pub struct Smtp {
    builder: AsyncSmtpTransportBuilder,
    pool: ArcSwap<AsyncSmtpTransport<Tokio1Executor>>,
}

/// Why a mail was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Trying again may help: no connection, a timeout, a 4xx (RFC 5321, 4.2.1).
    #[error("{0}")]
    ForNow(String),
    /// It will not: a 5xx.
    #[error("{0}")]
    ForGood(String),
}

impl Transport {
    /// SMTP as `url` says: `smtps://` for TLS, `smtp://…?tls=required` for STARTTLS, `smtp://` for
    /// neither.
    pub fn smtp(url: &str) -> Result<Self, ConfigError> {
        // The reason, not the URL: it may hold a password.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|error| {
            ConfigError(format!(
                "SMTP_URL cannot be understood: {error}. It should be like smtps://user:password@mail.example.com."
            ))
        })?;
        let builder = builder.timeout(Some(PATIENCE)).pool_config(PoolConfig::new().max_size(8));
        Ok(Transport::Smtp(Box::new(Smtp {
            pool: ArcSwap::from_pointee(builder.clone().build()),
            builder,
        })))
    }

    /// Whether the mail server answers, and takes our credentials.
    pub async fn test(&self) -> Result<(), String> {
        let Transport::Smtp(smtp) = self else { return Ok(()) };
        match smtp.pool.load_full().test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err("the mail server does not answer".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    pub async fn send(&self, mail: Composed) -> Result<(), Refusal> {
        match self {
            Transport::Dev(mailbox) => {
                println!(
                    "\n  Mail to {}: {}\n  {}\n",
                    mail.to,
                    mail.subject,
                    mail.link.as_ref().or(mail.code.as_ref()).map_or("", String::as_str)
                );
                mailbox.put(mail);
                Ok(())
            }
            Transport::Smtp(smtp) => smtp.send(mail).await,
        }
    }
}

impl Smtp {
    async fn send(&self, mail: Composed) -> Result<(), Refusal> {
        match timeout(SENDING, self.pool.load_full().send(mail.message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if error.is_permanent() => Err(Refusal::ForGood(error.to_string())),
            Ok(Err(error)) => Err(Refusal::ForNow(error.to_string())),
            Err(_) => {
                // Its connection goes back to the pool in the middle of a conversation, where the
                // next mail would take an answer for its own that is not: that pool is used no
                // more.
                self.pool.store(self.builder.clone().build().into());
                Err(Refusal::ForNow("the mail server took too long".to_owned()))
            }
        }
    }
}
