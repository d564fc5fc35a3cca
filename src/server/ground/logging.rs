//! Logs: for people in development, JSON in production, each line of a request under its
//! correlation id.

use tracing::{Span, info_span};
use tracing_subscriber::{EnvFilter, fmt};

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

/// What is told within it, is told under the correlation id.
pub fn span_of(request_id: &str) -> Span {
    info_span!("request", request_id)
}
