//! Values of a transport that are texts, each parsed by a type of its own.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::fmt;

use super::app_values::parsed;
use crate::server::values::address::Address;

parsed!(
    /// Name of a transport in logs, metrics, variables and the paths of hooks.
    TransportName,
    |name| {
        let is_name = (1..=32).contains(&name.len())
            && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
            // Mails that no transport had are counted under that name.
            && name != "none";
        is_name.then_some(name).ok_or_else(|| {
            "a name of 1 to 32 lower-case letters, digits and dashes is needed, other than none"
                .to_owned()
        })
    }
);

parsed!(
    /// Domain of recipients, as their addresses have it.
    MailDomain,
    |domain| {
        let address = Address::parse(&format!("a@{}", domain.trim_start_matches('@')));
        address.map(|address| address.local_and_domain().1.to_owned()).map_err(|_| {
            format!("a domain like \"example.com\" is needed, and {domain:?} is none")
        })
    }
);

impl TransportName {
    /// Returns a name of ours.
    pub fn known(name: &'static str) -> Self {
        TransportName(name.to_owned())
    }
}

/// A key or a password of the policy. It is never shown: `Debug` hides it, and what compares
/// policies sees a hash.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Hidden(String);

impl Hidden {
    pub fn new(text: String) -> Self {
        Hidden(text)
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(Sha256::digest(&self.0)))
    }
}
