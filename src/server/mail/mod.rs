//! Mail: composing and sending.

pub mod compose;
pub mod dev_mailbox;
pub mod health;
pub mod letter;
pub mod masking;
mod samples;
pub mod send_error;
pub mod smtp;
pub mod templates;
pub mod transport;
pub mod transports;
mod variables;
