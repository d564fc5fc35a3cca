//! Endpoint for mails that wait.

use axum::{Extension, Json, body::Bytes, extract::State, http::HeaderMap, response::IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{super::body::parse, Answer, Caller, Failure};
use crate::server::{
    config::desk::Role,
    desk::{mails, operator::ActReason},
    http::{respond::ErrorAnswer, state::AppState},
};

/// Order to try mails again.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RetryOrder {
    /// Reason of at most 500 characters, which stays in the audit table.
    reason: Option<String>,
}

/// Mails that are tried again.
#[derive(Serialize, ToSchema)]
pub struct Retried {
    mails: u64,
}

/// Has all mails that wait tried again now.
#[utoipa::path(
    post, path = "/api/desk/mails/retry", operation_id = "desk_retry_mails",
    request_body = RetryOrder,
    security(("desk" = ["desk:help"])),
    responses(
        (status = 200, body = Retried, description = "they are due now; how many they are"),
        (status = "4XX", body = ErrorAnswer, description = "app_needed, unauthenticated, \
            forbidden, fresh_sign_in_needed, not_found, missing_field, invalid_request, \
            forbidden_origin, payload_too_large"),
        Failure,
    )
)]
pub async fn retry(
    State(state): State<AppState>,
    Extension(operator): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    operator.may_change(&state.auth, Role::Help).await?;
    let RetryOrder { reason } = parse(&headers, &body)?;
    let reason = ActReason::parse(reason.as_deref().unwrap_or_default())?;
    let mails = mails::retry(&state.auth, &state.transports, &operator, &reason).await?;
    Ok(Json(Retried { mails }).into_response())
}
