//! Endpoints that show the caller's session and end it.

use axum::{Json, body::Bytes, extract::State, http::StatusCode, response::IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Answer, Failure, body::parse};
use crate::server::{
    auth::session::{self, SessionsToEnd},
    ground::{clock::SECOND, error::Error},
    http::{caller::Caller, cookies, respond::ErrorAnswer, state::AppState},
};

/// Signed-in user and session. Times are unix seconds.
#[derive(Serialize, ToSchema)]
pub struct SessionAnswer {
    email: String,
    user_id: String,
    session_id: String,
    issued_at: i64,
    /// Expiry of the token, the fresh one if there is one.
    expires_at: i64,
    /// Fresh token of the same session. Returned only if the caller presented a bearer token that
    /// is past half its life. The old token stays valid until its own end.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// Returns the signed-in user, by cookie or bearer token.
///
/// Past half its life the token is renewed: in the cookie, or in the answer's `token`.
#[utoipa::path(
    get, path = "/api/auth/session",
    responses(
        (status = 200, body = SessionAnswer, description = "who is signed in"),
        (status = "4XX", body = ErrorAnswer,
            description = "unauthenticated, invalid_request, payload_too_large"),
        Failure,
    )
)]
pub async fn session(State(state): State<AppState>, caller: Caller) -> Answer {
    let session = caller.session(&state).await?.ok_or(Error::Unauthenticated)?;
    let renewed = session::renew(&state.auth, &session).await?;
    let expires_at = renewed.as_ref().map_or(session.expires_at, |token| token.expires_at) / SECOND;
    let issued_at = session.issued_at / SECOND;
    let (row, by_cookie) = (session.row, session.by_cookie);
    let answer = SessionAnswer {
        email: row.address.as_str().to_owned(),
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

/// Request to sign out.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Logout {
    /// Set to true to end all of the user's sessions, not only this one.
    #[serde(default)]
    everywhere: bool,
}

/// Signs out.
///
/// The body may be left out.
#[utoipa::path(
    post, path = "/api/auth/logout", request_body = Option<Logout>,
    responses(
        (status = 204, description = "signed out"),
        (status = "4XX", body = ErrorAnswer,
            description = "unauthenticated, invalid_request, forbidden_origin, payload_too_large"),
        Failure,
    )
)]
pub async fn logout(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let Logout { everywhere } =
        if body.is_empty() { Logout::default() } else { parse(&caller.headers, &body)? };
    let session = caller.session(&state).await?.ok_or(Error::Unauthenticated)?;
    let which = if everywhere { SessionsToEnd::All } else { SessionsToEnd::This };
    session::end(&state.auth, &session, &which, &caller.client()).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    for cookie in state.cookies.signed_out() {
        cookies::append(response.headers_mut(), cookie);
    }
    Ok(response)
}
