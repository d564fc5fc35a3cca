//! What the program does: serve, or one thing for an operator.

pub mod check;
pub mod operator;
pub mod outbox;
pub mod serve;
pub mod team_users;
