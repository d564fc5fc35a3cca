//! JSON API, a thin layer: it reads a request, calls `auth`, and writes the answer.
//!
//! An endpoint is one function with its types above it and one entry in [`router`], which gives it
//! its route and its place in the OpenAPI description. Names are snake_case. Names in requests are
//! also accepted in camelCase.

mod body;
mod caller;
mod desk;
mod link;
mod send;
mod session;
mod token;
mod verify;

use axum::{Json, Router, response::Response, routing::get};
use utoipa::{IntoResponses, OpenApi};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::server::http::{
    respond::{ApiError, ErrorAnswer},
    state::AppState,
};

type Answer = Result<Response, ApiError>;

/// Head of the API's description. The endpoints add themselves.
#[derive(OpenApi)]
#[openapi(info(
    title = "Latchkey",
    description = "Passwordless sign-in: a magic link and a code in one mail.",
    license(name = "MIT")
))]
struct Description;

/// Errors that every endpoint may return; used only in the description.
#[derive(IntoResponses)]
#[allow(dead_code)]
enum Failure {
    /// internal
    #[response(status = 500)]
    Internal(ErrorAnswer),
    /// unavailable
    #[response(status = 503)]
    Unavailable(ErrorAnswer),
}

/// Builds the routes of the API, and serves its description at `/api/openapi.json`. `more` are
/// routes of another door that are described there as well.
pub fn router(more: OpenApiRouter<AppState>) -> Router<AppState> {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(send::send))
        .routes(routes!(send::resend))
        .routes(routes!(link::open, verify::verify))
        .routes(routes!(session::session))
        .routes(routes!(session::logout))
        .routes(routes!(token::token))
        .merge(desk::routes())
        .merge(more)
        .split_for_parts();
    router.route("/api/openapi.json", get(async move || Json(description)))
}
