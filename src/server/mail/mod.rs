//! Mail: what it says, and how it is sent.

pub mod compose;
pub mod dev_mailbox;
pub mod health;
pub mod letter;
pub mod masking;
pub mod send_error;
pub mod smtp;
pub mod templates;
pub mod transport;
