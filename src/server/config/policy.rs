//! What an operator may change: the tables of `Leptos.toml`. Each key is explained there, with its default.

use lettre::message::Mailbox;
use serde::Deserialize;
use std::{ops::RangeInclusive, str::FromStr};

use super::PublicUrl;

/// The rules in force. Parsed from the file and the environment, checked as a whole.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    pub server: Server,
    pub auth: Auth,
    pub limits: Limits,
    pub session: Session,
    pub mail: Mail,
    pub brand: Brand,
    /// The table that `leptos_config` reads; nothing of ours is in it.
    #[serde(rename = "package")]
    _package: Option<toml::Table>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    pub public_url: Option<String>,
}

/// Times in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    pub expires_in: u32,
    pub resend_cooldown: u32,
    pub code_tries: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub mails_per_minute: u32,
    pub mails_per_hour: u32,
}

/// Times in seconds.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Session {
    pub token_ttl: u32,
    pub max_age: u32,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    pub from: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Brand {
    pub name: String,
}

impl Default for Auth {
    fn default() -> Self {
        Auth { expires_in: 600, resend_cooldown: 30, code_tries: 5 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits { mails_per_minute: 2, mails_per_hour: 10 }
    }
}

impl Default for Session {
    fn default() -> Self {
        Session { token_ttl: 1_800, max_age: 604_800 }
    }
}

impl Default for Brand {
    fn default() -> Self {
        Brand { name: "Latchkey".to_owned() }
    }
}

/// A key whose value is not acceptable, and why, as the rest of a sentence.
#[derive(Debug, PartialEq, Eq)]
pub struct BadKey {
    pub key: &'static str,
    pub why: String,
}

impl Policy {
    /// Checks every value; the first bad one is the answer.
    pub fn check(&self) -> Result<(), BadKey> {
        let bad = |key, why: String| Err(BadKey { key, why });
        let range = |key, value: u32, allowed: RangeInclusive<u32>| {
            if allowed.contains(&value) {
                return Ok(());
            }
            bad(key, format!("must be {} to {}, and is {value}", allowed.start(), allowed.end()))
        };
        range("auth.expires_in", self.auth.expires_in, 60..=3_600)?;
        range("auth.resend_cooldown", self.auth.resend_cooldown, 10..=600)?;
        range("auth.code_tries", self.auth.code_tries, 1..=10)?;
        range("limits.mails_per_minute", self.limits.mails_per_minute, 1..=1_000)?;
        range("limits.mails_per_hour", self.limits.mails_per_hour, 1..=1_000)?;
        range("session.token_ttl", self.session.token_ttl, 60..=86_400)?;
        range("session.max_age", self.session.max_age, self.session.token_ttl..=2_592_000)?;
        if let Some(url) = &self.server.public_url {
            url.parse::<PublicUrl>().map(|_| ()).or_else(|why| bad("server.public_url", why))?;
        }
        if let Some(from) = &self.mail.from {
            Mailbox::from_str(from)
                .map(|_| ())
                .or_else(|_| bad("mail.from", "must be a mailbox like \"Example <no-reply@example.com>\"".to_owned()))?;
        }
        if self.brand.name.trim().is_empty() || self.brand.name.chars().any(char::is_control) {
            bad("brand.name", "must be a name of one line".to_owned())?;
        }
        Ok(())
    }
}
