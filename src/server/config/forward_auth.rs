//! Hosts that a proxy guards with our sign-in: the `[[forward_auth]]` of the policy.

use axum::http::{HeaderName, header};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use url::Url;

use super::app_values::{Whom, includes, parsed};
use crate::server::values::address::Address;

/// A host whose pages only people see who have signed in here.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuardedHost {
    pub host: Host,
    /// Users who may open it: addresses, and domains like `@example.com`; everybody if empty.
    pub only: Vec<Whom>,
    pub headers: IdentityHeaders,
}

/// Names of the headers that tell the app behind the proxy who is there.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentityHeaders {
    pub user: Header,
    pub email: Header,
    /// Of a signed token that says the same.
    pub assertion: Header,
}

impl Default for IdentityHeaders {
    fn default() -> Self {
        let named = |name: &str| Header(name.to_owned());
        IdentityHeaders {
            user: named("X-Auth-User"),
            email: named("X-Auth-Email"),
            assertion: named("X-Auth-Assertion"),
        }
    }
}

parsed!(
    /// Host as browsers name it, with its port unless that is 443.
    Host,
    |host| {
        let url = Url::parse(&format!("https://{host}/"));
        let is_host = !host.contains('@')
            && url.as_ref().is_ok_and(|url| url.authority() == host && url.path() == "/");
        is_host.then_some(host.clone()).ok_or_else(|| {
            format!("{host:?} is no host like \"wiki.example.com\", in small letters")
        })
    }
);

impl Host {
    /// Returns the origin of its pages. Only a host of this machine may do without TLS.
    pub fn origin(&self) -> String {
        let name = self.0.rsplit_once(':').map_or(self.0.as_str(), |(name, _)| name);
        let is_loopback = ["localhost", "127.0.0.1", "[::1]"].contains(&name);
        format!("http{}://{}", if is_loopback { "" } else { "s" }, self.0)
    }

    pub fn is_https(&self) -> bool {
        self.origin().starts_with("https:")
    }
}

parsed!(
    /// Name of a header that carries an identity.
    Header,
    |name| {
        // Proxies and apps read something else in these.
        let taken = [
            header::HOST,
            header::COOKIE,
            header::SET_COOKIE,
            header::LOCATION,
            header::CONNECTION,
            header::CONTENT_LENGTH,
            header::CONTENT_TYPE,
            header::TRANSFER_ENCODING,
            header::CACHE_CONTROL,
        ];
        match HeaderName::from_str(&name) {
            Ok(parsed) if !taken.contains(&parsed) => Ok(name),
            Ok(_) => Err(format!("{name:?} means something else in every answer")),
            Err(_) => Err(format!("{name:?} is no name of a header")),
        }
    }
);

impl GuardedHost {
    pub fn admits(&self, address: &Address) -> bool {
        includes(&self.only, address)
    }

    fn fault(&self) -> Option<String> {
        let host = self.host.as_str();
        let IdentityHeaders { user, email, assertion } = &self.headers;
        let names = [user, email, assertion].map(|name| name.as_str().to_ascii_lowercase());
        match () {
            () if host.is_empty() => Some("has an entry without a host".to_owned()),
            () if names[0] == names[1] || names[1] == names[2] || names[0] == names[2] => {
                Some(format!("{host:?} has two headers of one name"))
            }
            () => None,
        }
    }
}

/// Returns the first fault of the entries, as the rest of a sentence about `forward_auth`.
pub(super) fn fault(hosts: &[GuardedHost]) -> Option<String> {
    hosts.iter().enumerate().find_map(|(n, host)| {
        let is_twice = hosts[..n].iter().any(|earlier| earlier.host == host.host);
        let twice = || is_twice.then(|| format!("{:?} is there twice", host.host.as_str()));
        host.fault().or_else(twice)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_written_as_browsers_name_it() {
        let origin = |host: &str| Host::try_from(host.to_owned()).map(|host| host.origin());
        assert_eq!(origin("wiki.example.com").as_deref(), Ok("https://wiki.example.com"));
        assert_eq!(origin("wiki.example.com:8443").as_deref(), Ok("https://wiki.example.com:8443"));
        assert_eq!(origin("127.0.0.1:8080").as_deref(), Ok("http://127.0.0.1:8080"));
        for bad in
            ["", "https://a.example", "a.example/x", "A.example", "a.example:443", "u@a.example"]
        {
            assert!(origin(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_header_of_an_identity_has_a_name_of_its_own() {
        let header = |name: &str| Header::try_from(name.to_owned());
        assert!(header("Remote-User").is_ok() && header("X-WEBAUTH-USER").is_ok());
        assert!(header("a b").is_err() && header("Cookie").is_err() && header("").is_err());
    }
}
