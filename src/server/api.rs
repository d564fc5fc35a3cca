//! The JSON API, thin: it reads a request, calls `sign_in` or `session`, and writes the answer.

use axum::{
    Json,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER},
    },
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    cookies::{self, Cookies},
    headers::no_store,
    session::{self, Token},
    sign_in::{
        Browser, SignedIn,
        code::{self, Code},
        link::{self, LinkToken},
        request::{self, Started},
    },
    state::AppState,
};
use crate::error::Error;

/// An [`Error`] as the API answers it: `{"error": {"code", "message", "retry_after"?, "attempts_left"?}}`.
#[derive(Debug)]
pub struct ApiError(pub Error);

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        ApiError(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut error = json!({ "code": self.0.code(), "message": self.0.to_string() });
        if let Some(seconds) = self.0.retry_after() {
            error["retry_after"] = seconds.into();
        }
        if let Error::CodeWrong { attempts_left } = self.0 {
            error["attempts_left"] = attempts_left.into();
        }
        let mut response = (status(&self.0), Json(json!({ "error": error }))).into_response();
        retry_after(response.headers_mut(), &self.0);
        response
    }
}

/// The HTTP status of an error.
pub fn status(error: &Error) -> StatusCode {
    StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Adds `Retry-After` when waiting helps.
pub fn retry_after(headers: &mut HeaderMap, error: &Error) {
    if let Some(seconds) = error.retry_after() {
        headers.insert(RETRY_AFTER, seconds.into());
    }
}

type Answer = Result<Response, ApiError>;

/// A JSON body, or what is wrong with it.
fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Error> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Error::invalid("send JSON, with the header content-type: application/json"));
    }
    serde_json::from_slice(body).map_err(|error| Error::invalid(format!("the JSON does not fit: {error}")))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Send {
    email: Option<String>,
    next: Option<String>,
}

/// POST `/api/auth/send-passwordless`
pub async fn send(State(state): State<AppState>, headers: HeaderMap, body: Bytes) -> Answer {
    let Send { email, next } = parse(&headers, &body)?;
    let browser = state.browser(&headers).await?;
    let started = request::start(&state.core, &email.unwrap_or_default(), next.as_deref(), &browser).await?;
    Ok(accepted(state.cookies, &browser, &started))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resend {
    #[serde(alias = "authRequestId")]
    auth_request_id: Option<String>,
}

/// POST `/api/auth/resend-passwordless`
pub async fn resend(State(state): State<AppState>, headers: HeaderMap, body: Bytes) -> Answer {
    let Resend { auth_request_id } = parse(&headers, &body)?;
    let mut browser = state.browser(&headers).await?;
    let id = held_id(&mut browser, auth_request_id)?;
    let started = request::resend(&state.core, &id, &browser).await?;
    Ok(accepted(state.cookies, &browser, &started))
}

/// The auth request a caller means: the one it names, which thereby counts as held, or the newest of its cookie.
fn held_id(browser: &mut Browser, named: Option<String>) -> Result<String, Error> {
    match named.filter(|id| !id.is_empty()) {
        Some(id) => {
            browser.held.insert(0, id.clone());
            Ok(id)
        }
        None => browser.held.first().cloned().ok_or_else(|| Error::missing("auth_request_id")),
    }
}

fn accepted(cookies: Cookies, browser: &Browser, started: &Started) -> Response {
    let mut response = Json(json!({
        "auth_request_id": started.auth_request_id,
        "expires_at": started.expires_at / 1_000,
        "expires_in": started.expires_in,
        "passwordless_type": started.passwordless_type,
    }))
    .into_response();
    cookies::append(response.headers_mut(), cookies.hold(&browser.held, &started.auth_request_id));
    response
}

#[derive(Deserialize)]
pub struct Link {
    #[serde(default)]
    link_token: String,
}

/// GET `/api/auth/verify?link_token=`: the link in the mail. HEAD and prefetches (mail scanners, previews, browsers that
/// guess) change nothing.
pub async fn open_link(
    State(state): State<AppState>,
    method: Method,
    headers: HeaderMap,
    query: Result<Query<Link>, QueryRejection>,
) -> Response {
    let prefetched =
        |name: &str| headers.get(name).is_some_and(|value| value.as_bytes().windows(8).any(|bytes| bytes == b"prefetch"));
    if method == Method::HEAD || ["sec-purpose", "purpose", "x-moz"].into_iter().any(prefetched) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let text = query.map(|Query(link)| link.link_token).unwrap_or_default();
    let mut response = match follow(&state, &headers, &text).await {
        Ok((destination, token)) => {
            let mut response = Redirect::to(&destination).into_response();
            if let Some(token) = token {
                cookies::append(response.headers_mut(), state.cookies.set_session(&token.jwt, token.ttl));
            }
            response
        }
        // The page judges the token again, without using it, and explains.
        Err(_) => {
            let token = LinkToken::parse(&text).map(|token| token.encode()).unwrap_or_default();
            Redirect::to(&format!("/login/confirm?link_token={token}")).into_response()
        }
    };
    no_store(&mut response);
    response
}

/// Where a link leads, and the session token it earns, unless this browser was signed in by it before.
async fn follow(state: &AppState, headers: &HeaderMap, text: &str) -> Result<(String, Option<Token>), Error> {
    let token = LinkToken::parse(text)?;
    let browser = state.browser(headers).await?;
    match link::verify(&state.core, &token, &browser).await {
        Ok(signed_in) => {
            let token = session::issue(&state.core, &signed_in.session_id, &signed_in.user_id, signed_in.session_expires_at)?;
            Ok((signed_in.destination, Some(token)))
        }
        Err(error) => {
            let session = session::present(&state.core, state.cookies, headers).await?;
            let address = session.as_ref().map(|session| session.row.address.as_str());
            let destination = link::destination_if_signed_in(&state.core, &token, address).await.ok_or(error)?;
            Ok((destination, None))
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    code: Option<String>,
    #[serde(alias = "linkToken")]
    link_token: Option<String>,
    #[serde(alias = "authRequestId")]
    auth_request_id: Option<String>,
    /// `"bearer"`: no cookie, the token in the answer.
    session: Option<Carrier>,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Carrier {
    Cookie,
    Bearer,
}

/// POST `/api/auth/verify`
pub async fn verify(State(state): State<AppState>, headers: HeaderMap, body: Bytes) -> Answer {
    let Verify { code, link_token, auth_request_id, session } = parse(&headers, &body)?;
    let mut browser = state.browser(&headers).await?;
    let id = held_id(&mut browser, auth_request_id)?;
    let signed_in = match (code, link_token) {
        (Some(code), None) => code::verify(&state.core, &id, &Code::parse(&code)?, &browser).await?,
        (None, Some(token)) => link::verify(&state.core, &LinkToken::parse(&token)?, &browser).await?,
        (Some(_), Some(_)) => return Err(Error::invalid("send code or link_token, not both").into()),
        (None, None) => return Err(Error::missing("code").into()),
    };
    let token = session::issue(&state.core, &signed_in.session_id, &signed_in.user_id, signed_in.session_expires_at)?;
    Ok(verified(state.cookies, &signed_in, &token, session == Some(Carrier::Bearer)))
}

fn verified(cookies: Cookies, signed_in: &SignedIn, token: &Token, bearer: bool) -> Response {
    let mut answer = json!({
        "email": signed_in.address,
        "user_id": signed_in.user_id,
        "passwordless_type": signed_in.passwordless_type,
        "session": { "expires_at": token.expires_at / 1_000 },
    });
    if bearer {
        answer["session"]["token"] = token.jwt.as_str().into();
    }
    let mut response = Json(answer).into_response();
    if !bearer {
        cookies::append(response.headers_mut(), cookies.set_session(&token.jwt, token.ttl));
    }
    response
}

/// GET `/api/auth/session`
pub async fn session(State(state): State<AppState>, headers: HeaderMap) -> Answer {
    let session = session::present(&state.core, state.cookies, &headers).await?.ok_or(Error::Unauthenticated)?;
    let renewed = session::renew(&state.core, &session).await?;
    let expires_at = renewed.as_ref().map_or(session.expires_at, |token| token.expires_at);
    let mut response = Json(json!({
        "email": session.row.address,
        "user_id": session.row.user_id,
        "session_id": session.row.id,
        "issued_at": session.issued_at / 1_000,
        "expires_at": expires_at / 1_000,
    }))
    .into_response();
    if let Some(token) = renewed {
        cookies::append(response.headers_mut(), state.cookies.set_session(&token.jwt, token.ttl));
    }
    Ok(response)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logout {
    #[serde(default)]
    everywhere: bool,
}

/// POST `/api/auth/logout`, with or without a body.
pub async fn logout(State(state): State<AppState>, headers: HeaderMap, body: Bytes) -> Answer {
    let Logout { everywhere } = if body.is_empty() { Logout::default() } else { parse(&headers, &body)? };
    let session = session::present(&state.core, state.cookies, &headers).await?.ok_or(Error::Unauthenticated)?;
    session::end(&state.core, &session, everywhere).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookies::append(response.headers_mut(), state.cookies.clear_session());
    Ok(response)
}

/// GET `/healthz`: the process is alive.
pub async fn alive() -> &'static str {
    "ok"
}

/// GET `/readyz`: it can serve.
pub async fn ready(State(state): State<AppState>) -> Answer {
    state.core.store.ping().await?;
    Ok("ready".into_response())
}

/// An API path that does not exist.
pub fn no_such_path() -> Response {
    let error =
        json!({ "code": "invalid_request", "message": "There is no such path in this API. See README.md for those there are." });
    let mut response = (StatusCode::NOT_FOUND, Json(json!({ "error": error }))).into_response();
    response.headers_mut().insert("cache-control", HeaderValue::from_static("no-store"));
    response
}
