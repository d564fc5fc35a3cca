//! A server as the stories meet it: at a free port, with a fresh database, a clock and randomness in the story's hands,
//! and a real mail server to receive what it sends.

mod app;
mod browser;
mod inbox;

pub use app::{App, START};
pub use browser::{Answer, Browser};
pub use inbox::{Inbox, Mail, Manners};
