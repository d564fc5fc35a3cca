//! Background work: sending mails, telling apps of logouts, upkeep, watching the policy file
//! and the certificate.

pub mod certificate;
mod delivery;
pub mod housekeeping;
pub mod logouts;
pub mod outbox;
mod outcome;
pub mod policy_file;
