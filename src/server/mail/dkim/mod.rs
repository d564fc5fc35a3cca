//! Signatures of the sending domain (DomainKeys Identified Mail, RFC 6376), which receivers ask of
//! every mail: Gmail, Yahoo and Microsoft refuse mails without.
//!
//! lettre can sign, too, and is not used for it: its RSA leaks timing (RUSTSEC-2023-0071), it reads
//! the system's clock, and it cannot sign that a header is there no second time. ring signs here,
//! as it does tokens.

mod canonical;
mod key;
mod signature;

use lettre::{Message, message::Mailbox};

pub use key::{Key, Kind};

use super::send_error::SendError;
use crate::server::{
    config::{ConfigError, MailPolicy},
    ground::clock::{Clock, SECOND},
};

/// The keys that sign mails, read once.
#[derive(Debug)]
pub struct Dkim {
    keys: Vec<Key>,
    clock: Clock,
}

impl Dkim {
    /// Reads the keys that the policy names. `from` has the domain of those that name none.
    pub fn open(policy: &MailPolicy, from: &Mailbox, clock: Clock) -> Result<Self, ConfigError> {
        let read = |entry| Key::read(entry, from.email.domain());
        Ok(Dkim { keys: policy.dkim.iter().map(read).collect::<Result<_, _>>()?, clock })
    }

    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Returns a mail as it leaves us, with one signature of each key. Every transport that takes
    /// whole messages sends what this returns: a change after it breaks the signatures.
    pub fn raw(&self, message: &Message) -> Result<String, SendError> {
        // A message is text of the mail's own words and headers, encoded where they are not ASCII.
        let raw = String::from_utf8(message.formatted())
            .map_err(|error| SendError::OfMail(error.to_string()))?;
        self.signed(raw)
    }

    fn signed(&self, raw: String) -> Result<String, SendError> {
        if self.keys.is_empty() {
            return Ok(raw);
        }
        let now = self.clock.now() / SECOND;
        let headers = signature::Prepared::new(&raw);
        let mut signed = String::with_capacity(raw.len() + 1_024 * self.keys.len());
        for key in &self.keys {
            let header = headers.signature(key, now);
            signed += &header.ok_or_else(|| {
                SendError::OfUs(format!("the DKIM key {} does not sign", key.path().display()))
            })?;
        }
        Ok(signed + &raw)
    }
}
