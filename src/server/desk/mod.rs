//! Rules of the desk, where operators see what happens, help people and change the policy: no HTTP,
//! no SQL.

pub mod audit;
pub mod find;
pub mod invitations;
pub mod list;
pub mod mails;
pub mod now;
pub mod operator;
pub mod person;
pub mod place;
pub mod policy;
pub mod policy_then;
pub mod presets;
pub mod steer;
pub mod timeline;
pub mod waitlist;
