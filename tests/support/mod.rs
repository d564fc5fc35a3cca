//! A server as the stories meet it: at a free port, with a fresh database of either kind, a clock
//! and randomness in the story's hands, and a real mail server to receive what it sends.

mod app;
mod browser;
mod cluster;
pub mod database;
mod inbox;
mod program;

pub use app::{App, SECRET, START};
pub use browser::{Answer, Browser};
pub use cluster::Cluster;
pub use inbox::{Inbox, Mail, Manners};
pub use program::Program;

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
};

/// A port that nobody else is given, so that what listens there can stop and start again: below
/// those that systems give to connections and to whoever asks for any.
pub fn free_port() -> u16 {
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).unwrap();
    loop {
        let port = 20_000 + (first + TAKEN.fetch_add(1, Ordering::Relaxed)) % 10_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
