//! Latchkey: passwordless sign-in that a team owns. A magic link and a code in one mail, one
//! server.
//!
//! The modules form layers, called floors. A file imports only from its own floor and from lower
//! ones; `tests/floors.rs` checks this. The map lists the highest floor first. Modules on one line
//! must not import from each other.
//!
//! ```text
//! commands       commands of the program: serve, check, and the tools for operators
//! web, workers   routes, guard and rendering; outbox, housekeeping, watches on policy, certificate
//! app, api, vendor   routes of the pages; the JSON API; the wire of the vendor's clients
//! pages          pages, one file each, rendered only on the server
//! components     islands, compiled for the browser as well
//! actions        server functions, called by the forms of the pages
//! http           shared by pages and API: callers, cookies, headers, answers, connections
//! apps, desk     rules of the sign-in to other apps, and those of the desk for operators
//! auth           rules of the sign-in, from an address to a session: no HTTP, no SQL
//! mail, store    contents and delivery of mails; the database, and all SQL
//! config         Leptos.toml and the environment, the policy, the brand
//! values         addresses, destinations, the public URL: parsed once, then trusted
//! wire           answers of server functions, as they are sent to the browser
//! ground         clocks, randomness, keys, words, logs, and the error types
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
