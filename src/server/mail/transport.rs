//! A transport of mails: a mail server, or the dev mailbox.

use std::sync::Arc;

use super::{
    compose::Composed,
    dev_mailbox::DevMailbox,
    dkim::Dkim,
    send_error::SendError,
    smtp::{ReturnPaths, Smtp},
};
use crate::server::{
    config::{
        ConfigError, Settings,
        transports::{MailTransport, TransportKind},
    },
    ground::{clock::Clock, keys::Keys},
    values::address::Address,
};

#[derive(Debug)]
pub enum Transport {
    Smtp(Box<Smtp>),
    Dev(DevMailbox),
}

impl Transport {
    /// Creates the client of a transport.
    pub fn open(
        entry: &MailTransport,
        settings: &Settings,
        dkim: &Arc<Dkim>,
        clock: &Clock,
    ) -> Result<Self, ConfigError> {
        match entry.kind {
            TransportKind::Smtp => {
                let base = entry.return_path.as_deref().map(Address::parse);
                let base = base.transpose().map_err(|error| ConfigError(error.to_string()))?;
                let keys = || Keys::new(&settings.secrets);
                let return_paths = base.map(|base| ReturnPaths { base, keys: keys() });
                let url = entry.smtp_server().unwrap_or_default();
                let (mail, public_url) = (&settings.policy.mail, &settings.public_url);
                let (dkim, clock) = (dkim.clone(), clock.clone());
                let smtp = Smtp::new(url, mail, public_url, dkim, clock, return_paths)?;
                Ok(Transport::Smtp(Box::new(smtp)))
            }
            kind => Err(ConfigError(format!("{:?} cannot be used yet.", kind.name()))),
        }
    }

    /// Checks that it answers and accepts our credentials.
    pub async fn test(&self) -> Result<(), SendError> {
        match self {
            Transport::Dev(_) => Ok(()),
            Transport::Smtp(smtp) => smtp.test().await,
        }
    }

    /// Sends a mail, which we call `id` permanently. Returns its id at the provider, if that gives
    /// it one.
    pub async fn send(&self, id: &str, mail: Composed) -> Result<Option<String>, SendError> {
        match self {
            Transport::Dev(mailbox) => {
                println!(
                    "\n  Mail to {}: {}\n  {}\n",
                    mail.to,
                    mail.subject,
                    mail.link.as_ref().or(mail.code.as_ref()).map_or("", String::as_str)
                );
                mailbox.put(mail);
                Ok(None)
            }
            Transport::Smtp(smtp) => smtp.send(id, &mail.message).await.map(|()| None),
        }
    }

    /// Takes an address off the provider's own list of those who get no mail. Returns false if it is
    /// not there, or if there is no list.
    pub async fn lift(&self, _address: &Address) -> Result<bool, SendError> {
        match self {
            Transport::Smtp(_) | Transport::Dev(_) => Ok(false),
        }
    }

    /// Closes idle connections. Called from time to time.
    pub fn close_idle(&self) {
        if let Transport::Smtp(smtp) = self {
            smtp.close_idle();
        }
    }
}
