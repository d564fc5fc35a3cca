//! Endpoint that gives a token for a service of the team.

use axum::{Json, body::Bytes, extract::State, response::IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Answer, Failure, body::parse};
use crate::server::{
    ground::{clock::SECOND, error::Error},
    http::{caller::Caller, respond::ErrorAnswer, state::AppState},
};

/// Request for a token.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// One of `session.audiences`. May be left out if there is only one.
    #[schema(example = "https://api.example.com")]
    audience: Option<String>,
}

/// Token for a service.
#[derive(Serialize, ToSchema)]
pub struct TokenAnswer {
    /// JWT, signed with RS256 by a key of `/.well-known/jwks.json`.
    token: String,
    audience: String,
    /// Expiry in unix seconds, at most five minutes away.
    expires_at: i64,
}

/// Returns a token of the signed-in user for one of the team's services.
///
/// The service verifies it by `/.well-known/jwks.json` alone. The body may be left out.
#[utoipa::path(
    post, path = "/api/auth/token", request_body = Option<TokenRequest>,
    responses(
        (status = 200, body = TokenAnswer, description = "the token"),
        (status = "4XX", body = ErrorAnswer, description = "unauthenticated, missing_field, \
            invalid_request, forbidden_origin, payload_too_large"),
        Failure,
    )
)]
pub async fn token(State(state): State<AppState>, caller: Caller, body: Bytes) -> Answer {
    let TokenRequest { audience } =
        if body.is_empty() { TokenRequest::default() } else { parse(&caller.headers, &body)? };
    let session = caller.session(&state).await?.ok_or(Error::Unauthenticated)?;
    let token = state.apps.service_token(&session, audience.as_deref()).await?;
    let expires_at = token.expires_at / SECOND;
    Ok(Json(TokenAnswer { token: token.jwt, audience: token.audience, expires_at }).into_response())
}
