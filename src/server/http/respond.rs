//! Errors as responses, in the API's envelope.

use axum::{
    Json,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{server::ground::error::Error, wire::Refusal};

/// An [`Error`] that is returned as a response.
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
    /// Stable code for programs to match on: `invalid_email`, `missing_field`, `invalid_request`,
    /// `link_invalid`, `link_expired`, `link_used`, `link_superseded`, `wrong_browser`,
    /// `code_wrong`, `code_expired`, `code_superseded`, `too_many_attempts`, `codes_paused`,
    /// `rate_limited`, `unauthenticated`, `app_needed`, `request_unknown`, `forbidden_origin`,
    /// `forbidden`, `fresh_sign_in_needed`, `not_found`, `payload_too_large`, `unavailable`,
    /// `internal`; on pages also `password_wrong`, `number_wrong`, `invitation_wrong` and
    /// `invitation_over`. More codes may be added.
    #[schema(example = "code_wrong")]
    code: String,
    /// A sentence to show to the user.
    message: String,
    /// Seconds to wait, if waiting helps.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after: Option<u64>,
    /// Attempts left for the code.
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts_left: Option<u32>,
    /// The field that is missing, if one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let field = match &self.0 {
            Error::MissingField { field } => Some(field.clone()),
            _ => None,
        };
        let Refusal { code, message, status: number, retry_after: seconds, attempts_left } =
            self.0.clone().into();
        let body = ErrorBody { code, message, retry_after: seconds, attempts_left, field };
        let mut response = (status(number), Json(ErrorAnswer { error: body })).into_response();
        retry_after(response.headers_mut(), seconds);
        if self.0 == Error::AppNeeded {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(WWW_AUTHENTICATE, scheme);
        }
        // For callers of gRPC, who read the same error in another form.
        response.extensions_mut().insert(self.0);
        response
    }
}

/// Returns the HTTP status of an error.
pub fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// Adds `Retry-After` when waiting helps.
pub fn retry_after(headers: &mut HeaderMap, seconds: Option<u64>) {
    if let Some(seconds) = seconds {
        headers.insert(RETRY_AFTER, seconds.into());
    }
}

/// Answers a request to an API path that does not exist.
pub fn no_such_path() -> Response {
    let sentence =
        "There is no such path in this API. GET /api/openapi.json lists those there are.";
    refused_as((StatusCode::NOT_FOUND, sentence))
}

/// Answers a refusal that has no error code of its own.
pub fn refused_as((status, sentence): (StatusCode, &str)) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], envelope(sentence)).into_response()
}

/// Returns the envelope with a sentence, as text.
pub fn envelope(sentence: &str) -> String {
    let error = ErrorBody {
        code: "invalid_request".to_owned(),
        message: sentence.to_owned(),
        retry_after: None,
        attempts_left: None,
        field: None,
    };
    serde_json::to_string(&ErrorAnswer { error }).unwrap_or_default()
}
