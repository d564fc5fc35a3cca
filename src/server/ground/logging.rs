//! Logs: readable text in development, JSON in production, with the correlation id on each line of
//! a request.

use tracing::{Span, info_span};
use tracing_subscriber::{EnvFilter, fmt};

/// Log filter of the server unless `RUST_LOG` sets another.
pub const SERVER: &str = "info,sqlx=warn,h2=error";
/// Log filter of a command, which has output of its own.
pub const COMMAND: &str = "warn";

/// Starts logging to stderr with the filter `chosen` by `RUST_LOG`, or else with `usual`.
pub fn init(json: bool, chosen: Option<&str>, usual: &str) {
    let filter = chosen
        .and_then(|chosen| EnvFilter::try_new(chosen).ok())
        .unwrap_or_else(|| EnvFilter::new(usual));
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call does nothing, and no harm.
    let _ = if json { builder.json().try_init() } else { builder.with_target(false).try_init() };
}

/// Returns a span that adds the correlation id to every log line within it.
pub fn span_of(request_id: &str) -> Span {
    info_span!("request", request_id)
}
