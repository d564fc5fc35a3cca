//! Apps that call this server, each with a token of its own: for their users, or at the desk.

use serde_json::{Value, json};

use super::{
    Apps,
    denial::Denial,
    params::Params,
    tokens::{ACCESS, LIVES},
};
use crate::server::{
    config::{apps::App, desk::Role},
    ground::{error::Error, jose::typ_of},
};

/// Most tokens that are read of one request: the one in force, and those that a client still sends.
const MOST: usize = 4;
/// Beginning of the scopes that are roles at the desk.
const OF_DESK: &str = "desk:";

/// An app that calls the desk.
#[derive(Debug)]
pub struct AtDesk {
    pub app_id: String,
    /// Highest role that the policy in force allows it.
    pub may: Option<Role>,
    /// Role that its token was asked for.
    pub asked: Option<Role>,
}

impl Apps {
    /// Returns a token of the app's own (RFC 6749, 4.4). A request without a scope gets the default
    /// of RFC 6749, 3.3, which is none: a program that does nothing at the desk then holds nothing
    /// that would. A role that the policy does not allow is refused, rather than lowered, so that
    /// the mistake shows where it was made.
    pub(super) async fn of_the_app(&self, app: &App, params: &Params) -> Result<Value, Denial> {
        if app.is_public() {
            let why = "An app without a secret gets no token of its own.";
            return Err(Denial::new("unauthorized_client", why));
        }
        let asked = asked(params.one("scope")?.unwrap_or_default())?;
        if asked.is_some() && asked > app.desk {
            let why = "scope is more than desk of the entry in [[apps]] allows the app.";
            return Err(Denial::new("invalid_scope", why));
        }
        let scope = asked.map_or("", Role::scope);
        let access = self.access_token(app, app.algorithm, app.id.as_str(), scope, None).await?;
        let mut answer =
            json!({ "access_token": access, "token_type": "Bearer", "expires_in": LIVES });
        if !scope.is_empty() {
            answer["scope"] = scope.into();
        }
        Ok(answer)
    }

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
        Ok(self.own(tokens, |app| app.api).await?.map(|(app, _)| app))
    }

    /// Returns the app whose own access token is among `tokens`, with what it may do at the desk.
    /// An error as for [`Apps::calling`].
    pub async fn at_desk(
        &self,
        tokens: impl Iterator<Item = &str> + Send,
    ) -> Result<Option<AtDesk>, Error> {
        let found = self.own(tokens, |_| true).await?;
        Ok(found.map(|(app, claims)| AtDesk {
            may: app.desk,
            asked: claims["scope"].as_str().and_then(|scope| asked(scope).ok()?),
            app_id: app.id.into(),
        }))
    }

    /// Returns the app that passes, and the claims of its token.
    async fn own(
        &self,
        tokens: impl Iterator<Item = &str> + Send,
        passes: fn(&App) -> bool,
    ) -> Result<Option<(App, Value)>, Error> {
        let mut shows_one = false;
        for token in tokens.take(MOST).filter(|token| typ_of(token).as_deref() == Some(ACCESS)) {
            shows_one = true;
            let Some(claims) = self.claims_of(token).await? else { continue };
            let is_its_own = claims["gid"].is_null() && claims["sub"] == claims["client_id"];
            let id = claims["client_id"].as_str().filter(|_| is_its_own);
            if let Some(app) = id.and_then(|id| self.app(id)).filter(passes) {
                return Ok(Some((app, claims)));
            }
        }
        if shows_one { Err(Error::AppNeeded) } else { Ok(None) }
    }
}

/// Returns the highest role that a text of scopes asks for. Scopes of others are ignored: clients
/// of the vendor send one.
fn asked(scopes: &str) -> Result<Option<Role>, Denial> {
    let names = scopes.split(' ').filter_map(|scope| scope.strip_prefix(OF_DESK));
    let roles = names.map(|name| {
        let why = "Of the desk, scope may be desk:look, desk:help or desk:steer.";
        Role::named(name).ok_or_else(|| Denial::new("invalid_scope", why))
    });
    Ok(roles.collect::<Result<Vec<_>, _>>()?.into_iter().max())
}

/// Returns the scope that an app's own token has now: what it was asked for, as far as the policy
/// still allows it.
pub(super) fn scope_of(app: &App, claims: &Value) -> Option<&'static str> {
    let asked = asked(claims["scope"].as_str()?).ok()??;
    Some(asked.min(app.desk?).scope())
}
