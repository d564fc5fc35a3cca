//! The door for proxies that guard other hosts with our sign-in: nginx `auth_request`, Caddy
//! `forward_auth`, Traefik ForwardAuth. Thin: `server::apps` has the rules.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{ACCEPT, SET_COOKIE, UPGRADE},
        request::Parts,
    },
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use std::{net::IpAddr, sync::Once};

use super::render;
use crate::server::{
    apps::{
        forward_auth::{BEGIN, ENTRY, STOPPED},
        params::Params,
    },
    config::forward_auth::GuardedHost,
    ground::{error::Error, words::say},
    http::{
        caller::{self, Caller},
        cookies::Cookies,
        headers::OfAnotherHost,
        respond::{ApiError, refused_as},
        state::AppState,
    },
    values::destination::with_query,
};

/// Path that proxies ask: it answers 200, or sends people to sign in.
const FORWARD: &str = "/api/auth/forward";
/// The same for nginx, whose `auth_request` knows 200, 401 and 403 alone: 401 sends it to the
/// other.
const CHECK: &str = "/api/auth/forward/check";

pub fn router() -> Router<AppState> {
    Router::new().route(FORWARD, get(forward)).route(CHECK, get(check)).route(BEGIN, get(begin))
}

/// Why a proxy is to let nobody in.
enum Refusal {
    /// The proxy may not ask, or not about this host.
    Proxy(&'static str),
    /// The user may not open the host.
    KeptOut,
    Failed(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Refusal::Failed(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::Proxy(why) => refused_as((StatusCode::FORBIDDEN, why)),
            Refusal::KeptOut => {
                refused_as((StatusCode::FORBIDDEN, "This user may not open this host."))
            }
            Refusal::Failed(error) => ApiError(error).into_response(),
        }
    }
}

/// A request to a guarded host, as its proxy describes it.
struct Asked {
    host: GuardedHost,
    /// Path and query.
    uri: String,
    method: Method,
    cookies: Cookies,
    headers: HeaderMap,
}

impl Asked {
    /// Reads the description. Only a trusted proxy gives one: anybody else could name any host.
    fn read(state: &AppState, parts: Parts) -> Result<Self, Refusal> {
        let policy = state.auth.policy();
        let peer: IpAddr = caller::peer(&parts.extensions);
        if !policy.server.trusted_proxies.iter().any(|net| net.contains(&peer)) {
            // Once: anybody on the internet may ask.
            static TOLD: Once = Once::new();
            TOLD.call_once(|| {
                tracing::warn!(%peer, "forward auth is asked by whom server.trusted_proxies does not have");
            });
            return Err(Refusal::Proxy(
                "Only proxies in server.trusted_proxies may ask: add this one's address.",
            ));
        }
        let header = |name: &str| one(&parts.headers, name);
        let name = header("x-forwarded-host").unwrap_or_default().to_ascii_lowercase();
        let Some(host) = state.apps.guarded_host(&name) else {
            tracing::warn!(
                host = name,
                "forward auth is asked for a host without [[forward_auth]]"
            );
            return Err(Refusal::Proxy(
                "X-Forwarded-Host names no host that [[forward_auth]] in the policy has.",
            ));
        };
        let cookies = Cookies::new(host.host.is_https());
        let uri = header("x-forwarded-uri").unwrap_or("/").to_owned();
        let method = header("x-forwarded-method").unwrap_or_default();
        let method = method.parse().unwrap_or(Method::GET);
        Ok(Asked { host, uri, method, cookies, headers: parts.headers })
    }

    /// True if the browser brings its code.
    fn is_entry(&self) -> bool {
        self.uri.split('?').next() == Some(ENTRY)
    }

    /// True if a person waits for a page. A program, a script of a page and a websocket are told
    /// 401: they could do nothing with our sign-in page.
    fn is_of_a_person(&self) -> bool {
        let says = |name: &HeaderName, part: &str| {
            let value = self.headers.get(name).and_then(|value| value.to_str().ok());
            value.is_some_and(|value| value.contains(part))
        };
        let navigates = one(&self.headers, "sec-fetch-mode").is_none_or(|mode| mode == "navigate");
        says(&ACCEPT, "text/html")
            && navigates
            && !self.headers.contains_key(UPGRADE)
            && self.method != Method::OPTIONS
    }
}

/// GET [`FORWARD`]
async fn forward(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let answer = async {
        let asked = Asked::read(&state, parts)?;
        if asked.is_entry() {
            return enter(&state, &asked).await;
        }
        match standing(&state, &asked).await {
            Ok(headers) => Ok((StatusCode::OK, headers).into_response()),
            Err(Refusal::Failed(Error::Unauthenticated)) if asked.is_of_a_person() => {
                sign_in(&state, &asked)
            }
            Err(Refusal::KeptOut) if asked.is_of_a_person() => Ok(stopped(&state, &asked)),
            Err(refusal) => Err(refusal),
        }
    };
    of_another_host(answer.await)
}

/// GET [`CHECK`]
async fn check(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let answer = async {
        let asked = Asked::read(&state, parts)?;
        // nginx then asks `forward`, which takes the code.
        if asked.is_entry() {
            return Err(Error::Unauthenticated.into());
        }
        match standing(&state, &asked).await {
            Ok(headers) => Ok((StatusCode::OK, headers).into_response()),
            // Also for `forward` to answer: a 403 would be mixed up with nginx's own.
            Err(Refusal::KeptOut) => Err(Error::Unauthenticated.into()),
            Err(refusal) => Err(refusal),
        }
    };
    of_another_host(answer.await)
}

/// GET [`BEGIN`]: sends a browser whose user is signed in here to a guarded host, with a code.
async fn begin(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let caller = Caller::of(&state, &parts);
    if caller.only_looks {
        return StatusCode::NO_CONTENT.into_response();
    }
    let query = parts.uri.query().unwrap_or_default().as_bytes().to_vec();
    let begun = async {
        let faulty = || Error::invalid(say!("detail-no-guarded-host"));
        let params = Params::parse(&query).map_err(|_| faulty())?;
        let field = |name: &str| params.needed(name).map_err(|_| faulty());
        let wanted = state.apps.wanted_url(field("to")?).ok_or_else(faulty)?;
        let Some(session) = caller.session(&state).await? else {
            let here = parts.uri.path_and_query().map_or(BEGIN, |here| here.as_str());
            return Ok(with_query("/login", "next", here));
        };
        // Without one it was our own page that led here, and the host leads back.
        let Some(state_hash) = params.one("state").map_err(|_| faulty())? else {
            return Ok(wanted.url());
        };
        let entry = state.apps.give_code(&wanted, state_hash, &session, &caller.client()).await?;
        Ok(entry.unwrap_or_else(|| with_query(STOPPED, "to", &wanted.url())))
    };
    match begun.await {
        Ok(to) => Redirect::to(&to).into_response(),
        Err(error) => {
            let request = Request::from_parts(parts, Body::empty());
            render::error_page(state, error, request).await
        }
    }
}

/// Returns the headers that say who is there, if they may open the host.
async fn standing(state: &AppState, asked: &Asked) -> Result<HeaderMap, Refusal> {
    let cookie = asked.cookies.host(&asked.headers).ok_or(Error::Unauthenticated)?;
    let session = state.apps.session_at(&asked.host, &cookie).await?;
    let session = session.ok_or(Error::Unauthenticated)?;
    if !asked.host.admits(&session.address) {
        return Err(Refusal::KeptOut);
    }
    let assertion = state.apps.assertion(&asked.host, &session).await?;
    let names = &asked.host.headers;
    // All three, always: the proxy replaces what the browser sent under these names.
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (&names.user, session.user_id.as_str()),
        (&names.email, session.address.as_str()),
        (&names.assertion, assertion.as_str()),
    ] {
        let name = HeaderName::from_bytes(name.as_str().as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        let (Ok(name), Ok(value)) = (name, value) else { return Err(Error::Internal.into()) };
        headers.insert(name, value);
    }
    Ok(headers)
}

/// Sends a browser for a code, and lets it keep what makes the code its own. Two tabs share that.
fn sign_in(state: &AppState, asked: &Asked) -> Result<Response, Refusal> {
    let nonce = match asked.cookies.entry(&asked.headers) {
        Some(nonce) => nonce,
        None => state.auth.random.id()?,
    };
    let wanted = state.apps.wanted(asked.host.clone(), &asked.uri);
    let to = state.apps.begin_at(&wanted, &nonce);
    Ok(([(SET_COOKIE, asked.cookies.set_entry(&nonce))], Redirect::to(&to)).into_response())
}

/// Lets a browser in that brings its code, or says that it did not work.
async fn enter(state: &AppState, asked: &Asked) -> Result<Response, Refusal> {
    let query = asked.uri.split_once('?').map_or("", |(_, query)| query);
    let params = Params::parse(query.as_bytes()).unwrap_or_default();
    let code = params.one("code").ok().flatten();
    // Without its cookie the code is used up all the same.
    let nonce = asked.cookies.entry(&asked.headers).unwrap_or_default();
    let entry = match code {
        Some(code) => state.apps.enter(&asked.host, code, &nonce).await?,
        None => None,
    };
    let Some(entry) = entry else { return Ok(stopped(state, asked)) };
    let cookie = asked.cookies.set_host(&entry.cookie, entry.seconds);
    Ok(([(SET_COOKIE, cookie)], Redirect::to(&entry.onward)).into_response())
}

/// Sends a person to the page here that says why they are not let in.
fn stopped(state: &AppState, asked: &Asked) -> Response {
    let wanted = state.apps.wanted(asked.host.clone(), &asked.uri);
    let page = with_query(STOPPED, "to", &wanted.url());
    Redirect::to(&format!("{}{page}", state.apps.issuer())).into_response()
}

/// Marks an answer that a proxy passes on as one of the guarded host.
fn of_another_host(answer: Result<Response, Refusal>) -> Response {
    let mut response = answer.unwrap_or_else(IntoResponse::into_response);
    response.extensions_mut().insert(OfAnotherHost);
    response
}

/// Returns a header that is there once.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}
