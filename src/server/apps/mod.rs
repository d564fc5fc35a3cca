//! Sign-in for other apps: OpenID Connect (Core 1.0) on OAuth (RFC 6749, with RFC 9700's advice).
//! Like `auth`, without HTTP.

pub mod ask;
mod assertion;
pub mod authorize;
pub mod bearer;
mod claims;
pub mod denial;
pub mod device_requests;
pub mod forward_auth;
pub mod keys;
pub mod leave;
pub mod logout;
pub mod params;
mod service_tokens;
pub mod tokens;

use std::sync::Arc;

use self::{forward_auth::RecentAssertions, keys::KeyRing};
use super::{
    auth::{Auth, session::Session},
    config::apps::{App, Scopes},
    ground::{clock::Millis, error::Error},
    store::Grant,
};

/// The rules for apps, over those of the sign-in and the keys that sign for apps.
#[derive(Debug)]
pub struct Apps {
    pub auth: Arc<Auth>,
    pub keys: KeyRing,
    recent_assertions: RecentAssertions,
}

impl Apps {
    pub fn new(auth: Arc<Auth>) -> Self {
        Apps { keys: KeyRing::new(auth.clone()), recent_assertions: RecentAssertions::new(), auth }
    }

    /// Returns the app of this id, if the policy in force has it.
    pub fn app(&self, id: &str) -> Option<App> {
        self.auth.policy().apps.iter().find(|app| app.id.as_str() == id).cloned()
    }

    /// Returns the issuer: the public URL, without a slash at its end.
    pub fn issuer(&self) -> &str {
        self.auth.public_url.origin()
    }

    /// Returns the apps that have access to a user, each with the time since when. Reads nothing
    /// where the policy has no apps.
    pub async fn access(&self, session: &Session) -> Result<Vec<(App, Millis)>, Error> {
        if self.auth.policy().apps.is_empty() {
            return Ok(Vec::new());
        }
        let now = self.auth.clock.now();
        let access = self.auth.store.access(&session.row.user_id, now).await?;
        Ok(access.into_iter().filter_map(|(id, since)| Some((self.app(&id)?, since))).collect())
    }

    /// Ends the access of an app to a user.
    pub async fn end_access(&self, session: &Session, app_id: &str) -> Result<(), Error> {
        let now = self.auth.clock.now();
        self.auth.store.end_access(&session.row.user_id, app_id, now).await
    }

    /// Returns a grant as its app may use it now: with the scopes that the policy still lets the
    /// app ask for. `None` unless it is alive, its user is in the team's own table if there is one,
    /// and the policy admits them to the app.
    async fn usable(&self, grant: Option<Grant>) -> Result<Option<Grant>, Error> {
        let Some(mut grant) = grant.filter(|grant| grant.is_alive) else { return Ok(None) };
        if let Some(mapped) = &self.auth.team_users
            && mapped.find(&grant.address).await?.as_ref() != Some(&grant.user_id)
        {
            return Ok(None);
        }
        let app = self.app(&grant.app_id).filter(|app| app.admits(&grant.address));
        let Some(app) = app else { return Ok(None) };
        grant.scopes = Scopes::parse(&grant.scopes).within(&app.scopes).text();
        Ok(Some(grant))
    }

    /// Returns the URL of the token endpoint.
    pub fn token_endpoint(&self) -> String {
        format!("{}/oauth/token", self.issuer())
    }

    fn own_users(&self) -> bool {
        self.auth.team_users.is_none()
    }
}
