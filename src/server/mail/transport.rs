//! A transport of mails: a mail server, a provider's API, or the dev mailbox.

use std::sync::Arc;

use super::{
    compose::Composed,
    dev_mailbox::DevMailbox,
    dkim::Dkim,
    providers::{
        Api, http::Service, mailgun::Mailgun, postmark::Postmark, resend::Resend,
        sendgrid::SendGrid, ses::Ses,
    },
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
    Api(Box<Api>),
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
        let (mail, public_url) = (&settings.policy.mail, &settings.public_url);
        let clock = clock.clone();
        let api = match entry.kind {
            TransportKind::Smtp => {
                let base = entry.return_path.as_deref().map(Address::parse);
                let base = base.transpose().map_err(|error| ConfigError(error.to_string()))?;
                let keys = || Keys::new(&settings.secrets);
                let return_paths = base.map(|base| ReturnPaths { base, keys: keys() });
                let url = entry.smtp_server().unwrap_or_default();
                let smtp = Smtp::new(url, mail, public_url, dkim.clone(), clock, return_paths)?;
                return Ok(Transport::Smtp(Box::new(smtp)));
            }
            TransportKind::Ses => Api::open(Ses::new(entry, clock), entry, mail),
            TransportKind::Postmark => Api::open(Postmark::new(entry)?, entry, mail),
            TransportKind::Resend => Api::open(Resend::new(entry)?, entry, mail),
            TransportKind::Sendgrid => Api::open(SendGrid::new(entry)?, entry, mail),
            TransportKind::Mailgun => Api::open(Mailgun::new(entry)?, entry, mail),
            TransportKind::Http => Api::open(Service::new(entry, clock)?, entry, mail),
        };
        api.map(|api| Transport::Api(Box::new(api)))
    }

    /// Checks that it answers and accepts our credentials.
    pub async fn test(&self) -> Result<(), SendError> {
        match self {
            Transport::Dev(_) => Ok(()),
            Transport::Smtp(smtp) => smtp.test().await,
            Transport::Api(api) => api.test().await,
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
            Transport::Api(api) => api.send(id, &mail).await,
        }
    }

    /// Takes an address off the provider's own list of those who get no mail. Returns false if it is
    /// not there, or if there is no list.
    pub async fn lift(&self, address: &Address) -> Result<bool, SendError> {
        match self {
            Transport::Dev(_) | Transport::Smtp(_) => Ok(false),
            Transport::Api(api) => api.lift(address).await,
        }
    }

    /// Closes idle connections. Called from time to time.
    pub fn close_idle(&self) {
        if let Transport::Smtp(smtp) = self {
            smtp.close_idle();
        }
    }
}
