//! Latchkey: passwordless sign-in that a team owns. A magic link and a code in one mail, one
//! server.
//!
//! Dependencies point one way: `pages → actions → server::sign_in → server::store`. Pages are
//! rendered on the server alone; the browser's half holds the islands ([`components`]), the stubs
//! of the [`actions`] they call, and the [`refusal`]s these answer.

#![recursion_limit = "256"]

pub mod actions;
#[cfg(feature = "ssr")]
pub mod app;
pub mod components;
#[cfg(feature = "ssr")]
pub mod error;
#[cfg(feature = "ssr")]
pub mod pages;
pub mod refusal;
#[cfg(feature = "ssr")]
pub mod server;
