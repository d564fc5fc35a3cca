//! Logout tokens, which tell apps that a session has ended (OpenID Connect Back-Channel Logout 1.0).

use serde_json::json;

use super::Apps;
use crate::server::{
    config::apps::App,
    ground::{clock::SECOND, error::Error},
    store::Logout,
};

/// Type of logout tokens (2.4): no other token passes for one.
const LOGOUT: &str = "logout+jwt";
/// Lifetime of logout tokens in seconds: two minutes are advised (2.4).
const LIVES: i64 = 120;
/// The event that the token is about.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl Apps {
    /// Returns the token that tells an app of a logout. Each attempt has a `jti` of its own: an app
    /// whose answer was lost would take a second one for a replay.
    pub async fn logout_token(&self, app: &App, logout: &Logout) -> Result<String, Error> {
        let now = self.auth.clock.now() / SECOND;
        let claims = json!({
            "iss": self.issuer(),
            "aud": app.id.as_str(),
            "sub": logout.user_id,
            "sid": logout.sid,
            "iat": now,
            "exp": now + LIVES,
            "jti": self.auth.random.id()?,
            "events": { EVENT: {} },
        });
        self.keys.signing(app.algorithm).await?.sign(LOGOUT, &claims)
    }
}
