//! A mail server as SMTP_URL names it.

use lettre::transport::smtp::{
    SMTP_PORT, SUBMISSION_PORT, SUBMISSIONS_PORT,
    authentication::Credentials,
    client::{Tls, TlsParameters},
    extension::ClientId,
};
use percent_encoding::percent_decode_str;
use std::{borrow::Cow, net::IpAddr, time::Duration};
use url::Url;

use crate::server::{
    config::{ConfigError, MailPolicy},
    values::public_url::PublicUrl,
};

/// A mail server, and how we speak to it.
pub struct Server {
    pub host: String,
    pub port: u16,
    pub tls: Tls,
    pub credentials: Option<Credentials>,
    /// Our name at EHLO.
    pub ehlo_name: ClientId,
    /// Maximum time for one command.
    pub timeout: Duration,
}

impl Server {
    /// Parses `smtps://` for TLS, `smtp://…?tls=required` for STARTTLS, `smtp://` for neither. The
    /// error repeats nothing of the URL, which may hold a password.
    pub fn parse(
        url: &str,
        mail: &MailPolicy,
        public_url: &PublicUrl,
    ) -> Result<Self, ConfigError> {
        let wrong = |why: String| {
            ConfigError(format!(
                "SMTP_URL cannot be understood: {why}. \
                 It should be like smtps://user:password@mail.example.com."
            ))
        };
        let url = Url::parse(url).map_err(|error| wrong(error.to_string()))?;
        let tls = url.query_pairs().find_map(|(name, value)| (name == "tls").then_some(value));
        let host = url.host_str().filter(|host| !host.is_empty());
        let host = host.ok_or_else(|| wrong("it names no host".to_owned()))?;
        // A socket takes an IPv6 address without the brackets of the URL.
        let host = host.trim_matches(['[', ']']).to_owned();
        let certified =
            || TlsParameters::new(host.clone()).map_err(|error| wrong(error.to_string()));
        let (port, tls) = match (url.scheme(), tls.as_deref()) {
            ("smtp", None) => (SMTP_PORT, Tls::None),
            ("smtp", Some("required")) => (SUBMISSION_PORT, Tls::Required(certified()?)),
            ("smtp", Some("opportunistic")) => (SUBMISSION_PORT, Tls::Opportunistic(certified()?)),
            ("smtps", _) => (SUBMISSIONS_PORT, Tls::Wrapper(certified()?)),
            ("smtp", Some(_)) => {
                return Err(wrong("its tls is neither required nor opportunistic".to_owned()));
            }
            _ => return Err(wrong("it begins with neither smtp:// nor smtps://".to_owned())),
        };
        if url.path().len() > 1 {
            return Err(wrong("it has a path; the name for EHLO is mail.ehlo_name".to_owned()));
        }
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8();
            text.map(Cow::into_owned).map_err(|_| wrong("its password is not UTF-8".to_owned()))
        };
        let credentials = match url.password() {
            Some(password) => Some(Credentials::new(decoded(url.username())?, decoded(password)?)),
            None => None,
        };
        Ok(Server {
            port: url.port().unwrap_or(port),
            host,
            tls,
            credentials,
            ehlo_name: client_id(mail.ehlo_name.as_deref().unwrap_or(public_url.host())),
            timeout: Duration::from_secs(mail.timeout.into()),
        })
    }
}

/// Returns a name for EHLO, where an IP address has brackets (RFC 5321, 4.1.3).
fn client_id(name: &str) -> ClientId {
    match name.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(name.to_owned()),
    }
}
