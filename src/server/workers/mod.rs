//! Background work: sending mails, upkeep, watching the policy file.

mod delivery;
pub mod housekeeping;
pub mod outbox;
pub mod policy_file;
