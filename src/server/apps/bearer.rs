//! Apps that call this server for their users, each with a token of its own.

use super::Apps;
use crate::server::{config::apps::App, ground::error::Error};

impl Apps {
    /// Returns the app whose own access token (RFC 6749, 4.4) is among `tokens`, if the policy
    /// still lists it. One that is right is enough: a client that renews its token may send the old
    /// one beside it, as the vendor's for Python does. A token of a user is none of an app: any app
    /// may hold it.
    pub async fn calling(
        &self,
        tokens: impl Iterator<Item = &str> + Send,
    ) -> Result<Option<App>, Error> {
        if self.auth.policy().apps.is_empty() {
            return Ok(None);
        }
        for token in tokens {
            let Some(claims) = self.claims_of(token).await? else { continue };
            let is_its_own = claims["gid"].is_null() && claims["sub"] == claims["client_id"];
            let id = claims["client_id"].as_str().filter(|_| is_its_own);
            if let Some(app) = id.and_then(|id| self.app(id)).filter(|app| !app.is_public()) {
                return Ok(Some(app));
            }
        }
        Ok(None)
    }
}
