//! Endpoints that tell who may use the desk.

use axum::{Extension, Json, extract::State, response::IntoResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Answer, Caller, Failure};
use crate::server::{
    desk::operator::{self, NamedBy},
    http::{respond::ErrorAnswer, state::AppState},
};

/// The operator who calls.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// Address of a person, or `app:` and the id of an app.
    #[schema(example = "app:reports")]
    name: String,
    /// `look`, `help` or `steer`; each may do what those before it may.
    #[schema(example = "look")]
    role: String,
    /// False if changes need a fresh sign-in first.
    may_change: bool,
}

/// Returns who calls, and in which role.
#[utoipa::path(
    get, path = "/api/desk/me", operation_id = "desk_me",
    security(("desk" = ["desk:look"])),
    responses(
        (status = 200, body = Me, description = "who calls"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, not_found, invalid_request, payload_too_large"),
        Failure,
    )
)]
pub async fn me(Extension(operator): Caller) -> Answer {
    Ok(Json(Me {
        name: operator.name.clone(),
        role: operator.role.name().to_owned(),
        may_change: operator.is_fresh,
    })
    .into_response())
}

/// Everybody who may use the desk.
#[derive(Serialize, ToSchema)]
pub struct Operators {
    operators: Vec<OperatorAnswer>,
}

#[derive(Serialize, ToSchema)]
struct OperatorAnswer {
    /// Address of a person, or `app:` and the id of an app.
    #[schema(example = "ada@example.com")]
    name: String,
    #[schema(example = "steer")]
    role: String,
    /// `file`: the policy file, under `[desk]`. `command`: `latchkey desk invite`. `apps`: the
    /// policy file, under `[[apps]]`.
    #[schema(example = "file")]
    named_by: String,
}

/// Returns everybody who may use the desk.
#[utoipa::path(
    get, path = "/api/desk/operators", operation_id = "desk_operators",
    security(("desk" = ["desk:look"])),
    responses(
        (status = 200, body = Operators, description = "people before apps"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, not_found, invalid_request, payload_too_large"),
        Failure,
    )
)]
pub async fn operators(State(state): State<AppState>, Extension(_): Caller) -> Answer {
    let known = operator::all(&state.auth).await?.into_iter().map(|known| OperatorAnswer {
        name: known.name,
        role: known.role.name().to_owned(),
        named_by: match known.named_by {
            NamedBy::File => "file",
            NamedBy::Command => "command",
            NamedBy::App => "apps",
        }
        .to_owned(),
    });
    Ok(Json(Operators { operators: known.collect() }).into_response())
}
