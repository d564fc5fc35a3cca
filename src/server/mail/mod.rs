//! Mail: what it says, and how it is sent.

pub mod health;
pub mod letter;
pub mod mailbox;
pub mod masking;
pub mod payload;
pub mod refusal;
pub mod smtp;
pub mod templates;
pub mod transport;
