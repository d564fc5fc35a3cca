//! Code shared by everything that speaks HTTP: the caller of a request, cookies, headers, the shape
//! of answers, and the connections.

pub mod active_request;
pub mod assets;
pub mod audit_file;
pub mod caller;
pub mod certificate;
pub mod client_ip;
pub mod connection;
pub mod cookies;
pub mod correlation;
pub mod desk_door;
pub mod desk_style;
pub mod edited;
pub mod form_posts;
pub mod grpc;
pub mod head;
pub mod headers;
pub mod http2;
pub mod listener;
pub mod measurement;
pub mod page_context;
pub mod readiness;
pub mod redirect;
pub mod request_reader;
pub mod respond;
pub mod serving;
pub mod state;
mod streams;
pub mod tls;
