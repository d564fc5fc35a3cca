//! The hooks of providers of mail: `POST /hooks/mail/<transport>`.

use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};

use crate::server::{
    auth::reports,
    ground::error::Error,
    http::{
        respond::{self, ApiError},
        state::AppState,
    },
    mail::{
        hooks::{PREFIX, Unread},
        reports::HookError,
    },
};

pub fn router() -> Router<AppState> {
    Router::new().route(&format!("{PREFIX}{{transport}}"), post(report))
}

/// Takes reports. A provider that gets no 2xx sends them again, so what it reports of mails that
/// are not ours, or has reported before, is answered like the rest.
async fn report(
    State(state): State<AppState>,
    Path(transport): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let clock = &state.auth.clock;
    let reports = match state.hooks.read(&transport, &headers, &body, clock).await {
        Some(Ok(reports)) => reports,
        Some(Err(Unread::Later)) => return ApiError(Error::Unavailable).into_response(),
        Some(Err(Unread::Refused(error))) => return refused(&error),
        None => {
            let sentence = "No transport of this name has a hook_key in mail.transports.";
            return respond::refused_as((StatusCode::NOT_FOUND, sentence));
        }
    };
    // Most requests report only what is not asked here, and are done.
    if reports.is_empty() {
        return StatusCode::NO_CONTENT.into_response();
    }
    let Some(_turn) = state.hooks.turn().await else {
        return ApiError(Error::Unavailable).into_response();
    };
    match reports::take(&state.auth, Some(&transport), reports).await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => ApiError(error).into_response(),
    }
}

fn refused(error: &HookError) -> Response {
    let status = match error {
        HookError::Forged(_) | HookError::Stale => StatusCode::UNAUTHORIZED,
        HookError::Unreadable(_) => StatusCode::BAD_REQUEST,
    };
    respond::refused_as((status, &error.to_string()))
}
