//! Islands, the parts of a page that come alive in the browser, and shared pieces.

mod browser;
mod code_form;
mod login_form;
mod message;
mod spelling;
mod words;

pub use code_form::CodeForm;
pub use login_form::LoginForm;
pub use message::Message;
pub use words::{BLANK, CodeWords, LoginWords};
