//! Mail: composing, sending, and what became of what was sent.

pub mod amazon;
mod busiest;
pub mod compose;
pub mod dev_mailbox;
pub mod dkim;
pub mod dns;
pub mod health;
pub mod hooks;
pub mod invitation_variables;
pub mod letter;
pub mod masking;
pub mod numbers;
pub mod providers;
pub mod reports;
mod samples;
pub mod send_error;
pub mod sending_domain;
pub mod smtp;
pub mod templates;
pub mod transport;
pub mod transports;
mod variables;
