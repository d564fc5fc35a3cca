//! The desk for operators: the `[desk]` of the policy.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

use super::{app_values::parsed, steerable};
use crate::server::values::address::Address;

/// Pages and API for operators, and who they are.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeskPolicy {
    /// False: nobody learns that there is a desk.
    pub enabled: bool,
    /// Second address, at which alone the desk then answers.
    pub listen: Option<SocketAddr>,
    /// True if operators may change the policy in the desk.
    pub may_steer: bool,
    pub operators: Vec<OperatorEntry>,
    /// Keys and tables of the policy that stay as the file has them.
    pub locked: Vec<String>,
}

impl Default for DeskPolicy {
    fn default() -> Self {
        DeskPolicy {
            enabled: false,
            listen: None,
            may_steer: true,
            operators: Vec::new(),
            locked: Vec::new(),
        }
    }
}

/// An operator and what they may do.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OperatorEntry {
    pub address: OperatorAddress,
    #[serde(default)]
    pub role: Role,
}

/// Rights of an operator. Each role includes those before it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Deserialize,
    Serialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees numbers and people.
    #[default]
    Look,
    /// Acts for people: mails, sessions, bans, invitations.
    Help,
    /// Changes the policy, and deletes people.
    Steer,
}

impl Role {
    pub const ALL: [Role; 3] = [Role::Look, Role::Help, Role::Steer];

    pub fn name(self) -> &'static str {
        match self {
            Role::Look => "look",
            Role::Help => "help",
            Role::Steer => "steer",
        }
    }

    /// Returns the scope by which an app asks for the role.
    pub fn scope(self) -> &'static str {
        match self {
            Role::Look => "desk:look",
            Role::Help => "desk:help",
            Role::Steer => "desk:steer",
        }
    }

    /// Returns the role of this name; `None` for one that only a newer version knows.
    pub fn named(name: &str) -> Option<Self> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

parsed!(
    /// Address of an operator, in the spelling that sessions have.
    OperatorAddress,
    |text| {
        let address = Address::parse(&text);
        address.map(|address| address.as_str().to_owned()).map_err(|_| {
            format!("{text:?} is no email address of an operator, like \"ada@example.com\"")
        })
    }
);

impl DeskPolicy {
    /// Returns the role that the policy gives to an address.
    pub fn role_of(&self, address: &Address) -> Option<Role> {
        let mut entries = self.operators.iter();
        let entry = entries.find(|entry| entry.address.as_str() == address.as_str());
        entry.map(|entry| entry.role)
    }

    /// Returns why the table as a whole makes no sense, with the key at fault.
    pub(super) fn fault(&self) -> Option<(&'static str, String)> {
        for (n, entry) in self.operators.iter().enumerate() {
            let address = &entry.address;
            if self.operators[..n].iter().any(|earlier| earlier.address == *address) {
                let why = format!("names {} twice: keep one entry", address.as_str());
                return Some(("desk.operators", why));
            }
        }
        let is_known = |name: &str| {
            let within = format!("{name}.");
            steerable::keys().iter().any(|it| it.key == name || it.key.starts_with(&within))
        };
        let unknown = self.locked.iter().find(|name| !is_known(name));
        unknown.map(|name| {
            let why = format!(
                "has {name:?}, and operators could not override that: name a key like \
                 \"auth.passwords\", or a table like \"limits\""
            );
            ("desk.locked", why)
        })
    }
}
