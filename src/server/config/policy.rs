//! The policy, which an operator may change: the tables of `Leptos.toml`. Each key is explained
//! there, with its default.

use ipnet::IpNet;
use lettre::{address::AddressError, message::Mailbox};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
use std::{collections::BTreeSet, net::IpAddr, ops::RangeInclusive, path::PathBuf};
use url::Url;

use super::{
    apps::{self, App},
    brand::BrandFiles,
    connection_url::database_url,
    forward_auth::{self, GuardedHost},
};
use crate::server::{
    ground::mode::Mode,
    values::{address::Address, public_url::PublicUrl},
};

/// The rules in force, parsed from the file and the environment and checked as a whole.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    pub server: ServerPolicy,
    pub database: Database,
    pub auth: AuthPolicy,
    pub limits: Limits,
    pub session: SessionPolicy,
    pub audit: Audit,
    pub mail: MailPolicy,
    pub brand: Brand,
    pub users: Option<UsersPolicy>,
    pub apps: Vec<App>,
    pub forward_auth: Vec<GuardedHost>,
    /// The files made from `brand`.
    #[serde(skip)]
    pub brand_files: BrandFiles,
    /// The table of Leptos, which holds nothing of ours.
    #[serde(rename = "package", skip_serializing)]
    _package: Option<toml::Table>,
    /// The tables and keys that the file sets, such as `auth` and `auth.mode`.
    #[serde(skip)]
    pub(super) stated: BTreeSet<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerPolicy {
    pub public_url: Option<String>,
    /// Maximum connections at once; more wait.
    pub connections: u32,
    /// Seconds an idle connection is kept open.
    pub keep_alive: u32,
    /// A single address counts as a network, too.
    #[serde(deserialize_with = "networks")]
    pub trusted_proxies: Vec<IpNet>,
    /// Seconds from the order to stop until new connections are refused.
    pub drain_delay: u32,
}

impl Default for ServerPolicy {
    fn default() -> Self {
        ServerPolicy {
            public_url: None,
            connections: 4_096,
            keep_alive: 75,
            trusted_proxies: Vec::new(),
            drain_delay: 0,
        }
    }
}

/// Settings for PostgreSQL. Times are in seconds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    pub connections: u32,
    pub statement_timeout: u32,
    pub lock_timeout: u32,
    pub idle_in_transaction_timeout: u32,
    pub vanished_client_timeout: u32,
    /// Database URL for migrations, if it differs: one that bypasses a pooler, or has a role with
    /// the rights to migrate.
    pub migrate_url: Option<String>,
}

/// Parses a list of networks, or one text with commas, as the environment has it.
fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        List(Vec<String>),
        Text(String),
    }
    let given = match Given::deserialize(deserializer)? {
        Given::List(list) => list,
        Given::Text(text) => text.split(',').map(|network| network.trim().to_owned()).collect(),
    };
    let network = |text: &String| text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
    let parse = |text| {
        network(text)
            .map_err(|_| D::Error::custom(format!("{text:?} is no network, like \"10.0.0.0/24\"")))
    };
    given.iter().map(parse).collect()
}

/// Times are in seconds.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthPolicy {
    pub mode: Mode,
    pub expires_in: u32,
    pub same_browser: SameBrowser,
    pub resend: Resend,
    pub resend_cooldown: u32,
    pub code_tries: u32,
    pub sign_up: SignUp,
    pub passwords: Passwords,
    pub magiclink_origins: Vec<String>,
}

/// Handling of a link that is opened in a browser that did not ask for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SameBrowser {
    /// The page explains this, and nothing changes.
    #[default]
    Enforce,
    /// A page shows who asked and when, and a button signs this browser in.
    Confirm,
    /// A page asks for the number that the waiting window shows, and finishes that window.
    Match,
}

/// Effect of a new mail on the secrets of earlier ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Resend {
    /// The new mail replaces them.
    #[default]
    Rotate,
    /// They keep working until they expire.
    Keep,
}

/// The users who may sign in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignUp {
    /// Anyone: the first sign-in creates the user.
    #[default]
    Open,
    /// Known addresses only. Others see no difference, and get no mail.
    Closed,
}

/// Availability of passwords, beside sign-in by mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Passwords {
    #[default]
    Off,
    Optional,
}

/// The team's own user table, which Latchkey reads and never writes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct UsersPolicy {
    /// `schema.table` or `table`.
    pub table: String,
    /// The column that identifies a user.
    pub id: String,
    /// The column with the email address.
    pub address: String,
    /// Database of the table, if it is not Latchkey's own.
    pub database_url: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub mails_per_minute: u32,
    pub mails_per_hour: u32,
    pub sends_per_minute: u32,
    pub verifies_per_minute: u32,
    pub code_failures_per_hour: u32,
    pub code_failures_per_day: u32,
    pub total_mails_per_minute: u32,
    pub total_code_failures_per_minute: u32,
}

/// Times are in seconds.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionPolicy {
    pub token_ttl: u32,
    pub max_age: u32,
    /// The team's services that there are tokens for.
    pub audiences: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    pub keep_days: u32,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailPolicy {
    pub from: Option<String>,
    /// Folder with templates that replace the built-in ones. A relative path starts at the folder
    /// of the policy file.
    pub templates: Option<PathBuf>,
    /// If true, users get a mail about a sign-in in a browser that has not signed in to their
    /// address before.
    pub new_device_notice: bool,
    /// Maximum mails in progress at once, and connections open to the mail server.
    pub at_once: u32,
    /// Seconds the mail server may take for one command.
    pub timeout: u32,
    /// Our name at EHLO; the host of the public URL if not set.
    pub ehlo_name: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Brand {
    pub name: String,
    /// Path of a file. A relative path starts at the folder of the policy file.
    pub logo: Option<PathBuf>,
    /// True if the logo itself shows the name.
    pub logo_has_name: bool,
    /// A colour like `#3a50d9`.
    pub accent: Option<String>,
    /// A mail address or an https URL.
    pub support: Option<String>,
    pub terms: Option<String>,
    pub privacy: Option<String>,
}

impl Brand {
    /// Returns the target of a link to `support`.
    pub fn support_link(&self) -> Option<String> {
        self.support.as_ref().map(|support| {
            if support.contains("://") { support.clone() } else { format!("mailto:{support}") }
        })
    }
}

impl Default for Database {
    fn default() -> Self {
        Database {
            connections: 16,
            statement_timeout: 5,
            lock_timeout: 2,
            idle_in_transaction_timeout: 10,
            vanished_client_timeout: 60,
            migrate_url: None,
        }
    }
}

impl Default for AuthPolicy {
    fn default() -> Self {
        AuthPolicy {
            mode: Mode::default(),
            expires_in: 600,
            same_browser: SameBrowser::default(),
            resend: Resend::default(),
            resend_cooldown: 30,
            code_tries: 5,
            sign_up: SignUp::default(),
            passwords: Passwords::default(),
            magiclink_origins: Vec::new(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            mails_per_minute: 2,
            mails_per_hour: 10,
            sends_per_minute: 20,
            verifies_per_minute: 60,
            code_failures_per_hour: 10,
            code_failures_per_day: 30,
            total_mails_per_minute: 10_000,
            total_code_failures_per_minute: 1_000,
        }
    }
}

impl Default for SessionPolicy {
    fn default() -> Self {
        SessionPolicy { token_ttl: 1_800, max_age: 604_800, audiences: Vec::new() }
    }
}

impl Default for MailPolicy {
    fn default() -> Self {
        MailPolicy {
            from: None,
            templates: None,
            new_device_notice: true,
            at_once: 8,
            timeout: 20,
            ehlo_name: None,
        }
    }
}

impl Default for Audit {
    fn default() -> Self {
        Audit { keep_days: 90 }
    }
}

impl Default for Brand {
    fn default() -> Self {
        Brand {
            name: "Latchkey".to_owned(),
            logo: None,
            logo_has_name: true,
            accent: None,
            support: None,
            terms: None,
            privacy: None,
        }
    }
}

/// A key with an unacceptable value, and the reason, as the rest of a sentence.
#[derive(Debug, PartialEq, Eq)]
pub struct BadKey {
    pub key: &'static str,
    pub why: String,
}

/// Parses a sender's mailbox and turns its domain into A-labels: a mail server without SMTPUTF8
/// (RFC 6531) accepts no other spelling.
pub(super) fn sender(from: &str) -> Result<Mailbox, AddressError> {
    let Mailbox { name, email } = from.parse()?;
    let domain = idna::domain_to_ascii(email.domain()).map_err(|_| AddressError::InvalidDomain)?;
    Ok(Mailbox::new(name, lettre::Address::new(email.user(), domain)?))
}

impl Policy {
    /// Returns the changed keys of `newer` that take effect only at the next start.
    pub fn waits_for_start(&self, newer: &Policy) -> Vec<&'static str> {
        let changed = [
            ("server.public_url", self.server.public_url != newer.server.public_url),
            ("database", self.database != newer.database),
            ("server.connections", self.server.connections != newer.server.connections),
            ("server.keep_alive", self.server.keep_alive != newer.server.keep_alive),
            ("mail.from", self.mail.from != newer.mail.from),
            ("mail.templates", self.mail.templates != newer.mail.templates),
            ("mail.at_once", self.mail.at_once != newer.mail.at_once),
            ("mail.timeout", self.mail.timeout != newer.mail.timeout),
            ("mail.ehlo_name", self.mail.ehlo_name != newer.mail.ehlo_name),
            ("users", self.users != newer.users),
        ];
        changed.into_iter().filter_map(|(key, has_changed)| has_changed.then_some(key)).collect()
    }

    /// True if tokens are signed for others than our own pages.
    pub fn signs_for_others(&self) -> bool {
        !(self.apps.is_empty() && self.forward_auth.is_empty() && self.session.audiences.is_empty())
    }

    /// Checks every value and returns the first bad one as an error.
    pub fn check(&self) -> Result<(), BadKey> {
        let bad = |key, why: String| Err(BadKey { key, why });
        let range = |key, value: u32, allowed: RangeInclusive<u32>| {
            if allowed.contains(&value) {
                return Ok(());
            }
            bad(key, format!("must be {} to {}, and is {value}", allowed.start(), allowed.end()))
        };
        range("server.drain_delay", self.server.drain_delay, 0..=300)?;
        let database = &self.database;
        range("database.connections", database.connections, 1..=1_000)?;
        range("database.statement_timeout", database.statement_timeout, 1..=600)?;
        range("database.lock_timeout", database.lock_timeout, 1..=database.statement_timeout)?;
        range(
            "database.idle_in_transaction_timeout",
            database.idle_in_transaction_timeout,
            1..=3_600,
        )?;
        range("database.vanished_client_timeout", database.vanished_client_timeout, 10..=7_200)?;
        range("server.connections", self.server.connections, 16..=100_000)?;
        range("server.keep_alive", self.server.keep_alive, 1..=3_600)?;
        for network in &self.server.trusted_proxies {
            if network.prefix_len() < if network.addr().is_ipv4() { 8 } else { 7 } {
                bad(
                    "server.trusted_proxies",
                    format!(
                        "has {network}, wider than any private network: clients in it would say themselves who they are"
                    ),
                )?;
            }
        }
        if let Some(url) = &database.migrate_url {
            database_url(url).or_else(|why| bad("database.migrate_url", why.to_owned()))?;
        }
        range("auth.expires_in", self.auth.expires_in, 60..=3_600)?;
        range("auth.resend_cooldown", self.auth.resend_cooldown, 10..=600)?;
        range("auth.code_tries", self.auth.code_tries, 1..=10)?;
        range("limits.mails_per_minute", self.limits.mails_per_minute, 1..=1_000)?;
        range("limits.mails_per_hour", self.limits.mails_per_hour, 1..=1_000)?;
        range("limits.sends_per_minute", self.limits.sends_per_minute, 1..=1_000_000)?;
        range("limits.verifies_per_minute", self.limits.verifies_per_minute, 1..=1_000_000)?;
        range("limits.code_failures_per_hour", self.limits.code_failures_per_hour, 1..=1_000)?;
        range("limits.code_failures_per_day", self.limits.code_failures_per_day, 1..=1_000)?;
        let totals = [
            ("limits.total_mails_per_minute", self.limits.total_mails_per_minute),
            ("limits.total_code_failures_per_minute", self.limits.total_code_failures_per_minute),
        ];
        totals.into_iter().try_for_each(|(key, value)| range(key, value, 1..=1_000_000))?;
        range("session.token_ttl", self.session.token_ttl, 60..=86_400)?;
        range("session.max_age", self.session.max_age, self.session.token_ttl..=2_592_000)?;
        let audiences = &self.session.audiences;
        for (n, audience) in audiences.iter().enumerate() {
            let is_text = (1..=200).contains(&audience.len())
                && audience.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_text || audiences[..n].contains(audience) {
                let why = "must list texts of 1 to 200 letters without spaces, each once, and has";
                bad("session.audiences", format!("{why} {audience:?}"))?;
            }
        }
        range("mail.at_once", self.mail.at_once, 1..=500)?;
        range("mail.timeout", self.mail.timeout, 1..=30)?;
        range("audit.keep_days", self.audit.keep_days, 1..=3_650)?;
        if let Some(url) = &self.server.public_url {
            url.parse::<PublicUrl>().map(|_| ()).or_else(|why| bad("server.public_url", why))?;
        }
        if let Some(name) = &self.mail.ehlo_name {
            // RFC 5321, 4.1.2: a domain, or an address in brackets.
            let is_name = !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c));
            if !is_name {
                bad(
                    "mail.ehlo_name",
                    format!("must be a host's name like \"mail.example.com\", and is {name:?}"),
                )?;
            }
        }
        if let Some(from) = &self.mail.from {
            sender(from).map(|_| ()).or_else(|_| {
                bad(
                    "mail.from",
                    "must be a mailbox like \"Example <no-reply@example.com>\"".to_owned(),
                )
            })?;
        }
        for origin in &self.auth.magiclink_origins {
            let parsed = Url::parse(origin).map(|url| url.origin().ascii_serialization());
            if parsed.as_deref() != Ok(origin) {
                bad(
                    "auth.magiclink_origins",
                    format!(
                        "must list origins like \"https://app.example.com\", and has {origin:?}"
                    ),
                )?;
            }
        }
        if let Some(users) = &self.users {
            if let Some(url) = &users.database_url {
                database_url(url).or_else(|why| bad("users.database_url", why.to_owned()))?;
            }
            // The defaults are empty, which is not a valid name: all three keys are needed.
            let is_name = |name: &str| {
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            };
            for (key, name) in [
                ("users.table", &users.table),
                ("users.id", &users.id),
                ("users.address", &users.address),
            ] {
                if !name.split('.').all(is_name) || (key != "users.table" && name.contains('.')) {
                    bad(
                        key,
                        format!(
                            "must be a name of letters, digits and underscores, and is {name:?}"
                        ),
                    )?;
                }
            }
            if self.auth.sign_up == SignUp::Open {
                bad(
                    "users.table",
                    "is read only, so nobody can sign up: set auth.sign_up = \"closed\"".to_owned(),
                )?;
            }
            if self.auth.passwords == Passwords::Optional {
                bad(
                    "users.table",
                    "is read only, so there is nowhere to keep a password: set auth.passwords = \"off\"".to_owned(),
                )?;
            }
        }
        if let Some(why) = apps::fault(&self.apps) {
            bad("apps", why)?;
        }
        if let Some(why) = forward_auth::fault(&self.forward_auth) {
            bad("forward_auth", why)?;
        }
        if !self.forward_auth.is_empty() && self.server.trusted_proxies.is_empty() {
            let why = "is empty, so no proxy may ask for [[forward_auth]]: name its address";
            bad("server.trusted_proxies", why.to_owned())?;
        }
        if self.brand.name.trim().is_empty() || self.brand.name.chars().any(char::is_control) {
            bad("brand.name", "must be a name of one line".to_owned())?;
        }
        let is_page = |link: &str| Url::parse(link).is_ok_and(|url| url.scheme() == "https");
        for (key, link) in
            [("brand.terms", &self.brand.terms), ("brand.privacy", &self.brand.privacy)]
        {
            if let Some(link) = link.as_ref().filter(|link| !is_page(link)) {
                bad(
                    key,
                    format!("must be a URL like \"https://example.com/terms\", and is {link:?}"),
                )?;
            }
        }
        if let Some(support) = self
            .brand
            .support
            .as_ref()
            .filter(|support| !is_page(support) && Address::parse(support).is_err())
        {
            bad(
                "brand.support",
                format!("must be a mail address or a URL with https, and is {support:?}"),
            )?;
        }
        Ok(())
    }
}
