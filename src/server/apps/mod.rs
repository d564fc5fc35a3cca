//! Sign-in for other apps: OpenID Connect (Core 1.0) on OAuth (RFC 6749, with RFC 9700's advice).
//! Like `auth`, without HTTP.

pub mod authorize;
mod claims;
pub mod denial;
pub mod keys;
pub mod leave;
pub mod params;
pub mod tokens;

use std::sync::Arc;

use self::keys::KeyRing;
use super::{auth::Auth, config::apps::App};

/// What the rules for apps need: those of the sign-in, and the keys that sign for apps.
#[derive(Debug)]
pub struct Apps {
    pub auth: Arc<Auth>,
    pub keys: KeyRing,
}

impl Apps {
    pub fn new(auth: Arc<Auth>) -> Self {
        Apps { keys: KeyRing::new(auth.clone()), auth }
    }

    /// Returns the app of this id, if the policy in force has it.
    pub fn app(&self, id: &str) -> Option<App> {
        self.auth.policy().apps.iter().find(|app| app.id.as_str() == id).cloned()
    }

    /// Returns the issuer: the public URL, without a slash at its end.
    pub fn issuer(&self) -> &str {
        self.auth.public_url.origin()
    }

    fn own_users(&self) -> bool {
        self.auth.team_users.is_none()
    }
}
