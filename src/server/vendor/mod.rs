//! The wire of the vendor's clients (docs/vendor.md): a team that comes from there changes one
//! address, and its programs go on as they are. A thin door like `api`: it reads a call, calls
//! `auth`, and writes the answer, over gRPC and over REST alike.
//!
//! All of it is for apps, each with an access token of its own. What an app asks for is bound to
//! it, as a browser's request is to its cookie.

mod grpc;
mod logs;
pub mod messages;
mod refusal;
mod rest;
mod service;

pub use grpc::{answered, late, router};
pub use rest::{is_path, refused, routes};
