//! SMTP (RFC 5321) to one mail server, over connections that stay open.
//!
//! lettre's own transport is not used: it does not say at which command a refusal came, and so not
//! whose fault it is.

mod connection;
mod server;

use lettre::{Message, address::Envelope};
use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use self::{connection::Connection, server::Server};
use super::{dkim::Dkim, reports::return_path, send_error::SendError};
use crate::server::{
    config::{ConfigError, MailPolicy},
    ground::{clock::Clock, keys::Keys},
    values::{address::Address, public_url::PublicUrl},
};

/// Time after which an unused connection is closed.
const IDLE: Duration = Duration::from_secs(30);

/// A mail server, and connections to it.
pub struct Smtp {
    server: Server,
    dkim: Arc<Dkim>,
    clock: Clock,
    /// Connections that wait for the next mail, the last used at the end, each with the time of its
    /// last use by the monotonic clock.
    idle: Mutex<Vec<(Connection, Duration)>>,
    max_idle: usize,
    return_paths: Option<ReturnPaths>,
}

/// Return paths that name the mail they are of, below the address that mails return to.
pub struct ReturnPaths {
    pub base: Address,
    pub keys: Keys,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Smtp({}:{})", self.server.host, self.server.port)
    }
}

impl Smtp {
    /// Creates a client for the server in `url`. `dkim` signs its mails. Without `return_paths` they
    /// return to their sender.
    pub fn new(
        url: &str,
        mail: &MailPolicy,
        public_url: &PublicUrl,
        dkim: Arc<Dkim>,
        clock: Clock,
        return_paths: Option<ReturnPaths>,
    ) -> Result<Self, ConfigError> {
        let server = Server::parse(url, mail, public_url)?;
        let (idle, max_idle) = (Mutex::default(), mail.at_once as usize);
        Ok(Smtp { server, dkim, clock, idle, max_idle, return_paths })
    }

    /// Checks that the server answers and accepts our credentials.
    pub async fn test(&self) -> Result<(), SendError> {
        Connection::open(&self.server).await.map(Connection::quit)
    }

    /// Sends the message of the mail `id`, over an open connection if there is one.
    pub async fn send(&self, id: &str, message: &Message) -> Result<(), SendError> {
        let envelope = &self.envelope(id, message.envelope())?;
        let body = self.dkim.raw(message)?;
        let mut connection = match self.take_idle() {
            Some(mut idle) => match idle.begin(envelope, &body).await {
                Ok(()) => idle,
                // It was closed while it waited, or reached its limit of mails. The result on a new
                // connection counts.
                Err(_) => {
                    idle.quit();
                    self.begun(envelope, &body).await?
                }
            },
            None => self.begun(envelope, &body).await?,
        };
        let sent = connection.finish(envelope, &body).await;
        match sent {
            Ok(()) => self.keep(connection),
            Err(_) => connection.quit(),
        }
        sent
    }

    /// Returns the envelope of a mail, from the return path that is its own.
    fn envelope(&self, id: &str, envelope: &Envelope) -> Result<Envelope, SendError> {
        let own = self.return_paths.as_ref();
        let own = own.and_then(|paths| return_path::make(&paths.keys, &paths.base, id));
        let own = own.and_then(|path| {
            path.rsplit_once('@')
                .map(|(local, domain)| lettre::Address::new_dangerous(local, domain))
        });
        let from = own.or_else(|| envelope.from().cloned());
        let envelope = Envelope::new(from, envelope.to().to_vec());
        envelope.map_err(|error| SendError::OfMail(error.to_string()))
    }

    /// Opens a connection and begins a mail on it.
    async fn begun(&self, envelope: &Envelope, body: &str) -> Result<Connection, SendError> {
        let mut connection = Connection::open(&self.server).await?;
        match connection.begin(envelope, body).await {
            Ok(()) => Ok(connection),
            Err(send_error) => {
                connection.quit();
                Err(send_error)
            }
        }
    }

    fn take_idle(&self) -> Option<Connection> {
        self.close_idle();
        self.lock().pop().map(|(connection, _)| connection)
    }

    fn keep(&self, connection: Connection) {
        let mut idle = self.lock();
        if idle.len() < self.max_idle {
            idle.push((connection, self.clock.monotonic()));
        } else {
            drop(idle);
            connection.quit();
        }
    }

    /// Closes the connections that were unused for longer than `IDLE`.
    pub fn close_idle(&self) {
        let (mut idle, now) = (self.lock(), self.clock.monotonic());
        let used = idle.partition_point(|(_, since)| now.saturating_sub(*since) > IDLE);
        let unused: Vec<_> = idle.drain(..used).collect();
        drop(idle);
        unused.into_iter().for_each(|(connection, _)| connection.quit());
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Connection, Duration)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
