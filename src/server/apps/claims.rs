//! Claims: of a user, and of how they signed in.

use serde_json::{Value, json};

use super::Apps;
use crate::server::{
    config::apps::{Scope, Scopes},
    ground::clock::SECOND,
    store::Grant,
    values::{event::Method, shown::shown},
};

/// Returns how a user signed in, as `amr` (RFC 8176, and draft-skyfire-oauth-amr-values for mail):
/// the one table of it.
fn amr(method: &str) -> Vec<&'static str> {
    match Method::named(method) {
        Some(Method::Link) => vec!["email", "url"],
        // The link proves the mailbox; the number only ties it to the window.
        Some(Method::Match) => vec!["email", "url"],
        // An app that is tested is told what it is told of everybody.
        Some(Method::Code | Method::FixedCode) => vec!["email", "code", "otp"],
        Some(Method::Password) => vec!["pwd"],
        None => vec![],
    }
}

impl Apps {
    /// Returns the claims about the user that the scopes of a grant allow.
    pub(super) fn about(&self, grant: &Grant) -> Value {
        let scopes = Scopes::parse(&grant.scopes);
        let mut claims = json!({ "sub": grant.user_id });
        if scopes.has(Scope::Email) {
            claims["email"] = shown(&grant.address).into();
            // Whoever signs in reads the mailbox, or did when they set the password.
            claims["email_verified"] = true.into();
        }
        if scopes.has(Scope::Profile) {
            // Apps insist on names. Nobody types one here, so it is the address.
            for name in ["name", "preferred_username"] {
                claims[name] = shown(&grant.address).into();
            }
        }
        claims
    }

    /// Returns the claims of an ID token (OpenID Connect Core, 2).
    pub(super) fn identity(&self, grant: &Grant, expires_in: i64, at_hash: &str) -> Value {
        let now = self.auth.clock.now() / SECOND;
        let mut claims = self.about(grant);
        for (name, value) in [
            ("iss", json!(self.issuer())),
            ("aud", json!(grant.app_id)),
            ("iat", json!(now)),
            ("exp", json!(now + expires_in)),
            ("auth_time", json!(grant.signed_in_at / SECOND)),
            ("sid", json!(grant.sid)),
            ("amr", json!(amr(&grant.method))),
            ("at_hash", json!(at_hash)),
        ] {
            claims[name] = value;
        }
        if let Some(nonce) = &grant.nonce {
            claims["nonce"] = nonce.as_str().into();
        }
        claims
    }
}
