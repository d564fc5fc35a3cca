//! The authorization endpoint: what an app asks for, and what becomes of it.
//!
//! The request is kept in a row until its user is back from signing in, and the browser that
//! brought it holds the row's id. So link, code and password all end in the same place, and a link
//! opened elsewhere yields nothing to that browser's app.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use url::Url;

use super::{
    Apps,
    ask::{Ask, ResponseMode},
    denial::Denial,
    params::Params,
};
use crate::server::{
    auth::{Client, session::Session},
    config::apps::{App, Scopes},
    ground::{
        clock::{HOUR, MINUTE, Millis, SECOND},
        error::Error,
    },
    store::{Authorization, NewGrant},
    values::destination::with_query,
};

/// Time that a request waits for its user: as long as a link may live.
const WAITS: Millis = HOUR;
/// Time in which a code is exchanged (RFC 6749, 4.1.2, recommends at most ten minutes).
const CODE_LIVES: Millis = MINUTE;

/// Answer to an app: parameters for its redirect URI.
#[derive(Clone, Debug)]
pub struct Answer {
    pub redirect_uri: String,
    pub response_mode: ResponseMode,
    pub fields: Vec<(&'static str, String)>,
}

/// Refusal of an authorization request.
#[derive(Debug)]
pub enum Refused {
    /// Shown here: the app or its redirect URI is in doubt, so nothing is sent there.
    Here(Denial),
    /// Shown here as well: it is not about what the app asks for.
    Failed(Error),
    Back(Answer),
}

/// Next step of a request whose user is here.
#[derive(Debug)]
pub enum Step {
    SignIn,
    /// Ask the user whether the app may know them.
    Consent,
    Answer(Answer),
}

/// A request that waits, with the app that made it.
#[derive(Clone, Debug)]
pub struct Waiting {
    pub id: String,
    pub app: App,
    pub ask: Ask,
    created_at: Millis,
}

impl Waiting {
    /// Returns the path that leads on from it, and to which a sign-in leads.
    pub fn path(&self) -> String {
        path_of(&self.id)
    }
}

pub fn path_of(id: &str) -> String {
    with_query("/oauth/continue", "request", id)
}

impl Answer {
    fn new(apps: &Apps, ask: &Ask, mut fields: Vec<(&'static str, String)>) -> Self {
        if let Some(state) = &ask.state {
            fields.push(("state", state.clone()));
        }
        // RFC 9207: an app that talks to several issuers sees which one answers.
        fields.push(("iss", apps.issuer().to_owned()));
        let Ask { redirect_uri, response_mode, .. } = ask;
        Answer { redirect_uri: redirect_uri.clone(), response_mode: *response_mode, fields }
    }

    fn denied(apps: &Apps, ask: &Ask, denial: Denial) -> Self {
        let Denial { code, description } = denial;
        let fields = vec![("error", code.to_owned()), ("error_description", description)];
        Answer::new(apps, ask, fields)
    }

    /// Returns the redirect URI with the answer in its query.
    pub fn url(&self) -> String {
        match Url::parse(&self.redirect_uri) {
            Ok(mut url) => {
                url.query_pairs_mut().extend_pairs(&self.fields);
                url.into()
            }
            Err(_) => self.redirect_uri.clone(),
        }
    }
}

impl Apps {
    /// Keeps a request until its user is back, and returns its id.
    pub async fn begin(&self, params: &Params, client: &Client) -> Result<String, Refused> {
        let (app, mut ask) = self.read(params)?;
        // A row for each request, and nobody has proved anything yet.
        self.auth.one_more_verify(client).await.map_err(Refused::Failed)?;
        if let Some(hint) = params.one("id_token_hint").ok().flatten() {
            ask.subject = match self.read_hint(hint).await.map_err(Refused::Failed)? {
                Some(claims) => claims["sub"].as_str().map(str::to_owned),
                None => {
                    let denial = Denial::request("id_token_hint is no ID token of this server.");
                    return Err(Refused::Back(Answer::denied(self, &ask, denial)));
                }
            };
        }
        let now = self.auth.clock.now();
        let authorization = Authorization {
            id: self.auth.random.id().map_err(Refused::Failed)?,
            app_id: app.id.as_str().to_owned(),
            parameters: serde_json::to_string(&ask)
                .map_err(|_| Refused::Failed(Error::Internal))?,
            created_at: now,
        };
        self.auth
            .store
            .keep_authorization(&authorization, now + WAITS)
            .await
            .map_err(Refused::Failed)?;
        Ok(authorization.id)
    }

    /// Reads the parameters of a request. Until app and redirect URI are known to belong together,
    /// a fault is shown here (RFC 6749, 4.1.2.1).
    fn read(&self, params: &Params) -> Result<(App, Ask), Refused> {
        let here = Refused::Here;
        let id = params.needed("client_id").map_err(here)?;
        let app = self.app(id).ok_or_else(|| {
            here(Denial::request("client_id is of no app in the policy of this server."))
        })?;
        let redirect_uri = match params.one("redirect_uri").map_err(here)? {
            Some(uri) => uri.to_owned(),
            None => return Err(here(Denial::request("redirect_uri is missing."))),
        };
        if !app.redirect_uris.iter().any(|own| own.allows(&redirect_uri)) {
            let why =
                "redirect_uri is none of the app's: they have to be the same letter by letter.";
            return Err(here(Denial::request(why)));
        }
        let mut ask = Ask::back_to(redirect_uri);
        match ask.fill(&app, params) {
            Ok(()) => Ok((app, ask)),
            Err(denial) => Err(Refused::Back(Answer::denied(self, &ask, denial))),
        }
    }

    /// Returns the request of this id, if it still waits and its app is still in the policy.
    pub async fn waiting(&self, id: &str) -> Result<Option<Waiting>, Error> {
        let found = self.auth.store.authorization(id, self.auth.clock.now()).await?;
        let Some(Authorization { id, app_id, parameters, created_at }) = found else {
            return Ok(None);
        };
        let ask: Ask = serde_json::from_str(&parameters).map_err(|_| Error::Internal)?;
        let app = self.app(&app_id);
        // A policy that has withdrawn the redirect URI meanwhile is obeyed.
        let app =
            app.filter(|app| app.redirect_uris.iter().any(|own| own.allows(&ask.redirect_uri)));
        Ok(app.map(|app| Waiting { id, app, ask, created_at }))
    }

    /// Returns what comes next for a request, for the user of this session.
    pub async fn next(&self, waiting: &Waiting, session: Option<&Session>) -> Result<Step, Error> {
        let Waiting { app, ask, .. } = waiting;
        let denied =
            |code, why: &str| Ok(Step::Answer(Answer::denied(self, ask, Denial::new(code, why))));
        let Some(session) = session.filter(|session| self.is_fresh(waiting, session)) else {
            return match ask.silent {
                true => denied("login_required", "The user has to sign in."),
                false => Ok(Step::SignIn),
            };
        };
        if ask.subject.as_ref().is_some_and(|subject| *subject != session.row.user_id) {
            let has_just_signed_in = session.row.created_at >= waiting.created_at;
            return match ask.silent || has_just_signed_in {
                true => denied("login_required", "Another user is signed in."),
                false => Ok(Step::SignIn),
            };
        }
        if !app.admits(&session.row.address) {
            return denied("access_denied", "This user may not sign in to this app.");
        }
        if !self.has_consent(waiting, session).await? {
            return match ask.silent {
                true => denied("consent_required", "The user has to be asked."),
                false => Ok(Step::Consent),
            };
        }
        self.grant(waiting, session).await
    }

    /// True if the sign-in is as recent as the app asks for.
    fn is_fresh(&self, waiting: &Waiting, session: &Session) -> bool {
        let Waiting { ask, created_at, .. } = waiting;
        let began = session.row.created_at;
        let oldest = ask.max_age.map(|age| *created_at - Millis::from(age) * SECOND);
        (!ask.afresh || began >= *created_at) && oldest.is_none_or(|oldest| began >= oldest)
    }

    async fn has_consent(&self, waiting: &Waiting, session: &Session) -> Result<bool, Error> {
        let Waiting { app, ask, .. } = waiting;
        // Any program on the machine may claim to be an app that keeps no secret and is called by a
        // scheme or on loopback (RFC 8252, 8.6).
        let may_be_another = app.is_public() && !ask.redirect_uri.starts_with("https://");
        let asks_each_time = ask.consent || may_be_another;
        if app.first_party && !asks_each_time {
            return Ok(true);
        }
        let (user, now) = (&session.row.user_id, waiting.created_at);
        let given = self.auth.store.consent(user, app.id.as_str()).await?;
        let Some((scopes, at)) = given else { return Ok(false) };
        let is_enough = ask.scopes.within(&Scopes::parse(&scopes)) == ask.scopes;
        Ok(is_enough && (!asks_each_time || at >= now))
    }

    /// Keeps that a user allows an app what it asks for, beside what they allowed before.
    pub async fn allow(&self, waiting: &Waiting, session: &Session) -> Result<(), Error> {
        let (user, app) = (&session.row.user_id, waiting.app.id.as_str());
        let before = self.auth.store.consent(user, app).await?;
        let before = before.map(|(scopes, _)| scopes).unwrap_or_default();
        let scopes = Scopes::parse(&format!("{before} {}", waiting.ask.scopes.text())).text();
        self.auth.store.keep_consent(user, app, &scopes, self.auth.clock.now()).await
    }

    /// Returns the answer for a user who does not allow it.
    pub async fn disallow(&self, waiting: &Waiting) -> Result<Answer, Error> {
        self.auth.store.delete_authorization(&waiting.id).await?;
        let denial = Denial::new("access_denied", "The user did not allow it.");
        Ok(Answer::denied(self, &waiting.ask, denial))
    }

    /// Gives the app a code.
    async fn grant(&self, waiting: &Waiting, session: &Session) -> Result<Step, Error> {
        let Waiting { app, ask, .. } = waiting;
        let code = URL_SAFE_NO_PAD.encode(self.auth.random.bytes::<32>()?);
        let now = self.auth.clock.now();
        let new = NewGrant {
            id: &self.auth.random.id()?,
            app_id: app.id.as_str(),
            session_id: &session.row.id,
            scopes: &ask.scopes.text(),
            nonce: ask.nonce.as_deref(),
            redirect_uri: &ask.redirect_uri,
            challenge: ask.challenge.as_deref(),
            code_hash: &hash(&code),
            code_expires_at: now + CODE_LIVES,
            at: now,
        };
        match self.auth.store.begin_grant(&new, &waiting.id).await? {
            true => Ok(Step::Answer(Answer::new(self, ask, vec![("code", code)]))),
            // It has ended in this very moment.
            false => Ok(Step::SignIn),
        }
    }
}

/// Returns the hash of a code, to store. It has 256 random bits, so a slow hash would gain nothing.
pub(super) fn hash(code: &str) -> Vec<u8> {
    Sha256::digest(code).to_vec()
}
