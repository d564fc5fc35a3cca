//! Tokens with which apps prove who they are: `private_key_jwt` (RFC 7521 and 7523; OpenID Connect
//! Core, 9).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Apps, denial::Denial, params::Params};
use crate::server::{
    config::apps::{App, AuthMethod},
    ground::clock::{MINUTE, Millis, SECOND},
};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Longest time ahead that a token may end. RFC 7523, 3, lets a server refuse what is unreasonably
/// far; libraries set one to five minutes. Names of used tokens are kept as long.
const AHEAD: Millis = 5 * MINUTE;
/// Difference allowed between the app's clock and ours.
const LEEWAY: Millis = 30 * SECOND;
/// Latest time that is read, in milliseconds: any later one is as far ahead.
const LATEST: f64 = 1e15;
/// Most bytes of a token's own name.
const LONGEST_NAME: usize = 256;

/// Token of an app that says who it is.
pub struct Assertion<'a> {
    token: &'a str,
    /// Subject that it names, unverified: it tells whose keys to verify with.
    named: String,
}

impl<'a> Assertion<'a> {
    /// Returns the token of a request, if it has one.
    pub fn of(params: &'a Params) -> Result<Option<Self>, Denial> {
        let kind = params.one("client_assertion_type")?;
        let token = match (kind, params.one("client_assertion")?) {
            (None, None) => return Ok(None),
            (Some(TYPE), Some(token)) => token,
            (Some(TYPE), None) => return Err(Denial::request("client_assertion is missing.")),
            _ => return Err(Denial::request(format!("client_assertion_type may be {TYPE}."))),
        };
        let claims = token.split('.').nth(1).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let claims = claims.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
        let named = claims.and_then(|claims| Some(claims["sub"].as_str()?.to_owned()));
        let named = named.ok_or_else(|| wrong("it is no JWT with a sub"))?;
        Ok(Some(Assertion { token, named }))
    }
}

impl Apps {
    /// Returns the app that signed a token for this very request. `client_id` is the name that the
    /// form gives, if it does: it has to be the same (RFC 7521, 4.2).
    pub(super) async fn by_assertion(
        &self,
        assertion: &Assertion<'_>,
        client_id: Option<&str>,
    ) -> Result<App, Denial> {
        let named = assertion.named.as_str();
        // Alike for an unknown app, one that proves itself otherwise, and a wrong signature.
        let unproved = || wrong("the app is unknown, or none of its public_keys verifies it");
        let app = self.app(named).ok_or_else(unproved)?;
        if app.auth_method != AuthMethod::PrivateKeyJwt || client_id.is_some_and(|id| id != named) {
            return Err(unproved());
        }
        let signed = app.signed(assertion.token).ok_or_else(unproved)?;
        // The app may sign tokens of other kinds with its key: those are for other purposes.
        let types = [None, Some("JWT"), Some("jwt"), Some("client-authentication+jwt")];
        if !types.contains(&signed.typ.as_deref()) {
            return Err(wrong("typ is of another kind of token"));
        }
        let expires_at = self.judge(&signed.claims, named)?;
        let jti = signed.claims["jti"].as_str().unwrap_or_default();
        if jti.is_empty() || jti.len() > LONGEST_NAME {
            return Err(wrong("jti is missing, or longer than 256 bytes"));
        }
        // No id of an app contains the separator.
        let name = Sha256::digest(format!("{named} {jti}"));
        match self.auth.store.use_assertion(&name, expires_at + LEEWAY).await? {
            true => Ok(app),
            false => Err(wrong("it was used before: each request needs another jti")),
        }
    }

    /// Checks the claims of a token that the app signed (RFC 7523, 3), and returns when it expires.
    fn judge(&self, claims: &Value, id: &str) -> Result<Millis, Denial> {
        if claims["iss"] != id || claims["sub"] != id {
            return Err(wrong("iss and sub have to be the app's id"));
        }
        let token_endpoint = self.token_endpoint();
        // One for another server as well could be brought here by that server.
        let is_ours = |aud: &Value| *aud == self.issuer() || *aud == token_endpoint.as_str();
        let is_for_us = match &claims["aud"] {
            Value::Array(all) => !all.is_empty() && all.iter().all(is_ours),
            one => is_ours(one),
        };
        if !is_for_us {
            let why = format!("aud has to be {} or {token_endpoint}, and no other", self.issuer());
            return Err(wrong(&why));
        }
        let now = self.auth.clock.now();
        // A number of seconds, with a fraction or without (RFC 7519, 2).
        let time = |name: &str| {
            claims[name].as_f64().map(|at| (at * 1_000.0).clamp(0.0, LATEST) as Millis)
        };
        let expires_at = time("exp").ok_or_else(|| wrong("exp is missing"))?;
        if expires_at + LEEWAY <= now {
            return Err(wrong("it has expired"));
        }
        if expires_at - LEEWAY > now + AHEAD {
            return Err(wrong("exp is more than five minutes ahead"));
        }
        let begins = ["nbf", "iat"].into_iter().filter_map(time).max();
        if begins.is_some_and(|at| at - LEEWAY > now) {
            return Err(wrong("nbf or iat is in the future"));
        }
        Ok(expires_at)
    }
}

fn wrong(why: &str) -> Denial {
    Denial::new("invalid_client", format!("client_assertion does not count: {why}."))
}
