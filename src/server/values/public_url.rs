//! Public URL of this site, as people type it. Every link to this site is built from it.

use std::{fmt, net::IpAddr, str::FromStr};
use url::Url;

/// Scheme, host and port, without a path: `https://login.example.com`, or `http` on loopback.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicUrl {
    url: Url,
    origin: String,
}

impl fmt::Debug for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    /// Parses a public URL. Refuses anything that could not equal a browser's Origin header. The
    /// error is the end of a sentence that begins with the name of the setting.
    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|_| {
            format!("must be a URL like https://login.example.com, and is {text:?}")
        })?;
        let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !plain || !url.username().is_empty() || url.password().is_some() {
            return Err(format!("must be scheme and host only, and is {text:?}"));
        }
        let loopback = url.host_str().is_some_and(is_here);
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            _ => {
                return Err(format!(
                    "must be https (browsers keep the session cookie on https alone, and on http://localhost), and is {text:?}"
                ));
            }
        }
        let origin = url.origin().ascii_serialization();
        Ok(PublicUrl { url, origin })
    }
}

impl PublicUrl {
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// Returns the origin as a browser writes it in an Origin header: without a slash at the end.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns the host, for example for Message-IDs and the last line of a mail.
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or("localhost")
    }

    /// Returns the host and port as in a Host header.
    pub fn authority(&self) -> &str {
        self.origin.split_once("://").map_or("", |(_, authority)| authority)
    }

    /// Returns the base URL that destinations are resolved against.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Returns the sign-in link of a mail.
    pub fn link(&self, token: &str) -> String {
        format!("{}/api/auth/verify?link_token={token}", self.origin)
    }

    /// Returns the link for a recipient who did not expect the mail. `what` is `request`, `session`
    /// or `password_change`.
    pub fn not_you(&self, what: &str, token: &str) -> String {
        format!("{}/login/not-you?{what}={token}", self.origin)
    }

    /// Returns the page of an invitation.
    pub fn invitation(&self, token: &str) -> String {
        format!("{}/login/invitation?token={token}", self.origin)
    }

    /// Returns the page where the code of an invitation is typed.
    pub fn invitation_code(&self) -> String {
        format!("{}/login/invitation", self.origin)
    }
}

/// Reports whether a host is this machine.
pub fn is_here(host: &str) -> bool {
    let ip = host.trim_matches(['[', ']']).parse::<IpAddr>();
    host == "localhost"
        || host.ends_with(".localhost")
        || ip.is_ok_and(|ip| ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_loopback_http_without_a_path_is_accepted() {
        for good in [
            "https://login.example.com",
            "https://example.com:8443/",
            "http://localhost:3000",
            "http://[::1]:3000",
        ] {
            assert!(good.parse::<PublicUrl>().is_ok(), "{good}");
        }
        for bad in [
            "http://example.com",
            "https://example.com/login",
            "https://a:b@example.com",
            "ftp://localhost",
            "login",
            "",
        ] {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
    }
}
