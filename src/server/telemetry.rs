//! Logs: for people in development, JSON in production.

use tracing_subscriber::{EnvFilter, fmt};

/// Starts logging to stderr. `RUST_LOG` chooses what is told.
pub fn init(production: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second call changes nothing; there is no harm in it.
    let _ = if production { builder.json().try_init() } else { builder.with_target(false).try_init() };
}
