//! What brings the forms of the pages to life in the browser, and shared pieces.
//!
//! The forms themselves are drawn by the pages, on the server alone, and work without any of this.
//! An island is an element that holds nothing but what the script has to say; alive, it listens to
//! the form. So there is no document that could differ from what an island expects.

mod browser;
mod code_form;
mod login_form;
mod message;
mod spelling;
mod words;

pub use code_form::CodeAlive;
pub use login_form::LoginAlive;
pub use message::Message;
pub use words::{BLANK, CodeWords, LoginWords, counting};

/// All that an island draws.
const NOTHING: [&str; 0] = [];
