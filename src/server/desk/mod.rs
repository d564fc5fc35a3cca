//! Rules of the desk, where operators see what happens, help people and change the policy: no HTTP,
//! no SQL.

pub mod operator;
pub mod steer;
