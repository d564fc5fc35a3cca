//! An authorization request, read and checked.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{denial::Denial, params::Params};
use crate::server::config::apps::{App, Scope, Scopes};

/// How an answer travels to the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    Query,
    FormPost,
}

/// Checked parameters of an authorization request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ask {
    pub redirect_uri: String,
    pub response_mode: ResponseMode,
    pub scopes: Scopes,
    pub state: Option<String>,
    pub nonce: Option<String>,
    /// The PKCE challenge, always of the method S256.
    pub challenge: Option<String>,
    /// True if no page may be shown.
    pub silent: bool,
    /// True if the user has to sign in again.
    pub afresh: bool,
    /// True if the user has to be asked whether the app may know them.
    pub consent: bool,
    /// Longest time since the sign-in, in seconds.
    pub max_age: Option<u32>,
    /// Address that the app expects.
    pub login_hint: Option<String>,
    /// The only user that the app asks for, by the ID token that it has of them.
    pub subject: Option<String>,
}

impl Ask {
    /// Returns what an app asks for that goes back to this URI, before anything else is read.
    pub fn back_to(redirect_uri: String) -> Self {
        Ask {
            redirect_uri,
            response_mode: ResponseMode::Query,
            scopes: Scopes::parse(""),
            state: None,
            nonce: None,
            challenge: None,
            silent: false,
            afresh: false,
            consent: false,
            max_age: None,
            login_hint: None,
            subject: None,
        }
    }

    /// Reads the rest of the parameters. State and response mode come first, because the refusal of
    /// any other needs them.
    pub fn fill(&mut self, app: &App, params: &Params) -> Result<(), Denial> {
        let text = |name: &str| params.one(name).map(|found| found.map(str::to_owned));
        self.state = text("state")?;
        self.response_mode = match params.one("response_mode")? {
            None | Some("query") => ResponseMode::Query,
            Some("form_post") => ResponseMode::FormPost,
            Some(_) => return Err(Denial::request("response_mode may be query or form_post.")),
        };
        params.each_once()?;
        for (name, code) in
            [("request", "request_not_supported"), ("request_uri", "request_uri_not_supported")]
        {
            if params.one(name)?.is_some() {
                return Err(Denial::new(code, format!("{name} is not supported.")));
            }
        }
        match params.needed("response_type")? {
            "code" => {}
            _ => {
                let why = "response_type may be code.";
                return Err(Denial::new("unsupported_response_type", why));
            }
        }
        self.scopes = Scopes::parse(params.one("scope")?.unwrap_or_default()).within(&app.scopes);
        if !self.scopes.has(Scope::Openid) {
            return Err(Denial::new("invalid_scope", "scope has to include openid."));
        }
        self.nonce = text("nonce")?;
        let method = params.one("code_challenge_method")?;
        self.challenge = text("code_challenge")?;
        match (&self.challenge, method) {
            (None, _) if app.is_public() => {
                return Err(Denial::request("code_challenge is missing: this app needs PKCE."));
            }
            (None, _) => {}
            (Some(challenge), Some("S256")) if is_challenge(challenge) => {}
            (Some(_), Some("S256")) => {
                return Err(Denial::request("code_challenge is no SHA-256 in base64url."));
            }
            (Some(_), _) => return Err(Denial::request("code_challenge_method may be S256.")),
        }
        let prompts: Vec<&str> = params.one("prompt")?.unwrap_or_default().split(' ').collect();
        self.silent = prompts.contains(&"none");
        if self.silent && prompts.len() > 1 {
            return Err(Denial::request("prompt is none, and something else as well."));
        }
        // An account is chosen, or made, by signing in.
        self.afresh =
            ["login", "select_account", "create"].iter().any(|kind| prompts.contains(kind));
        self.consent = prompts.contains(&"consent");
        self.max_age = match params.one("max_age")?.map(str::parse) {
            None => None,
            Some(Ok(age)) => Some(age),
            Some(Err(_)) => return Err(Denial::request("max_age is no number of seconds.")),
        };
        self.login_hint = text("login_hint")?;
        let lengths = [("state", 2_048), ("nonce", 1_024), ("login_hint", 320)];
        for (name, longest) in lengths {
            if params.one(name)?.is_some_and(|value| value.len() > longest) {
                return Err(Denial::request(format!("{name} may take {longest} bytes.")));
            }
        }
        if self.response_mode == ResponseMode::FormPost && !self.redirect_uri.starts_with("http") {
            return Err(Denial::request("form_post needs a redirect_uri of http or https."));
        }
        Ok(())
    }
}

fn is_challenge(text: &str) -> bool {
    URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}
