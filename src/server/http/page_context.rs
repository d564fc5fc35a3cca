//! The view of the current request that pages and server functions have.

use axum::http::{HeaderValue, request::Parts};
use leptos::prelude::{provide_context, use_context};
use leptos_axum::ResponseOptions;
use std::sync::Arc;

use super::{caller::Caller, cookies, desk_door, form_posts::Flash, state::AppState};
use crate::{
    server::{
        apps::authorize::Waiting,
        auth::{Requester, request, session::Session},
        config::Policy,
        desk::operator::Operator,
        ground::{clock::seconds_until, error::Error},
        store::{Activity, AuthRequest, Ended},
    },
    wire::Refusal,
};

/// An error that a middleware met on the way to a page. The page shows it instead of its own
/// content.
#[derive(Clone, Debug)]
pub struct ErrorToShow(pub Error);

/// Marks a request whose path has no route.
#[derive(Clone, Copy, Debug)]
pub struct Unknown;

/// The policy that a page is drawn by to try it out, and the screen it is drawn for.
#[derive(Debug)]
pub struct Preview {
    pub policy: Arc<Policy>,
    pub scheme: Scheme,
}

/// A light or a dark screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    Light,
    Dark,
}

impl Scheme {
    pub fn name(self) -> &'static str {
        if self == Scheme::Dark { "dark" } else { "light" }
    }

    /// Returns the scheme of this name; light for any other.
    pub fn named(name: &str) -> Self {
        if name == "dark" { Scheme::Dark } else { Scheme::Light }
    }
}

/// The current request, and the response being built.
#[derive(Clone)]
pub struct PageContext {
    pub state: AppState,
    pub caller: Arc<Caller>,
    /// Path and query.
    pub location: Arc<str>,
    /// The session that the guard let in, on guarded pages.
    pub session: Option<Arc<Session>>,
    /// Activity that the guard read along with the session, for the dashboard.
    pub activity: Option<Arc<Activity>>,
    /// The operator that the guard let in, on pages of the desk.
    pub at_desk: Option<Arc<Operator>>,
    /// Set for a page that an operator tries out.
    pub preview: Option<Arc<Preview>>,
    /// True if there is a desk where the request came in.
    has_desk: bool,
    pub error: Option<Error>,
    pub is_unknown: bool,
    response: ResponseOptions,
}

impl PageContext {
    /// Returns the context that the router provided to this page or server function.
    pub fn current() -> Result<Self, Error> {
        use_context().ok_or(Error::Internal)
    }

    /// Builds the context from what leptos_axum provides, once for each request.
    pub fn provide(state: AppState) {
        if let Some(context) = Self::assemble(state) {
            provide_context(context);
        }
    }

    fn assemble(state: AppState) -> Option<Self> {
        let (parts, response): (Parts, ResponseOptions) = (use_context()?, use_context()?);
        let (session, activity, at_desk) = (
            parts.extensions.get::<Session>().cloned().map(Arc::new),
            parts.extensions.get().cloned(),
            parts.extensions.get().cloned(),
        );
        let preview = parts.extensions.get().cloned();
        let has_desk = desk_door::is_open(&state, &parts.extensions);
        let error = parts.extensions.get().map(|ErrorToShow(error)| error.clone());
        let is_unknown = parts.extensions.get::<Unknown>().is_some();
        let location = parts.uri.path_and_query().map_or("/", |location| location.as_str()).into();
        Some(PageContext {
            caller: Arc::new(Caller::of(&state, &parts)),
            state,
            location,
            session,
            activity,
            at_desk,
            preview,
            has_desk,
            error,
            is_unknown,
            response,
        })
    }

    /// The policy in force, or the one that is tried out.
    pub fn policy(&self) -> Arc<Policy> {
        match &self.preview {
            Some(preview) => preview.policy.clone(),
            None => self.state.auth.policy(),
        }
    }

    /// Returns a parameter of the query. The router's own map is not used: it decodes percent signs
    /// twice.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.location.split_once('?')?;
        url::form_urlencoded::parse(query.as_bytes())
            .find_map(|(key, value)| (key == name).then(|| value.into_owned()))
    }

    /// True if the page shows who uses the browser: guarded pages, and those of a sign-in that has
    /// begun.
    pub fn is_private(&self) -> bool {
        let is_of_a_sign_in =
            self.location.starts_with("/login/") || self.query("request").is_some();
        self.session.is_some() || is_of_a_sign_in
    }

    pub fn requester(&self) -> Requester {
        self.caller.requester(&self.state)
    }

    pub async fn requester_with_session(&self) -> Result<Requester, Error> {
        self.caller.requester_with_session(&self.state).await
    }

    /// Returns the caller's session, for pages and functions outside the guard.
    pub async fn present_session(&self) -> Result<Option<Session>, Error> {
        self.caller.session(&self.state).await
    }

    /// Returns the operator who uses this page or server function.
    pub async fn operator(&self) -> Result<Arc<Operator>, Error> {
        if let Some(operator) = &self.at_desk {
            return Ok(operator.clone());
        }
        if !self.has_desk {
            return Err(Error::NotFound);
        }
        let session = self.present_session().await?.ok_or(Error::Unauthenticated)?;
        let client = self.caller.client();
        Operator::of(&self.state.auth, &session, client).await.map(Arc::new)
    }

    pub fn set_cookie(&self, cookie: HeaderValue) {
        self.response.append_header(axum::http::header::SET_COOKIE, cookie);
    }

    /// Sets the status of a page that shows an error.
    pub fn set_status_of(&self, error: &Refusal) {
        self.response.set_status(super::respond::status(error.status));
        if let Some(seconds) = error.retry_after {
            self.response.insert_header(axum::http::header::RETRY_AFTER, seconds.into());
        }
    }

    pub fn set_not_found(&self) {
        self.response.set_status(axum::http::StatusCode::NOT_FOUND);
    }

    /// Sends the browser elsewhere instead of showing the page.
    pub fn redirect(&self, to: &str) {
        if let Ok(to) = HeaderValue::from_str(to) {
            self.response.set_status(axum::http::StatusCode::SEE_OTHER);
            self.response.insert_header(axum::http::header::LOCATION, to);
        }
    }

    /// Returns what the last form posted without JavaScript left for this page, and clears it: it
    /// is shown once.
    pub fn flash(&self) -> Flash {
        let Some(flash) = Flash::read(&self.state, &self.caller.headers) else {
            return Flash::default();
        };
        self.set_cookie(self.state.cookies.clear_flash());
        flash
    }

    /// Returns the auth request that this browser holds under `handle`, or the newest it holds.
    pub async fn pending(&self, handle: Option<&str>) -> Result<Option<AuthRequest>, Error> {
        let held = self.state.cookies.held(&self.caller.headers);
        let Some(id) = cookies::pick(&held, handle) else { return Ok(None) };
        let request = self.state.auth.store.auth_request(id).await?;
        // A request of an app is known to that app alone.
        Ok(request.filter(|request| request.app_id.is_none()))
    }

    /// Returns the request of an app that this browser has brought, if it still waits.
    pub async fn app_request(&self, id: Option<&str>) -> Result<Option<Waiting>, Error> {
        let held = self.state.cookies.authorizations(&self.caller.headers);
        match id.filter(|id| held.iter().any(|held| held == id)) {
            Some(id) => self.state.apps.waiting(id).await,
            None => Ok(None),
        }
    }

    /// Returns the seconds until a request expires and until its mail may be sent again.
    pub fn waits(&self, pending: &AuthRequest) -> (u64, u64) {
        let auth = &self.state.auth;
        let now = auth.clock.now();
        (
            seconds_until(now, pending.expires_at),
            seconds_until(now, request::resend_at(auth, pending)),
        )
    }

    /// Returns the destination of a waiting page, once its auth request has signed in this very
    /// browser.
    pub async fn onward(&self, pending: &AuthRequest) -> Result<Option<String>, Error> {
        if pending.ended() != Some(Ended::SignedIn) {
            return Ok(None);
        }
        let session = self.present_session().await?;
        Ok(session
            .filter(|session| session.row.address == pending.address)
            .map(|_| pending.destination.clone()))
    }
}
