//! The JSON API, thin: it reads a request, calls `auth`, and writes the answer.

mod body;
mod link;

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use utoipa::OpenApi;

pub use link::open_link;

use crate::server::{
    auth::{
        Browser, SignedIn,
        code::{self, Code},
        link::{LinkToken, verify as verify_link},
        request::{self, Started},
        session::{self, Which},
    },
    ground::{clock::SECOND, error::Error},
    http::{
        caller::Caller,
        cookies::{self, Cookies},
        respond::{ApiError, ErrorAnswer},
        state::AppState,
    },
};
use body::{
    Carrier, Logout, Resend, Send, Sent, SessionAnswer, Verified, VerifiedSession, Verify, parse,
};

type Answer = Result<Response, ApiError>;

/// The API, described by the code that serves it.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Latchkey",
        description = "Passwordless sign-in: a magic link and a code in one mail.",
        license(name = "MIT")
    ),
    paths(send, resend, verify, session, logout, link::open_link)
)]
pub struct Description;

/// GET `/api/openapi.json`
pub async fn openapi() -> Response {
    Json(Description::openapi()).into_response()
}

/// Sends a mail with a link and a code.
#[utoipa::path(
    post, path = "/api/auth/send-passwordless", request_body = Send,
    responses(
        (status = 200, body = Sent, description = "the same for known and unknown addresses"),
        (status = "4XX", body = ErrorAnswer, description = "invalid_email, missing_field, invalid_request, rate_limited, forbidden_origin, payload_too_large"),
        (status = 500, body = ErrorAnswer, description = "internal"),
        (status = 503, body = ErrorAnswer, description = "unavailable"),
    )
)]
pub async fn send(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let mut send: Send = parse(&caller.headers, &body)?;
    let mut browser = caller.browser(&state).await?;
    browser.devices.extend(send.device.take());
    let started = request::start(&state.core, &send.into(), &browser).await?;
    Ok(accepted(state.cookies, &browser, started))
}

/// Sends a fresh mail for the same auth request.
#[utoipa::path(
    post, path = "/api/auth/resend-passwordless", request_body = Resend,
    responses(
        (status = 200, body = Sent, description = "a fresh mail is on its way"),
        (status = "4XX", body = ErrorAnswer, description = "missing_field, invalid_request, rate_limited, forbidden_origin, payload_too_large"),
        (status = 500, body = ErrorAnswer, description = "internal"),
        (status = 503, body = ErrorAnswer, description = "unavailable"),
    )
)]
pub async fn resend(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let Resend { auth_request_id, device } = parse(&caller.headers, &body)?;
    let mut browser = caller.browser(&state).await?;
    browser.devices.extend(device);
    let id = browser.holding(auth_request_id)?;
    let started = request::resend(&state.core, &id, &browser).await?;
    Ok(accepted(state.cookies, &browser, started))
}

fn accepted(cookies: Cookies, browser: &Browser, started: Started) -> Response {
    let cookie = cookies.hold(&browser.held, &started.auth_request_id);
    let Started { auth_request_id, expires_at, expires_in, passwordless_type } = started;
    let sent =
        Sent { auth_request_id, expires_at: expires_at / SECOND, expires_in, passwordless_type };
    let mut response = Json(sent).into_response();
    cookies::append(response.headers_mut(), cookie);
    response
}

/// Signs in with the code or the link of the mail.
#[utoipa::path(
    post, path = "/api/auth/verify", request_body = Verify,
    responses(
        (status = 200, body = Verified, description = "signed in"),
        (status = "4XX", body = ErrorAnswer, description = "missing_field, invalid_request, code_wrong, code_expired, code_superseded, too_many_attempts, codes_paused, link_invalid, link_expired, link_used, link_superseded, wrong_browser, forbidden_origin, payload_too_large"),
        (status = 500, body = ErrorAnswer, description = "internal"),
        (status = 503, body = ErrorAnswer, description = "unavailable"),
    )
)]
pub async fn verify(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let Verify { code, link_token, auth_request_id, session, device } =
        parse(&caller.headers, &body)?;
    let mut browser = caller.browser(&state).await?;
    browser.devices.extend(device);
    let id = browser.holding(auth_request_id)?;
    let signed_in = match (code, link_token) {
        (Some(code), None) => {
            code::verify(&state.core, &id, &Code::parse(&code)?, &browser).await?
        }
        (None, Some(token)) => {
            verify_link(&state.core, &LinkToken::parse(&token)?, &browser).await?
        }
        (Some(_), Some(_)) => {
            return Err(Error::invalid("send code or link_token, not both").into());
        }
        (None, None) => return Err(Error::missing("code").into()),
    };
    let carrier = session.unwrap_or_default();
    let cookies = state.cookies.signed_in(&signed_in);
    let mut response = verified(signed_in, carrier);
    if carrier == Carrier::Cookie {
        cookies.into_iter().for_each(|cookie| cookies::append(response.headers_mut(), cookie));
    }
    Ok(response)
}

fn verified(signed_in: SignedIn, carrier: Carrier) -> Response {
    let expires_at = signed_in.token.expires_at / SECOND;
    let (token, device) = match carrier {
        Carrier::Bearer => (Some(signed_in.token.jwt), signed_in.devices.into_iter().next()),
        Carrier::Cookie => (None, None),
    };
    let request = signed_in.request;
    let answer = Verified {
        email: signed_in.address,
        user_id: signed_in.user_id,
        state: request.as_ref().and_then(|request| request.state.clone()),
        template: request.as_ref().map(|request| request.template.clone()).unwrap_or_default(),
        passwordless_type: request.map(|request| request.mode).unwrap_or_default(),
        session: VerifiedSession { expires_at, token, device },
    };
    Json(answer).into_response()
}

/// Who is signed in, by cookie or bearer token. Past half of its life the token is renewed: in the
/// cookie, or in the answer's `token`.
#[utoipa::path(
    get, path = "/api/auth/session",
    responses(
        (status = 200, body = SessionAnswer, description = "who is signed in"),
        (status = "4XX", body = ErrorAnswer, description = "unauthenticated, invalid_request, payload_too_large"),
        (status = 500, body = ErrorAnswer, description = "internal"),
        (status = 503, body = ErrorAnswer, description = "unavailable"),
    )
)]
pub async fn session(State(state): State<AppState>, caller: Caller) -> Answer {
    let session = caller.session(&state).await?.ok_or(Error::Unauthenticated)?;
    let renewed = session::renew(&state.core, &session).await?;
    let expires_at = renewed.as_ref().map_or(session.expires_at, |token| token.expires_at) / SECOND;
    let issued_at = session.issued_at / SECOND;
    let (row, by_cookie) = (session.row, session.by_cookie);
    let answer = SessionAnswer {
        email: row.address,
        user_id: row.user_id,
        session_id: row.id,
        issued_at,
        expires_at,
        token: renewed.as_ref().filter(|_| !by_cookie).map(|token| token.jwt.clone()),
    };
    let mut response = Json(answer).into_response();
    if let Some(token) = renewed.filter(|_| by_cookie) {
        cookies::append(response.headers_mut(), state.cookies.set_session(&token.jwt, token.ttl));
    }
    Ok(response)
}

/// Signs out. The body may be left out.
#[utoipa::path(
    post, path = "/api/auth/logout", request_body = Option<Logout>,
    responses(
        (status = 204, description = "signed out"),
        (status = "4XX", body = ErrorAnswer, description = "unauthenticated, invalid_request, forbidden_origin, payload_too_large"),
        (status = 500, body = ErrorAnswer, description = "internal"),
        (status = 503, body = ErrorAnswer, description = "unavailable"),
    )
)]
pub async fn logout(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let Logout { everywhere } =
        if body.is_empty() { Logout::default() } else { parse(&caller.headers, &body)? };
    let session = caller.session(&state).await?.ok_or(Error::Unauthenticated)?;
    let which = if everywhere { Which::All } else { Which::This };
    session::end(&state.core, &session, &which, &caller.client()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    cookies::append(response.headers_mut(), state.cookies.clear_session());
    Ok(response)
}
