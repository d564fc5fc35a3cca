//! Logs: for people in development, JSON in production, each line of a request under its
//! correlation id.

use axum::{
    extract::{MatchedPath, Request},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode},
    response::Response,
};
use tracing::{Span, info_span};
use tracing_subscriber::{EnvFilter, fmt};

use super::state::AppState;

/// The header of the correlation id, in and out.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const REFUSALS: [StatusCode; 4] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::TOO_MANY_REQUESTS,
];

/// What the server tells unless `RUST_LOG` says otherwise.
pub const SERVER: &str = "info,sqlx=warn";
/// And a command, which has an answer of its own.
pub const COMMAND: &str = "warn";

/// Starts logging to stderr. `chosen`, by `RUST_LOG`, is what is told, else `usual` is.
pub fn init(json: bool, chosen: Option<&str>, usual: &str) {
    let filter = chosen
        .and_then(|chosen| EnvFilter::try_new(chosen).ok())
        .unwrap_or_else(|| EnvFilter::new(usual));
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call changes nothing; there is no harm in it.
    let _ = if json { builder.json().try_init() } else { builder.with_target(false).try_init() };
}

/// The correlation id that [`Correlation::of`] gave a request.
pub fn request_id(headers: &HeaderMap) -> &str {
    headers.get(&REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default()
}

/// What is told within it, is told under the correlation id.
pub fn span_of(request_id: &str) -> Span {
    info_span!("request", request_id)
}

/// What a request is told under.
pub struct Correlation {
    id: HeaderValue,
    method: Method,
    path: Option<MatchedPath>,
    span: Span,
}

impl Correlation {
    /// Gives a request its correlation id: the caller's if it sent a plain one.
    pub fn of(state: &AppState, request: &mut Request) -> Self {
        let plain = |id: &&HeaderValue| {
            let bytes = id.as_bytes();
            (1..=64).contains(&bytes.len())
                && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        };
        let id = match request.headers().get(&REQUEST_ID).filter(plain) {
            Some(id) => id.clone(),
            None => {
                let id = state.core.random.id().ok().and_then(|id| HeaderValue::from_str(&id).ok());
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

    /// Returns the id with the answer, and tells who was turned away, and by what (ASVS 5.0 16.3.2,
    /// 16.3.3). Refused sign-ins are events of their own.
    pub fn end(self, response: &mut Response) {
        let (status, method) = (response.status(), self.method);
        if REFUSALS.contains(&status) {
            let path = self.path.as_ref().map(MatchedPath::as_str);
            self.span.in_scope(|| tracing::info!(event = "request.refused", %method, path, status = status.as_u16()));
        }
        response.headers_mut().insert(&REQUEST_ID, self.id);
    }
}
