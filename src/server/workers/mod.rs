//! Background work: sending mails, taking those that come back, telling apps of logouts, upkeep,
//! watching the policy file, its overrides and the certificate.

pub mod certificate;
mod delivery;
pub mod housekeeping;
pub mod ledger;
pub mod lmtp;
mod lmtp_peer;
pub mod logouts;
pub mod outbox;
mod outcome;
pub mod overrides;
pub mod policy_file;
