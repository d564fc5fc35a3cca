//! Latchkey: passwordless sign-in that a team owns. A magic link and a code in one mail, one
//! server.
//!
//! The house has floors, the highest first: a file imports from its own floor and from those below,
//! which `tests/floors.rs` sees to. Floors of one line stand side by side.
//!
//! ```text
//! commands       what the program does: serve, check, and what operators do by hand
//! web, workers   routes, guard and rendering; the outbox worker, housekeeping, the policy watched
//! app, api       the pages' routes; the JSON API
//! pages          the pages, one file each, rendered on the server alone
//! components     what the browser's half holds, too: the islands
//! actions        server functions, which the pages' forms call
//! http           what doors share: who asks, cookies, headers, answers, connections
//! auth           the rules, from an address to a session: no HTTP, no SQL
//! mail, store    what mails say and how they leave; the database, and all SQL
//! config         Leptos.toml and the environment, the policy, the brand
//! values         addresses, destinations, the public URL: parsed once, then trusted
//! wire           what server functions answer, as it crosses to the browser
//! ground         clocks, randomness, keys, words, logs, and the errors there are
//! ```

#![recursion_limit = "256"]

pub mod actions;
#[cfg(feature = "ssr")]
pub mod app;
pub mod components;
#[cfg(feature = "ssr")]
pub mod pages;
#[cfg(feature = "ssr")]
pub mod server;
pub mod wire;
