//! Apps whose users sign in here: the `[[apps]]` of the policy.

use serde::{Deserialize, Serialize};

use super::{
    app_values::{AppId, LogoutUri, Origin, PublicKey, RedirectUri, SecretHash, Whom, includes},
    desk::Role,
};
use crate::server::{
    ground::jose::{Algorithm, Signed},
    values::address::Address,
};

/// An app: a relying party of OpenID Connect, or a program with tokens of its own.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct App {
    pub id: AppId,
    /// Name that people see; the id if it is empty.
    pub name: String,
    /// Hashes of its secrets: several while one replaces another.
    pub secrets: Vec<SecretHash>,
    /// Keys that its own signatures are verified with: several while one replaces another.
    pub public_keys: Vec<PublicKey>,
    pub redirect_uris: Vec<RedirectUri>,
    pub post_logout_redirect_uris: Vec<RedirectUri>,
    pub backchannel_logout_uri: Option<LogoutUri>,
    pub auth_method: AuthMethod,
    pub algorithm: Algorithm,
    pub scopes: Scopes,
    /// True if it is the team's own, so that nobody is asked whether it may know them.
    pub first_party: bool,
    /// True if it may sign people in on devices without a browser (RFC 8628).
    pub device: bool,
    /// True if it may send mails and verify codes and links for users of its own, by the API.
    pub api: bool,
    /// The highest role it may use the desk's API in; no role, no desk.
    pub desk: Option<Role>,
    /// Users who may sign in to it: addresses, and domains like `@example.com`; everybody if empty.
    pub only: Vec<Whom>,
    /// Origins whose scripts may call the endpoints for tokens.
    pub cors_origins: Vec<Origin>,
}

/// How an app proves who it is at the token endpoint (OpenID Connect Core, 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    #[default]
    ClientSecretBasic,
    ClientSecretPost,
    /// An app that signs a token of its own for each request (RFC 7523), so that no secret of it is
    /// kept or sent anywhere.
    PrivateKeyJwt,
    /// An app that can keep no secret, such as one that runs in the browser: PKCE is demanded.
    None,
}

/// A thing that an app may be told or given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Openid,
    Profile,
    Email,
    OfflineAccess,
}

impl Scope {
    pub const ALL: [Scope; 4] = [Scope::Openid, Scope::Profile, Scope::Email, Scope::OfflineAccess];

    pub fn name(self) -> &'static str {
        match self {
            Scope::Openid => "openid",
            Scope::Profile => "profile",
            Scope::Email => "email",
            Scope::OfflineAccess => "offline_access",
        }
    }
}

/// A set of scopes, as text separated by spaces outside of the policy file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Scopes(Vec<Scope>);

impl Default for Scopes {
    fn default() -> Self {
        Scopes(vec![Scope::Openid, Scope::Profile, Scope::Email])
    }
}

impl Scopes {
    /// Returns the known scopes in a text. Unknown ones are ignored (OpenID Connect Core, 3.1.2.1).
    pub fn parse(text: &str) -> Self {
        let asked: Vec<&str> = text.split(' ').collect();
        Scopes(Scope::ALL.into_iter().filter(|scope| asked.contains(&scope.name())).collect())
    }

    /// Returns those of these scopes that `granted` has, too.
    pub fn within(&self, granted: &Scopes) -> Self {
        Scopes(self.0.iter().copied().filter(|scope| granted.has(*scope)).collect())
    }

    pub fn has(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    pub fn text(&self) -> String {
        self.0.iter().map(|scope| scope.name()).collect::<Vec<_>>().join(" ")
    }
}

impl App {
    /// Returns its name for people.
    pub fn shown(&self) -> &str {
        if self.name.trim().is_empty() { self.id.as_str() } else { &self.name }
    }

    pub fn is_public(&self) -> bool {
        self.auth_method == AuthMethod::None
    }

    pub fn admits(&self, address: &Address) -> bool {
        includes(&self.only, address)
    }

    pub fn knows(&self, secret: &str) -> bool {
        // Every hash is compared, so that the time taken does not tell which one fits.
        self.secrets.iter().fold(false, |knows, hash| hash.is_of(secret) | knows)
    }

    /// Returns what one of its keys signed, if one of them did.
    pub fn signed(&self, token: &str) -> Option<Signed> {
        self.public_keys.iter().find_map(|key| key.opened(token))
    }

    fn tells_in_the_open(&self) -> bool {
        let uri = self.backchannel_logout_uri.as_ref();
        uri.is_some_and(|uri| uri.as_str().starts_with("http://"))
    }

    /// Returns why the entry as a whole makes no sense.
    fn fault(&self) -> Option<String> {
        let id = self.id.as_str();
        if id.is_empty() {
            return Some("has an entry without an id".to_owned());
        }
        let (has_secrets, has_keys) = (!self.secrets.is_empty(), !self.public_keys.is_empty());
        let why = match self.auth_method {
            AuthMethod::None if has_secrets => {
                "has auth_method = \"none\", and secrets all the same"
            }
            AuthMethod::None if self.redirect_uris.is_empty() && !self.device => {
                "has no redirect_uris"
            }
            AuthMethod::PrivateKeyJwt if has_secrets => {
                "has auth_method = \"private_key_jwt\", and secrets all the same"
            }
            AuthMethod::PrivateKeyJwt if !has_keys => {
                "has auth_method = \"private_key_jwt\", and no public_keys"
            }
            AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost if !has_secrets => {
                "has no secrets: `latchkey apps rotate` makes one, or set auth_method = \"none\""
            }
            AuthMethod::None if self.tells_in_the_open() => {
                "has auth_method = \"none\", so its backchannel_logout_uri has to be https"
            }
            AuthMethod::None if self.api => {
                "has api = true, and auth_method = \"none\", by which it proves nothing"
            }
            AuthMethod::None if self.desk.is_some() => {
                "has a role at the desk, and auth_method = \"none\", by which it proves nothing"
            }
            method if has_keys && method != AuthMethod::PrivateKeyJwt => {
                "has public_keys, which need auth_method = \"private_key_jwt\""
            }
            _ if self.name.chars().any(char::is_control) => "has a name of more than one line",
            _ => return None,
        };
        Some(format!("{id:?} {why}"))
    }
}

/// Returns the first fault of the entries, as the rest of a sentence about `apps`.
pub(super) fn fault(apps: &[App]) -> Option<String> {
    apps.iter().enumerate().find_map(|(n, app)| {
        let is_twice = apps[..n].iter().any(|earlier| earlier.id == app.id);
        let twice = || is_twice.then(|| format!("{:?} is there twice", app.id.as_str()));
        app.fault().or_else(twice)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_is_for_the_addresses_and_domains_it_names() {
        let whom = |text: &str| Whom::try_from(text.to_owned()).unwrap();
        let app =
            App { only: vec![whom("@Example.com"), whom("Ada@other.example")], ..App::default() };
        let may = |text: &str| app.admits(&Address::parse(text).unwrap());
        assert!(may("eve@example.com") && may("ada@other.example"));
        assert!(!may("eve@other.example") && !may("eve@sub.example.com") && !may("a@xexample.com"));
    }
}
