//! Mail: what it says, how it is sent, and the worker that sends it.

pub mod letter;
pub mod mailbox;
pub mod outbox;
pub mod templates;
pub mod transport;
