//! Errors as the API answers them.

use axum::{
    Json,
    http::{HeaderMap, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::Error;

/// An [`Error`] on its way out.
#[derive(Debug)]
pub struct ApiError(pub Error);

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        ApiError(error)
    }
}

/// The envelope of every error.
#[derive(Serialize, ToSchema)]
pub struct ErrorAnswer {
    error: ErrorBody,
}

#[derive(Serialize, ToSchema)]
struct ErrorBody {
    /// Stable: what a program matches on.
    #[schema(example = "code_wrong")]
    code: &'static str,
    /// A sentence for a person.
    message: String,
    /// Seconds to wait, when waiting helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    /// Tries of the code that are left.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_left: Option<u32>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let ApiError(error) = self;
        let attempts_left = match error {
            Error::CodeWrong { attempts_left } => Some(attempts_left),
            _ => None,
        };
        let body = ErrorBody { code: error.code(), message: error.to_string(), retry_after: error.retry_after(), attempts_left };
        let mut response = (status(&error), Json(ErrorAnswer { error: body })).into_response();
        retry_after(response.headers_mut(), &error);
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

/// An API path that does not exist.
pub fn no_such_path() -> Response {
    let message = "There is no such path in this API. GET /api/openapi.json lists those there are.".to_owned();
    let error = ErrorBody { code: "invalid_request", message, retry_after: None, attempts_left: None };
    (StatusCode::NOT_FOUND, Json(ErrorAnswer { error })).into_response()
}
