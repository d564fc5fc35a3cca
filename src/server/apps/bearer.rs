//! Apps that call this server for their users, each with a token of its own.

use super::{Apps, tokens::ACCESS};
use crate::server::{
    config::apps::App,
    ground::{error::Error, jose::typ_of},
};

/// Most tokens that are read of one request: the one in force, and those that a client still sends.
const MOST: usize = 4;

impl Apps {
    /// Returns the app whose own access token (RFC 6749, 4.4) is among `tokens`, if the policy
    /// still lets it call. `None` if they are tokens of another kind, such as a session's. One that
    /// is right is enough: a client that renews its token may send the old one beside it, as the
    /// vendor's for Python does. A token of a user is none of an app: any app may hold it.
    ///
    /// An error if there are access tokens and none counts: passed over, the app would be taken for
    /// anybody, and what it asks for would not be its own.
    pub async fn calling(
        &self,
        tokens: impl Iterator<Item = &str> + Send,
    ) -> Result<Option<App>, Error> {
        let mut shows_one = false;
        for token in tokens.take(MOST).filter(|token| typ_of(token).as_deref() == Some(ACCESS)) {
            shows_one = true;
            let Some(claims) = self.claims_of(token).await? else { continue };
            let is_its_own = claims["gid"].is_null() && claims["sub"] == claims["client_id"];
            let id = claims["client_id"].as_str().filter(|_| is_its_own);
            if let Some(app) = id.and_then(|id| self.app(id)).filter(|app| app.api) {
                return Ok(Some(app));
            }
        }
        if shows_one { Err(Error::AppNeeded) } else { Ok(None) }
    }
}
