//! The correlation id of a request, for its log lines and its answer.

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
    response::Response,
};
use tracing::Span;

use super::{grpc, state::AppState};
use crate::server::ground::logging::span_of;

/// Header of the correlation id, in requests and in answers.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const REFUSALS: [StatusCode; 4] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::TOO_MANY_REQUESTS,
];

/// Returns the correlation id that [`Correlation::of`] gave a request.
pub fn request_id(headers: &HeaderMap) -> &str {
    headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default()
}

/// The correlation id of a request in progress, and what the log says of the request at its end.
pub struct Correlation {
    id: HeaderValue,
    method: Method,
    path: Option<MatchedPath>,
    span: Span,
}

impl Correlation {
    /// Gives a request its correlation id. The caller's own is kept if it is plain: 1 to 64
    /// letters, digits, `-`, `_` and `.`.
    pub fn of(state: &AppState, request: &mut Request) -> Self {
        let plain = |id: &&HeaderValue| {
            let bytes = id.as_bytes();
            (1..=64).contains(&bytes.len())
                && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        };
        let id = match request.headers().get(&REQUEST_ID).filter(plain) {
            Some(id) => id.clone(),
            None => {
                let id = state.auth.random.id().ok().and_then(|id| HeaderValue::from_str(&id).ok());
                id.unwrap_or(HeaderValue::from_static("none"))
            }
        };
        request.headers_mut().insert(&REQUEST_ID, id.clone());
        let span = span_of(request_id(request.headers()));
        Correlation {
            id,
            method: request.method().clone(),
            path: request.extensions().get().cloned(),
            span,
        }
    }

    pub fn span(&self) -> Span {
        self.span.clone()
    }

    /// Adds the id to the answer, and logs the request if it was refused (ASVS 5.0 16.3.2, 16.3.3).
    /// Refused sign-ins have log events of their own.
    pub fn end(self, response: &mut Response) {
        let (status, method) = (grpc::stands_for(response), self.method);
        if REFUSALS.contains(&status) {
            let path = self.path.as_ref().map(MatchedPath::as_str);
            self.span.in_scope(|| tracing::info!(event = "request.refused", %method, path, status = status.as_u16()));
        }
        response.headers_mut().insert(&REQUEST_ID, self.id);
    }
}
