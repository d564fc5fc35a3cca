//! The values that a policy may have.

use lettre::{address::AddressError, message::Mailbox};
use std::ops::RangeInclusive;
use url::Url;

use super::{
    apps,
    connection_url::database_url,
    dkim, forward_auth, networks, passed_over,
    policy::{Brand, Headless, Passwords, Policy, SignUp, UsersPolicy},
    test_people, transports,
};
use crate::server::values::{address::Address, public_url::PublicUrl};

/// A key with an unacceptable value, and the reason, as the rest of a sentence.
#[derive(Debug, PartialEq, Eq)]
pub struct BadKey {
    pub key: &'static str,
    pub why: String,
}

/// Most characters of a brand's name. It is part of each subject, of which no word may have more
/// than 998 octets (RFC 5322, 2.1.1): no mail would arrive any more.
const LONGEST_NAME: usize = 100;

fn bad<T>(key: &'static str, why: impl Into<String>) -> Result<T, BadKey> {
    Err(BadKey { key, why: why.into() })
}

fn range(key: &'static str, value: u32, allowed: RangeInclusive<u32>) -> Result<(), BadKey> {
    if allowed.contains(&value) {
        return Ok(());
    }
    bad(key, format!("must be {} to {}, and is {value}", allowed.start(), allowed.end()))
}

fn is_database_url(key: &'static str, url: Option<&String>) -> Result<(), BadKey> {
    url.map_or(Ok(()), |url| database_url(url).or_else(|why| bad(key, why)))
}

/// Parses a sender's mailbox and turns its domain into A-labels: a mail server without SMTPUTF8
/// (RFC 6531) accepts no other spelling.
pub fn sender(from: &str) -> Result<Mailbox, AddressError> {
    let Mailbox { name, email } = from.parse()?;
    let domain = idna::domain_to_ascii(email.domain()).map_err(|_| AddressError::InvalidDomain)?;
    Ok(Mailbox::new(name, lettre::Address::new(email.user(), domain)?))
}

impl Policy {
    /// Checks every value and returns the first bad one as an error.
    pub fn check(&self) -> Result<(), BadKey> {
        let Policy { server, database, auth, limits, session, mail, .. } = self;
        range("server.drain_delay", server.drain_delay, 0..=300)?;
        range("database.connections", database.connections, 1..=1_000)?;
        range("database.statement_timeout", database.statement_timeout, 1..=600)?;
        range("database.lock_timeout", database.lock_timeout, 1..=database.statement_timeout)?;
        let idle = database.idle_in_transaction_timeout;
        range("database.idle_in_transaction_timeout", idle, 1..=3_600)?;
        range("database.vanished_client_timeout", database.vanished_client_timeout, 10..=7_200)?;
        range("server.connections", server.connections, 16..=100_000)?;
        range("server.keep_alive", server.keep_alive, 1..=3_600)?;
        for (key, path) in [
            ("server.tls_certificate", &server.tls_certificate),
            ("server.tls_key", &server.tls_key),
        ] {
            // Said without the value: every later error names the path, and this one is a secret.
            if path.as_ref().is_some_and(|path| path.to_string_lossy().contains("-----BEGIN")) {
                bad(key, "must be the path of a file in PEM, and is the content of one")?;
            }
        }
        match (&server.tls_certificate, &server.tls_key) {
            (Some(_), None) => bad("server.tls_certificate", "is set without server.tls_key")?,
            (None, Some(_)) => bad("server.tls_key", "is set without server.tls_certificate")?,
            (None, None) if server.redirect_listen.is_some() => {
                let why = "is set without server.tls_certificate: there is no https to lead to";
                bad("server.redirect_listen", why)?;
            }
            _ => {}
        }
        if let Some(network) = networks::too_wide(&server.trusted_proxies) {
            bad(
                "server.trusted_proxies",
                format!(
                    "has {network}, wider than any private network: clients in it would say themselves who they are"
                ),
            )?;
        }
        is_database_url("database.migrate_url", database.migrate_url.as_ref())?;
        range("auth.expires_in", auth.expires_in, 60..=3_600)?;
        range("auth.resend_cooldown", auth.resend_cooldown, 10..=600)?;
        range("auth.code_tries", auth.code_tries, 1..=10)?;
        let sign_up = &self.sign_up;
        let expires_in = sign_up.invitation_expires_in;
        range("sign_up.invitation_expires_in", expires_in, 3_600..=2_592_000)?;
        range("sign_up.waitlist_per_hour", sign_up.waitlist_per_hour, 1..=10_000)?;
        range("sign_up.waitlist_days", sign_up.waitlist_days, 1..=3_650)?;
        range("limits.mails_per_minute", limits.mails_per_minute, 1..=1_000)?;
        range("limits.mails_per_hour", limits.mails_per_hour, 1..=1_000)?;
        range("limits.sends_per_minute", limits.sends_per_minute, 1..=1_000_000)?;
        range("limits.verifies_per_minute", limits.verifies_per_minute, 1..=1_000_000)?;
        range("limits.code_failures_per_hour", limits.code_failures_per_hour, 1..=1_000)?;
        range("limits.code_failures_per_day", limits.code_failures_per_day, 1..=1_000)?;
        range("limits.total_mails_per_minute", limits.total_mails_per_minute, 1..=1_000_000)?;
        let failures = limits.total_code_failures_per_minute;
        range("limits.total_code_failures_per_minute", failures, 1..=1_000_000)?;
        range("session.token_ttl", session.token_ttl, 60..=86_400)?;
        range("session.max_age", session.max_age, session.token_ttl..=2_592_000)?;
        for (n, audience) in session.audiences.iter().enumerate() {
            let is_text = (1..=200).contains(&audience.len())
                && audience.bytes().all(|byte| byte.is_ascii_graphic());
            if !is_text || session.audiences[..n].contains(audience) {
                let why = "must list texts of 1 to 200 letters without spaces, each once, and has";
                bad("session.audiences", format!("{why} {audience:?}"))?;
            }
            // A token of one kind must not pass for another's where only "aud" is looked at.
            let is_taken = self.apps.iter().any(|app| app.id.as_str() == audience)
                || self.forward_auth.iter().any(|host| host.host.as_str() == audience)
                || server.public_url.as_ref() == Some(audience);
            if is_taken {
                let why = "is also an app, a guarded host or this server itself: take another name";
                bad("session.audiences", format!("has {audience:?}, which {why}"))?;
            }
        }
        mail.words.check()?;
        range("mail.at_once", mail.at_once, 1..=500)?;
        range("mail.timeout", mail.timeout, 1..=30)?;
        range("audit.keep_days", self.audit.keep_days, 1..=3_650)?;
        if let Some(Err(why)) = server.public_url.as_ref().map(|url| url.parse::<PublicUrl>()) {
            bad("server.public_url", why)?;
        }
        // RFC 5321, 4.1.2: a domain, or an address in brackets.
        let is_host = |name: &String| {
            !name.is_empty()
                && name.chars().all(|c| c.is_ascii_alphanumeric() || ".-:[]".contains(c))
        };
        if let Some(name) = mail.ehlo_name.as_ref().filter(|name| !is_host(name)) {
            bad(
                "mail.ehlo_name",
                format!("must be a host's name like \"mail.example.com\", and is {name:?}"),
            )?;
        }
        if mail.from.as_ref().is_some_and(|from| sender(from).is_err()) {
            bad("mail.from", "must be a mailbox like \"Example <no-reply@example.com>\"")?;
        }
        if let Some(why) = transports::fault(&mail.transports) {
            bad("mail.transports", why)?;
        }
        if let Some(why) = passed_over::fault(&mail.transports, &mail.passed_over) {
            bad("mail.passed_over", why)?;
        }
        let returns = mail.transports.iter().any(|transport| transport.return_path.is_some());
        if mail.lmtp_listen.is_some() && !returns {
            let why = "is set, and no entry of [[mail.transports]] has a return_path, so no mail \
                       would come back there: add one";
            bad("mail.lmtp_listen", why)?;
        }
        if let Some(why) = dkim::fault(&mail.dkim) {
            bad("mail.dkim", why)?;
        }
        let is_origin = |text: &str| {
            Url::parse(text).is_ok_and(|url| url.origin().ascii_serialization() == text)
        };
        if let Some(origin) = auth.magiclink_origins.iter().find(|origin| !is_origin(origin)) {
            bad(
                "auth.magiclink_origins",
                format!("must list origins like \"https://app.example.com\", and has {origin:?}"),
            )?;
        }
        if let Some(users) = &self.users {
            self.check_users(users)?;
        }
        if let Some(why) = apps::fault(&self.apps) {
            bad("apps", why)?;
        }
        if server.headless == Headless::Apps && !self.apps.iter().any(|app| app.api) {
            let why = "is \"apps\", and [[apps]] has none with api = true: add one with \
                       `latchkey apps add --api`, or nobody may use the API";
            bad("server.headless", why)?;
        }
        if let Some(why) = test_people::fault(&self.test_people, auth.mode, &self.desk) {
            bad("test_people", why)?;
        }
        if let Some(why) = forward_auth::fault(&self.forward_auth) {
            bad("forward_auth", why)?;
        }
        if !self.forward_auth.is_empty() && self.server.trusted_proxies.is_empty() {
            let why = "is empty, so no proxy may ask for [[forward_auth]]: name its address";
            bad("server.trusted_proxies", why)?;
        }
        if let Some((key, why)) = self.desk.fault() {
            bad(key, why)?;
        }
        self.brand.check()
    }

    fn check_users(&self, users: &UsersPolicy) -> Result<(), BadKey> {
        is_database_url("users.database_url", users.database_url.as_ref())?;
        // The defaults are empty, which is not a valid name: all three keys are needed.
        let is_name = |name: &str| {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        let (table, id, address) = (&users.table, &users.id, &users.address);
        for (key, name) in [("users.table", table), ("users.id", id), ("users.address", address)] {
            if !name.split('.').all(is_name) || (key != "users.table" && name.contains('.')) {
                bad(
                    key,
                    format!("must be a name of letters, digits and underscores, and is {name:?}"),
                )?;
            }
        }
        if self.auth.sign_up != SignUp::Closed {
            bad(
                "users.table",
                "is read only, so nobody can sign up: set auth.sign_up = \"closed\"",
            )?;
        }
        if self.auth.passwords == Passwords::Optional {
            bad(
                "users.table",
                "is read only, so there is nowhere to keep a password: set auth.passwords = \"off\"",
            )?;
        }
        Ok(())
    }
}

impl Brand {
    fn check(&self) -> Result<(), BadKey> {
        let is_long = self.name.chars().count() > LONGEST_NAME;
        if self.name.trim().is_empty() || is_long || self.name.chars().any(char::is_control) {
            let why = format!("must be a name of one line, of at most {LONGEST_NAME} characters");
            bad("brand.name", why)?;
        }
        let is_page = |link: &str| Url::parse(link).is_ok_and(|url| url.scheme() == "https");
        for (key, link) in [("brand.terms", &self.terms), ("brand.privacy", &self.privacy)] {
            if let Some(link) = link.as_ref().filter(|link| !is_page(link)) {
                bad(
                    key,
                    format!("must be a URL like \"https://example.com/terms\", and is {link:?}"),
                )?;
            }
        }
        let is_support = |support: &str| is_page(support) || Address::parse(support).is_ok();
        if let Some(support) = self.support.as_ref().filter(|support| !is_support(support)) {
            bad(
                "brand.support",
                format!("must be a mail address or a URL with https, and is {support:?}"),
            )?;
        }
        Ok(())
    }
}
