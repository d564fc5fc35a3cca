//! Values of the policy that are texts, each parsed by a type of its own, so that an error names its
//! line.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use url::{Host, Url};

use crate::server::{
    ground::{jose::Signed, public_key},
    values::address::Address,
};

/// Makes a type that parses a text of the policy, and shows it as it was written.
macro_rules! parsed {
    ($(#[$about:meta])* $name:ident, $parse:expr) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl TryFrom<String> for $name {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                let parse: fn(String) -> Result<String, String> = $parse;
                parse(text).map($name)
            }
        }

        impl From<$name> for String {
            fn from(parsed: $name) -> String {
                parsed.0
            }
        }

        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

pub(super) use parsed;

parsed!(
    /// Name of an app in requests and tokens.
    AppId,
    |id| {
        let is_id = (1..=64).contains(&id.len())
            && id.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c));
        is_id.then_some(id).ok_or_else(|| {
            "an id of 1 to 64 letters, digits, dots, dashes and underscores is needed".to_owned()
        })
    }
);

parsed!(
    /// SHA-256 of a secret. A slow hash would gain nothing: secrets are 256 random bits, made by
    /// `latchkey apps`.
    SecretHash,
    |hash| {
        let bytes = hash.strip_prefix("sha256:").map(|hash| URL_SAFE_NO_PAD.decode(hash));
        match bytes {
            Some(Ok(bytes)) if bytes.len() == 32 => Ok(hash),
            // Not repeated: it may be the secret itself.
            _ => Err("a hash like \"sha256:…\" is needed, as `latchkey apps rotate` prints it; \
                      never the secret itself"
                .to_owned()),
        }
    }
);

impl SecretHash {
    pub fn of(secret: &str) -> Self {
        SecretHash(format!("sha256:{}", URL_SAFE_NO_PAD.encode(Sha256::digest(secret))))
    }

    /// True if this is the hash of `secret`.
    pub fn is_of(&self, secret: &str) -> bool {
        self.0.as_bytes().ct_eq(SecretHash::of(secret).0.as_bytes()).into()
    }
}

/// Public key of an app, in PEM.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey {
    pem: String,
    key: public_key::PublicKey,
}

impl TryFrom<String> for PublicKey {
    type Error = String;

    fn try_from(pem: String) -> Result<Self, String> {
        Ok(PublicKey { key: public_key::PublicKey::read(&pem)?, pem })
    }
}

impl PublicKey {
    /// Returns what its owner signed, if it is that.
    pub fn opened(&self, token: &str) -> Option<Signed> {
        self.key.opened(token)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        key.pem
    }
}

parsed!(
    /// URI that a browser is sent back to with an answer.
    RedirectUri,
    |uri| {
        let why = |why: &str| Err(format!("{uri:?} {why}"));
        let Ok(url) = Url::parse(&uri) else { return why("is no URL with a scheme") };
        if url.fragment().is_some() {
            return why("has a fragment, which no redirect URI may have (RFC 6749, 3.1.2)");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return why("has a user or a password");
        }
        match url.scheme() {
            "https" => Ok(uri),
            "http" if is_loopback(&url) => Ok(uri),
            "http" => why("is http, and not of this machine"),
            // RFC 8252, 7.1: the reverse of a domain that the app's maker owns.
            scheme if scheme.contains('.') => Ok(uri),
            _ => why("is neither https nor of a scheme like com.example.app"),
        }
    }
);

impl RedirectUri {
    /// True if `asked` is this URI, letter by letter (RFC 9700, 2.1). On loopback the port is free,
    /// because a program takes the one it gets (RFC 8252, 7.3).
    pub fn allows(&self, asked: &str) -> bool {
        if self.0 == asked {
            return true;
        }
        let (Ok(mut own), Ok(mut other)) = (Url::parse(&self.0), Url::parse(asked)) else {
            return false;
        };
        let is_ip = |url: &Url| matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_)));
        if own.scheme() != "http" || !is_loopback(&own) || !is_ip(&own) {
            return false;
        }
        let has_set = own.set_port(None).is_ok() && other.set_port(None).is_ok();
        has_set && own == other
    }
}

parsed!(
    /// Endpoint that an app is told at when a session ends. http is for apps in the same network
    /// (OpenID Connect Back-Channel Logout 1.0, 2.2).
    LogoutUri,
    |uri| {
        let parsed = Url::parse(&uri).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        match parsed {
            Some(url) if url.fragment().is_none() => Ok(uri),
            Some(_) => Err(format!("{uri:?} has a fragment")),
            None => Err(format!("{uri:?} is no URL that begins with https:// or http://")),
        }
    }
);

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

parsed!(
    /// An address, or a domain and all its addresses.
    Whom,
    |whom| {
        let address = match whom.strip_prefix('@') {
            Some(_) => Address::parse(&format!("a{whom}")),
            None => Address::parse(&whom),
        };
        match address {
            Ok(address) => Ok(address.as_str()[usize::from(whom.starts_with('@'))..].to_owned()),
            Err(_) => Err(format!("{whom:?} is no address, and no domain like \"@example.com\"")),
        }
    }
);

/// Reports whether a list has an address. An empty one has everybody.
pub fn includes(list: &[Whom], address: &Address) -> bool {
    list.is_empty() || list.iter().any(|whom| whom.includes(address))
}

impl Whom {
    fn includes(&self, address: &Address) -> bool {
        match self.0.strip_prefix('@') {
            Some(domain) => address.local_and_domain().1 == domain,
            None => address.as_str() == self.0,
        }
    }
}

parsed!(
    /// Origin of a page.
    Origin,
    |origin| {
        let parsed = Url::parse(&origin).map(|url| url.origin().ascii_serialization());
        match parsed.as_deref() == Ok(&origin) {
            true => Ok(origin),
            false => Err(format!("{origin:?} is no origin like \"https://app.example.com\"")),
        }
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Result<RedirectUri, String> {
        RedirectUri::try_from(text.to_owned())
    }

    #[test]
    fn a_redirect_uri_is_https_or_of_the_persons_own_machine() {
        for good in [
            "https://app.example.com/cb",
            "https://app.example.com/cb?a=1",
            "http://localhost:3001/cb",
            "http://127.0.0.1/cb",
            "http://[::1]/cb",
            "com.example.app:/cb",
        ] {
            assert!(uri(good).is_ok(), "{good}");
        }
        for bad in [
            "app.example.com",
            "http://app.example.com/cb",
            "https://app.example.com/cb#a",
            "https://ada@app.example.com/cb",
            "javascript:alert(1)",
            "data:text/html,a",
            "",
        ] {
            assert!(uri(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_redirect_uri_matches_letter_by_letter_but_for_a_loopback_port() {
        let web = uri("https://app.example.com/cb").unwrap();
        assert!(web.allows("https://app.example.com/cb"));
        for other in [
            "https://app.example.com/cb/",
            "https://app.example.com/cb?",
            "https://app.example.com/CB",
            "https://app.example.com:443/cb",
            "https://app.example.com/x/../cb",
            "http://app.example.com/cb",
            "https://app.example.com.evil.example/cb",
        ] {
            assert!(!web.allows(other), "{other}");
        }
        let own = uri("http://127.0.0.1/cb").unwrap();
        assert!(own.allows("http://127.0.0.1:50123/cb"));
        assert!(!own.allows("http://127.0.0.1:50123/other"));
        assert!(!own.allows("http://127.0.0.2:50123/cb"));
        let named = uri("http://localhost:3001/cb").unwrap();
        assert!(!named.allows("http://localhost:3002/cb"), "the name may resolve elsewhere");
    }

    #[test]
    fn a_secret_is_known_by_its_hash_and_never_written() {
        let hash = SecretHash::of("abc");
        assert!(hash.is_of("abc") && !hash.is_of("abd"));
        let error = SecretHash::try_from("my secret".to_owned()).unwrap_err();
        assert!(!error.contains("my secret"));
    }
}
