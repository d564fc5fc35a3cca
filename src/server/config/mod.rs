//! Configuration: `Leptos.toml`, the environment, and defaults that work in development.

mod policy;
mod public_url;
mod secret;

use leptos::config::{LeptosOptions, get_config_from_str};
use lettre::message::Mailbox;
use std::{
    collections::BTreeMap,
    net::IpAddr,
    path::{Path, PathBuf},
};
use url::Url;

use super::brand::Look;
pub use policy::{Auth, BadKey, Brand, Limits, Mail, Passwords, Policy, Resend, SameBrowser, Server, Session, SignUp, Users};
pub use public_url::PublicUrl;

/// A mistake of the operator: one sentence that says where it is and what to set.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// The environment variables, as a value, so that tests bring their own.
pub type Variables = BTreeMap<String, String>;

const DEFAULT_FILE: &str = "Leptos.toml";
const EMBEDDED: &str = include_str!("../../../Leptos.toml");

/// Everything the server needs to know before it starts.
#[derive(Clone)]
pub struct Settings {
    pub production: bool,
    pub database_url: String,
    /// Where mails go; without it, to the dev mailbox.
    pub smtp_url: Option<String>,
    pub from: Mailbox,
    pub secrets: Vec<String>,
    pub public_url: PublicUrl,
    /// Lets `/metrics` be read from elsewhere.
    pub metrics_token: Option<String>,
    pub policy: Policy,
    /// Where the policy came from, to notice when it changes.
    pub source: Source,
    pub leptos: LeptosOptions,
}

/// The file and the variables a policy is made of.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Nothing when the built-in defaults are in use.
    pub path: Option<PathBuf>,
    pub variables: Variables,
}

impl Source {
    pub fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(DEFAULT_FILE))
    }

    fn text(&self) -> Result<String, ConfigError> {
        match &self.path {
            Some(path) => std::fs::read_to_string(path).map_err(|error| {
                let file = path.display();
                ConfigError(format!("{file} cannot be read: {error}. LATCHKEY_CONFIG names it; without, the defaults serve."))
            }),
            None => Ok(EMBEDDED.to_owned()),
        }
    }

    /// The policy as the file and the variables have it now.
    pub fn policy(&self) -> Result<Policy, ConfigError> {
        parse_policy(self.path(), &self.text()?, &self.variables)
    }

    /// The run-time options of Leptos, from the same file or the built-in one; `LEPTOS_*` variables override them
    /// (leptos_config's own rule).
    fn leptos_options(&self) -> Result<LeptosOptions, ConfigError> {
        let text = self.text()?;
        let text = if text.contains("[package.metadata.leptos]") { &text } else { EMBEDDED };
        let mut options = get_config_from_str(text).map_err(|error| {
            ConfigError(format!("LEPTOS_… or {}, [package.metadata.leptos]: {error}.", self.path().display()))
        })?;
        // cargo-leptos leaves the hashes of the assets beside the program it builds; without that file names are plain.
        let beside = std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(options.hash_file.as_ref())));
        options.hash_files = beside.is_some_and(|hashes| hashes.exists());
        Ok(options)
    }
}

impl Settings {
    /// Reads the file named by `LATCHKEY_CONFIG` (or `Leptos.toml`, or the built-in defaults when there is none) and
    /// the variables. In development it may create `data/` and a secret in it.
    pub fn load(variables: &Variables) -> Result<Self, ConfigError> {
        let get = |name: &str| variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
        let production = match get("LATCHKEY_ENV").unwrap_or("development") {
            "production" => true,
            "development" => false,
            other => return refuse(format!("LATCHKEY_ENV must be development or production, and is {other:?}.")),
        };
        let named = get("LATCHKEY_CONFIG").map(PathBuf::from);
        let path = named.or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists()));
        let source = Source { path, variables: variables.clone() };
        let policy = source.policy()?;
        let leptos = source.leptos_options()?;

        let public_url = match get("LATCHKEY_PUBLIC_URL").or(policy.server.public_url.as_deref()) {
            Some(url) => url.parse().map_err(|why| ConfigError(format!("LATCHKEY_PUBLIC_URL {why}.")))?,
            None if production => {
                return missing("LATCHKEY_PUBLIC_URL", "the address people type, like https://login.example.com");
            }
            None => format!("http://localhost:{}", leptos.site_addr.port())
                .parse()
                .map_err(|why| ConfigError(format!("LEPTOS_SITE_ADDR: the public URL made of it {why}.")))?,
        };
        let smtp_url = get("SMTP_URL").map(str::to_owned);
        if production && smtp_url.is_none() {
            return missing("SMTP_URL", "the mail server, like smtps://user:password@mail.example.com");
        }
        if production && smtp_url.as_deref().is_some_and(may_be_read_on_the_way) {
            return refuse(
                "SMTP_URL would let mails, and the links in them, be read on the way. Use smtps://, or smtp://…?tls=required for \
                 STARTTLS; without either the mail server must be on this very machine."
                    .to_owned(),
            );
        }
        let from = match policy.mail.from.as_deref() {
            Some(from) => from.parse().map_err(|_| ConfigError(format!("mail.from is not a mailbox: {from:?}.")))?,
            None if production => {
                return missing("LATCHKEY_MAIL__FROM", "the sender of mails, like \"Example <no-reply@example.com>\"");
            }
            None => {
                let address = "no-reply@localhost".parse().map_err(|error| ConfigError(format!("mail.from: {error}.")))?;
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
        if metrics_token.as_ref().is_some_and(|token| token.len() < 16) {
            return refuse("METRICS_TOKEN is too short to be a secret: set at least 16 random characters.".to_owned());
        }
        let database_url = get("DATABASE_URL").unwrap_or("sqlite://data/latchkey.db").to_owned();
        Ok(Settings { production, database_url, smtp_url, from, secrets, public_url, metrics_token, policy, source, leptos })
    }
}

/// Whether mails would go to another machine without TLS, or with a STARTTLS that somebody in between can strip (RFC 3207, 6;
/// ASVS 5.0 12.3.1).
fn may_be_read_on_the_way(smtp_url: &str) -> bool {
    // What is no URL is explained by who connects.
    let Ok(url) = Url::parse(smtp_url) else { return false };
    let tls = url.query_pairs().find_map(|(name, value)| (name == "tls").then_some(value));
    url.scheme() == "smtp" && tls.as_deref() != Some("required") && !url.host_str().is_some_and(is_here)
}

/// Whether a host is this machine.
pub fn is_here(host: &str) -> bool {
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost" || host.ends_with(".localhost") || ip.is_ok_and(|ip| ip.to_canonical().is_loopback())
}

fn refuse<T>(sentence: String) -> Result<T, ConfigError> {
    Err(ConfigError(sentence))
}

fn missing<T>(name: &str, what: &str) -> Result<T, ConfigError> {
    refuse(format!("{name} is not set. Production needs it: {what}."))
}

/// The policy in `text`, with every `LATCHKEY_<TABLE>__<KEY>` laid over it.
pub fn parse_policy(path: &Path, text: &str, variables: &Variables) -> Result<Policy, ConfigError> {
    let policy: Policy = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let (line, key) = whereabouts(text, at);
        ConfigError(format!("{}, line {line}, {key}: {}.", path.display(), error.message().trim_end().replace('\n', ", ")))
    })?;
    let mut policy = lay_over(policy, text, variables)?;
    // Where the server is started is nobody's concern.
    let folder = std::path::absolute(path).ok().and_then(|path| Some(path.parent()?.to_owned())).unwrap_or_default();
    for path in [&mut policy.brand.logo, &mut policy.mail.templates].into_iter().flatten() {
        *path = folder.join(&path);
    }
    let look = Look::new(policy.brand.accent.as_deref(), policy.brand.logo.as_deref());
    let look = policy.check().and_then(|()| look.map_err(|(key, why)| BadKey { key, why }));
    policy.look = look.map_err(|BadKey { key, why }| match (variable_of(key, variables), line_of(text, key)) {
        (Some(name), _) => ConfigError(format!("{name} ({key}) {why}.")),
        (None, Some(line)) => ConfigError(format!("{}, line {line}, {key} {why}.", path.display())),
        (None, None) => ConfigError(format!("{}: {key} {why}.", path.display())),
    })?;
    Ok(policy)
}

/// The variable that sets `key`, if one does.
fn variable_of<'a>(key: &str, variables: &'a Variables) -> Option<&'a String> {
    let (table, key) = key.split_once('.')?;
    let name = format!("LATCHKEY_{}__{}", table.to_ascii_uppercase(), key.to_ascii_uppercase());
    variables.get_key_value(&name).map(|(name, _)| name)
}

/// Variables are laid over one at a time, so that the one at fault can be named.
fn lay_over(mut policy: Policy, text: &str, variables: &Variables) -> Result<Policy, ConfigError> {
    let mut document: toml::Table = toml::from_str(text).map_err(|error| ConfigError(error.to_string()))?;
    for (name, value) in variables {
        let Some((table, key)) = name.strip_prefix("LATCHKEY_").and_then(|rest| rest.split_once("__")) else { continue };
        let (table, key) = (table.to_ascii_lowercase(), key.to_ascii_lowercase());
        // 42 is a number and may be a brand's name, too: a value is what it looks like, or a text, or a list of texts.
        let as_text = toml::Value::String(value.clone());
        let as_itself = toml::from_str::<toml::Table>(&format!("value = {value}")).ok().and_then(|mut t| t.remove("value"));
        let mut attempt = |value: toml::Value| -> Result<Policy, String> {
            let table = document.entry(table.clone()).or_insert_with(|| toml::Table::new().into());
            table.as_table_mut().ok_or("is not a table")?.insert(key.clone(), value);
            document.clone().try_into().map_err(|error: toml::de::Error| error.message().trim_end().replace('\n', ", "))
        };
        let as_list = toml::Value::Array(value.split(',').map(|item| toml::Value::String(item.trim().to_owned())).collect());
        let mut ways = as_itself.into_iter().chain([as_text, as_list]);
        let first = ways.next().map_or(Err("is empty".to_owned()), &mut attempt);
        let laid = first.or_else(|why| ways.find_map(|value| attempt(value).ok()).ok_or(why));
        policy = laid.map_err(|why| ConfigError(format!("{name} ({table}.{key}): {why}.")))?;
    }
    Ok(policy)
}

/// Line (from 1) and dotted key at a byte offset of the file.
fn whereabouts(text: &str, at: usize) -> (usize, String) {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count();
    let key = text.lines().nth(line).and_then(|line| line.split_once('=')).map_or("", |(key, _)| key.trim());
    let table = text.lines().take(line + 1).filter_map(table_of).last().unwrap_or_default();
    (line + 1, if key.is_empty() { table.to_owned() } else { format!("{table}.{key}") })
}

/// The line (from 1) where `key`, as in `auth.expires_in`, is set.
fn line_of(text: &str, key: &str) -> Option<usize> {
    let (table, key) = key.split_once('.')?;
    let mut inside = "";
    for (number, line) in text.lines().enumerate() {
        inside = table_of(line).unwrap_or(inside);
        if inside == table && line.split_once('=').is_some_and(|(name, _)| name.trim() == key) {
            return Some(number + 1);
        }
    }
    None
}

fn table_of(line: &str) -> Option<&str> {
    line.trim().strip_prefix('[')?.split(']').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy_of(text: &str, variables: &[(&str, &str)]) -> Result<Policy, String> {
        let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        parse_policy(Path::new("Leptos.toml"), text, &variables).map_err(|error| error.0)
    }

    #[test]
    fn the_file_of_the_repository_states_the_defaults() {
        let stated = policy_of(EMBEDDED, &[]).unwrap();
        assert_eq!(format!("{stated:?}").split("_package").next(), format!("{:?}", Policy::default()).split("_package").next());
    }

    #[test]
    fn an_unknown_key_is_named_with_file_and_line() {
        let error = policy_of("[auth]\nexpires_in = 300\nexpiry = 5\n", &[]).unwrap_err();
        assert!(error.starts_with("Leptos.toml, line 3, auth.expiry: unknown field"), "{error}");
    }

    #[test]
    fn a_value_of_the_wrong_type_is_named_with_file_and_line() {
        let error = policy_of("\n[auth]\nexpires_in = \"soon\"\n", &[]).unwrap_err();
        assert!(error.starts_with("Leptos.toml, line 3, auth.expires_in: invalid type"), "{error}");
    }

    #[test]
    fn a_value_out_of_range_is_named_with_file_and_line() {
        let error = policy_of("[auth]\nexpires_in = 5\n", &[]).unwrap_err();
        assert_eq!(error, "Leptos.toml, line 2, auth.expires_in must be 60 to 3600, and is 5.");
    }

    #[test]
    fn a_variable_overrides_the_file_and_a_bad_one_is_named() {
        let text = "[auth]\nexpires_in = 300\n";
        assert_eq!(policy_of(text, &[("LATCHKEY_AUTH__EXPIRES_IN", "120")]).unwrap().auth.expires_in, 120);
        assert_eq!(policy_of(text, &[("LATCHKEY_BRAND__NAME", "42")]).unwrap().brand.name, "42");
        let error = policy_of(text, &[("LATCHKEY_AUTH__EXPIRES_IN", "soon")]).unwrap_err();
        assert!(error.starts_with("LATCHKEY_AUTH__EXPIRES_IN (auth.expires_in): invalid type"), "{error}");
        let error = policy_of(text, &[("LATCHKEY_AUTH__COLOUR", "red")]).unwrap_err();
        assert!(error.starts_with("LATCHKEY_AUTH__COLOUR (auth.colour): unknown field"), "{error}");
    }

    #[test]
    fn what_waits_for_the_next_start_is_named() {
        let (started, newer) =
            (policy_of("", &[]).unwrap(), policy_of("[mail]\ntemplates = \"a\"\n[brand]\nname = \"B\"\n", &[]));
        assert_eq!(started.waits_for_start(&newer.unwrap()), ["mail.templates"]);
        assert!(started.waits_for_start(&policy_of("[auth]\nexpires_in = 300\n", &[]).unwrap()).is_empty());
    }

    #[test]
    fn networks_of_proxies_are_a_list_or_a_text_and_one_address_is_one() {
        let text = "[server]\ntrusted_proxies = [\"10.0.0.0/24\", \"::1\"]\n";
        assert_eq!(policy_of(text, &[]).unwrap().server.trusted_proxies.len(), 2);
        let variable = |value| policy_of("", &[("LATCHKEY_SERVER__TRUSTED_PROXIES", value)]);
        assert_eq!(variable("10.0.0.0/24, 10.0.1.1").unwrap().server.trusted_proxies[1].to_string(), "10.0.1.1/32");
        let error = variable("10.0.0.300/24").unwrap_err();
        assert!(error.contains("\"10.0.0.300/24\" is no network, like \"10.0.0.0/24\""), "{error}");
    }

    #[test]
    fn a_short_repetitive_or_example_secret_is_refused() {
        for bad in [
            "short",
            &"ab".repeat(20),
            "your-super-secret-jwt-key-change-me-in-production",
            "good-one-Zk3vQ9x7Lw2mN8rT5yB1cD4f,short",
        ] {
            let error = secret::parse(bad).unwrap_err().0;
            assert!(error.contains("openssl rand"), "{bad}: {error}");
            assert!(!error.contains(bad), "the refusal must not repeat the secret");
        }
        assert_eq!(secret::parse("Zk3vQ9x7Lw2mN8rT5yB1cD4fGh6jK0pS, Qw8eR5tY2uI9oP4aS7dF1gH6jK3lZ0xC").unwrap().len(), 2);
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
        ] {
            assert!(refusal(&variables).starts_with(&format!("{name} is not set")), "{}", refusal(&variables));
            variables.insert(name.to_owned(), value.to_owned());
        }
        assert!(Settings::load(&variables).is_ok());
    }
}
