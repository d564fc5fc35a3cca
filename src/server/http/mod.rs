//! What the doors share that speak HTTP: who sends a request, cookies, headers, the shape of answers,
//! and the connections they travel on.

pub mod assets;
pub mod caller;
pub mod client_ip;
pub mod connection;
pub mod cookies;
pub mod correlation;
pub mod form_posts;
pub mod head;
pub mod headers;
pub mod intake;
pub mod listener;
pub mod measurement;
pub mod page_context;
pub mod readiness;
pub mod respond;
pub mod state;
