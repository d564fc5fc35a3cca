//! Signing out from an app (OpenID Connect RP-Initiated Logout 1.0).

use serde_json::Value;
use url::Url;

use super::{Apps, denial::Denial, params::Params, tokens::IDENTITY};
use crate::server::{config::apps::App, ground::error::Error};

/// Request of an app to sign its user out.
#[derive(Debug)]
pub struct Leave {
    pub app: Option<App>,
    /// Where the browser goes afterwards: a URI of the app's own.
    pub onward: Option<String>,
    /// Session that the app's ID token is of. Without it, the user is asked first: any page could
    /// lead here.
    pub session_id: Option<String>,
}

impl Apps {
    pub async fn read_leave(&self, params: &Params) -> Result<Leave, Denial> {
        let hint = match params.one("id_token_hint")? {
            Some(token) => Some(self.read_hint(token).await?.ok_or_else(|| {
                Denial::request("id_token_hint is no ID token of this server, or too old.")
            })?),
            None => None,
        };
        let text = |name: &str| hint.as_ref().and_then(|hint| hint[name].as_str());
        let (named, hinted) = (params.one("client_id")?, text("aud"));
        if named.is_some() && hinted.is_some() && named != hinted {
            return Err(Denial::request("client_id is not the app of id_token_hint."));
        }
        let app = match named.or(hinted) {
            None => None,
            Some(id) => Some(self.app(id).ok_or_else(|| {
                Denial::request("client_id is of no app in the policy of this server.")
            })?),
        };
        let onward = match params.one("post_logout_redirect_uri")? {
            None => None,
            Some(uri) => {
                let own = app.as_ref().map(|app| &app.post_logout_redirect_uris);
                if !own.is_some_and(|own| own.iter().any(|own| own.allows(uri))) {
                    return Err(Denial::request(
                        "post_logout_redirect_uri is none of the app's: they have to be the same \
                         letter by letter, and the app has to be named.",
                    ));
                }
                Some(with_state(uri, params.one("state")?))
            }
        };
        let session_id = match (text("sub"), hinted, text("sid")) {
            (Some(user), Some(app), Some(sid)) => {
                self.auth.store.session_of_sid(user, app, sid).await?
            }
            _ => None,
        };
        Ok(Leave { app, onward, session_id })
    }

    /// Returns the claims of an ID token of ours, expired or not.
    pub(super) async fn read_hint(&self, token: &str) -> Result<Option<Value>, Error> {
        let Some(key) = self.keys.of_token(token).await? else { return Ok(None) };
        Ok(key.verify(IDENTITY, token).filter(|claims| claims["iss"] == self.issuer()))
    }
}

fn with_state(uri: &str, state: Option<&str>) -> String {
    match (Url::parse(uri), state) {
        (Ok(mut url), Some(state)) => {
            url.query_pairs_mut().append_pair("state", state);
            url.into()
        }
        _ => uri.to_owned(),
    }
}
