//! The commands of the program: the server, and those for operators.

pub mod apps;
pub mod check;
pub mod operator;
pub mod outbox;
pub mod serve;
pub mod team_users;
