//! Mail: what it says, how it is sent, and the worker that sends it.

pub mod by_hand;
pub mod health;
pub mod letter;
pub mod mailbox;
pub mod masking;
pub mod outbox;
pub mod refusal;
pub mod smtp;
pub mod templates;
pub mod transport;
