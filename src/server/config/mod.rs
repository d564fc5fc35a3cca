//! Configuration: `Leptos.toml`, the environment, and defaults that work in development.

pub mod app_values;
pub mod apps;
pub mod brand;
mod change;
mod connection_url;
mod defaults;
pub mod desk;
pub mod disposable;
mod dkim;
mod environment;
pub mod forward_auth;
mod leptos;
pub mod mail_words;
mod networks;
mod overlay;
pub mod overrides;
pub mod passed_over;
mod policy;
mod secret;
pub mod sign_up;
mod source;
pub mod steerable;
pub mod test_people;
mod transport_values;
pub mod transports;
mod validation;

use ::leptos::config::LeptosOptions;
use lettre::message::Mailbox;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::server::values::public_url::{PublicUrl, is_here};

pub use change::{Change, changes, nothing_vanished, shown, waits_for_start};
pub use connection_url::database_url;
pub use dkim::DkimKey;
pub use environment::of_process;
pub use overlay::Origin;
pub use policy::{
    AuthPolicy, Brand, Database, Headless, Limits, MailPolicy, Passwords, Policy, Resend,
    SameBrowser, ServerPolicy, SessionPolicy, SignUp, UsersPolicy,
};
pub use source::Source;
use transports::MailTransport;

/// A mistake in the configuration: one sentence that says where it is and what to set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// The environment variables as a value, so that tests can supply their own.
pub type Variables = BTreeMap<String, String>;

const DEFAULT_FILE: &str = "Leptos.toml";
const EMBEDDED: &str = include_str!("../../../Leptos.toml");

/// Everything the server needs to know before it starts.
#[derive(Clone)]
pub struct Settings {
    pub production: bool,
    pub database_url: String,
    /// Transports of mails, in order. Without any, mails go to the dev mailbox.
    pub transports: Vec<MailTransport>,
    pub from: Mailbox,
    pub secrets: Vec<String>,
    pub public_url: PublicUrl,
    /// Bearer token that allows reading `/metrics` from other hosts.
    pub metrics_token: Option<String>,
    pub policy: Policy,
    /// Origin of the policy, to notice when it changes.
    pub source: Source,
    pub leptos: LeptosOptions,
}

impl Settings {
    /// Reads the file named by `LATCHKEY_CONFIG` (or `Leptos.toml`, or the built-in defaults when
    /// there is none) and the variables. In development it may create `data/` and a secret in it.
    pub fn load(variables: &Variables) -> Result<Self, ConfigError> {
        let variables = environment::completed(variables)?;
        let get = |name: &str| variables.get(name).map(String::as_str);
        let production = match get("LATCHKEY_ENV").unwrap_or("development") {
            "production" => true,
            "development" => false,
            other => {
                return refuse(format!(
                    "LATCHKEY_ENV must be development or production, and is {other:?}."
                ));
            }
        };
        let named = get("LATCHKEY_CONFIG").map(PathBuf::from);
        let path = named.or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()));
        let source = Source { path, variables: variables.clone() };
        let text = source.text()?;
        let policy = source.policy_of(&text)?;
        let leptos = leptos::options(source.path(), &text, &variables)?;

        let public_url: PublicUrl =
            match get("LATCHKEY_PUBLIC_URL").or(policy.server.public_url.as_deref()) {
                Some(url) => {
                    url.parse().map_err(|why| ConfigError(format!("LATCHKEY_PUBLIC_URL {why}.")))?
                }
                None if production => {
                    return missing(
                        "LATCHKEY_PUBLIC_URL",
                        "the address people type, like https://login.example.com",
                    );
                }
                None => of_development(&policy.server, leptos.site_addr.port())?,
            };
        if !production {
            let (redirect, lmtp) = (policy.server.redirect_listen, policy.mail.lmtp_listen);
            let listens_on = [Some(leptos.site_addr), redirect, lmtp];
            for_this_machine(&policy.server, &public_url, listens_on)?;
        }
        if policy.server.tls_files().is_some() && !public_url.is_https() {
            return refuse(format!(
                "server.tls_certificate is set, so the public URL must begin with https://, and is \
                 {public_url}."
            ));
        }
        let transports = transports_of(&policy, get("SMTP_URL"))?;
        if production && transports.is_empty() {
            return missing(
                "SMTP_URL",
                "the mail server, like smtps://user:password@mail.example.com, or an entry of \
                 [[mail.transports]]",
            );
        }
        let open = transports.iter().find(|transport| transport.may_be_read_on_the_way());
        if let Some(open) = open.filter(|_| production) {
            let named = match policy.mail.transports.is_empty() {
                true => "SMTP_URL".to_owned(),
                false => format!("The url of {:?} in mail.transports", open.name.as_str()),
            };
            return refuse(format!(
                "{named} would let mails, and the links in them, be read on the way. Use smtps:// \
                 or https://, or smtp://…?tls=required for STARTTLS; without them it must be on \
                 this very machine."
            ));
        }
        let from = match policy.mail.from.as_deref() {
            Some(from) => validation::sender(from)
                .map_err(|_| ConfigError(format!("mail.from is not a mailbox: {from:?}.")))?,
            None if production => {
                return missing(
                    "LATCHKEY_MAIL__FROM",
                    "the sender of mails, like \"Example <no-reply@example.com>\"",
                );
            }
            None => {
                let address = "no-reply@localhost"
                    .parse()
                    .map_err(|error| ConfigError(format!("mail.from: {error}.")))?;
                Mailbox::new(Some(policy.brand.name.clone()), address)
            }
        };
        let secrets = match get("SESSION_JWT_SECRET") {
            Some(list) => secret::parse(list)?,
            None if production => {
                return missing(
                    "SESSION_JWT_SECRET",
                    "at least 32 random characters, for example from `openssl rand -base64 48`",
                );
            }
            None => vec![secret::of_development(Path::new("data"))?],
        };
        let metrics_token = get("METRICS_TOKEN").map(str::to_owned);
        if metrics_token.as_ref().is_some_and(|token| token.len() < 16 || secret::is_known(token)) {
            return refuse(
                "METRICS_TOKEN is too short or too well known to be a secret: set at least 16 random characters."
                    .to_owned(),
            );
        }
        let database_url = match get("DATABASE_URL") {
            None if production => {
                return missing(
                    "DATABASE_URL",
                    "where users and sessions are kept, like \
                     sqlite:///var/lib/latchkey/latchkey.db or postgres://user:password@host/database",
                );
            }
            // The message repeats nothing of the URL: it may be one of another kind, badly written.
            Some(url) if production && is_relative(url) => {
                return refuse(
                    "DATABASE_URL names a file by where whoever starts us happens to be, so that a \
                     command elsewhere would act on another. Give its whole path, like \
                     sqlite:///var/lib/latchkey/latchkey.db."
                        .to_owned(),
                );
            }
            url => url.unwrap_or("sqlite://data/latchkey.db").to_owned(),
        };
        connection_url::database_url(&database_url)
            .map_err(|why| ConfigError(format!("DATABASE_URL {why}.")))?;
        Ok(Settings {
            production,
            database_url,
            transports,
            from,
            secrets,
            public_url,
            metrics_token,
            policy,
            source,
            leptos,
        })
    }

    /// Returns the settings with the address that the server listens on. For port 0 the system has
    /// chosen a port.
    pub fn listening_on(mut self, address: SocketAddr) -> Result<Self, ConfigError> {
        self.leptos.site_addr = address;
        if self.public_url.port() == 0 {
            self.public_url = of_development(&self.policy.server, address.port())?;
        }
        Ok(self)
    }

    /// Returns the filter for the log that `RUST_LOG` sets, if any.
    pub fn log_filter(&self) -> Option<&str> {
        self.source.variables.get("RUST_LOG").map(String::as_str)
    }
}

/// Refuses development settings that let other machines reach the server (ASVS 5.0 13.4.2):
/// development has known defaults and shows every mail to anyone who asks.
/// An https URL is this machine's only if this very server speaks TLS under a name of loopback.
fn for_this_machine(
    server: &ServerPolicy,
    public_url: &PublicUrl,
    listens_on: [Option<SocketAddr>; 3],
) -> Result<(), ConfigError> {
    const ALONE: &str = "development is for this machine alone. Set LATCHKEY_ENV=production";
    let speaks_tls_here = server.tls_files().is_some() && is_here(public_url.host());
    if public_url.is_https() && !speaks_tls_here {
        return refuse(format!("The public URL is {public_url}, and {ALONE}."));
    }
    let reachable = |address: &SocketAddr| !address.ip().to_canonical().is_loopback();
    if let Some(address) = listens_on.into_iter().flatten().find(reachable) {
        return refuse(format!(
            "It would listen on {address}, where others reach it, and {ALONE}, or \
             listen on 127.0.0.1:{}.",
            address.port()
        ));
    }
    Ok(())
}

/// Returns the public URL for development when none is set.
fn of_development(server: &ServerPolicy, port: u16) -> Result<PublicUrl, ConfigError> {
    let scheme = if server.tls_files().is_some() { "https" } else { "http" };
    format!("{scheme}://localhost:{port}")
        .parse()
        .map_err(|why| ConfigError(format!("LEPTOS_SITE_ADDR: the public URL made of it {why}.")))
}

/// Returns the transports of the policy, or the one that SMTP_URL stands for.
fn transports_of(
    policy: &Policy,
    smtp_url: Option<&str>,
) -> Result<Vec<MailTransport>, ConfigError> {
    let entries = &policy.mail.transports;
    match smtp_url {
        Some(_) if !entries.is_empty() => refuse(
            "SMTP_URL is set, and mail.transports has entries. Keep one of them: an entry of kind \
             \"smtp\" has the same url."
                .to_owned(),
        ),
        Some(url) => match connection_url::smtp_url(url) {
            Ok(()) => Ok(vec![MailTransport::of_smtp_url(url)]),
            Err(why) => refuse(format!("SMTP_URL {why}.")),
        },
        None => Ok(entries.clone()),
    }
}

/// Reports whether the URL names an SQLite file by a relative path, or no file (`sqlite::memory:`).
fn is_relative(url: &str) -> bool {
    let file = url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    file.is_some_and(|file| !file.is_empty() && !file.starts_with('/'))
}

fn refuse<T>(sentence: String) -> Result<T, ConfigError> {
    Err(ConfigError(sentence))
}

fn missing<T>(name: &str, what: &str) -> Result<T, ConfigError> {
    refuse(format!("{name} is not set. Production needs it: {what}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_repetitive_or_example_secret_is_refused() {
        for bad in [
            "short",
            &"ab".repeat(20),
            "your-super-secret-jwt-key-change-me-in-production",
            "good-one-Zk3vQ9x7Lw2mN8rT5yB1cD4f,short",
            // The examples of jwt.io, old and current, and the key of RFC 7515, A.1.
            &"your-256-bit-secret".repeat(2),
            "your-256-bit-secret-your-256-bit-secret",
            "a-string-secret-at-least-256-bits-long",
            "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
            "Sup3r-S3cr3t-K3y-f0r-pr0duct10n-us3",
            "abcdefghijklmnopqrstuvwxyz0123456789",
            "qwertyuiopasdfghjklzxcvbnm1234567890",
            "9876543210zyxwvutsrqponmlkjihgfedcba",
            "1qaz2wsx3edc4rfv1qaz2wsx3edc4rfv",
            // A good secret that is too short, written twice.
            &"Zk3vQ9x7Lw2mN8rT5yB1".repeat(2),
        ] {
            let error = secret::parse(bad).unwrap_err().0;
            assert!(error.contains("openssl rand"), "{bad}: {error}");
            assert!(!error.contains(bad), "the refusal must not repeat the secret");
        }
        // `openssl rand -hex 16`: the weakest secret that is long enough.
        assert!(secret::parse("5f1c0b7e9a3d482e6c70f1d9b85a3e42").is_ok());
        assert_eq!(
            secret::parse("Zk3vQ9x7Lw2mN8rT5yB1cD4fGh6jK0pS, Qw8eR5tY2uI9oP4aS7dF1gH6jK3lZ0xC")
                .unwrap()
                .len(),
            2
        );
    }

    #[test]
    fn production_names_what_is_missing() {
        let mut variables = Variables::from([("LATCHKEY_ENV".to_owned(), "production".to_owned())]);
        let refusal = |variables: &Variables| Settings::load(variables).map(|_| ()).unwrap_err().0;
        for (name, value) in [
            ("LATCHKEY_PUBLIC_URL", "https://login.example.com"),
            ("SMTP_URL", "smtps://mail.example.com"),
            ("LATCHKEY_MAIL__FROM", "Example <no-reply@example.com>"),
            ("SESSION_JWT_SECRET", "Zk3vQ9x7Lw2mN8rT5yB1cD4fGh6jK0pS"),
            ("DATABASE_URL", "sqlite:///var/lib/latchkey/latchkey.db"),
        ] {
            assert!(
                refusal(&variables).starts_with(&format!("{name} is not set")),
                "{}",
                refusal(&variables)
            );
            variables.insert(name.to_owned(), value.to_owned());
        }
        assert!(Settings::load(&variables).is_ok());
    }
}
