//! The islands that bring the forms of the pages to life in the browser, and pieces shared with the
//! pages.
//!
//! The forms themselves are drawn by the pages, only on the server, and work without any of this.
//! An island has no content of its own: once started, it listens to the form, which holds the words
//! that the script needs. So the document cannot differ from what an island expects.

mod browser;
mod code_form;
mod login_form;
mod message;
mod spelling;
mod words;

pub use code_form::CodeAlive;
pub use login_form::LoginAlive;
pub use message::Message;
pub use words::BLANK;

/// The empty view that every island renders.
const NOTHING: [&str; 0] = [];
