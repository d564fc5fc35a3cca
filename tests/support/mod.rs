//! A server as the stories meet it: at a free port, with a fresh database of either kind, a clock and randomness in the story's hands,
//! and a real mail server to receive what it sends.

mod app;
mod browser;
pub mod database;
mod inbox;

pub use app::{App, SECRET, START};
pub use browser::{Answer, Browser};
pub use inbox::{Inbox, Mail, Manners};
