//! What goes on beside requests: mails are sent, old rows go, the policy is watched.

pub mod housekeeping;
pub mod outbox;
pub mod policy_file;
