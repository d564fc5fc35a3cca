//! What runs on the server only. No secret and no rule lives outside this module.

pub mod api;
pub mod assets;
pub mod caller;
pub mod clock;
pub mod config;
pub mod cookies;
pub mod event;
pub mod forms;
pub mod guard;
pub mod headers;
pub mod housekeeping;
pub mod ip_limits;
pub mod keys;
pub mod mail;
pub mod metrics;
pub mod page_data;
pub mod policy_file;
pub mod random;
pub mod render;
pub mod router;
pub mod serve;
pub mod session;
pub mod sign_in;
pub mod state;
pub mod store;
pub mod telemetry;
