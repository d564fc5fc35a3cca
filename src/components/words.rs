//! Words for the islands. The server draws the forms in the user's language and passes on the words
//! that the script needs, so that the browser needs no catalogue. They are serialised as lists,
//! without field names: that is shorter in the page, and so is the code that reads them.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

/// Placeholder in a sentence for what only the browser knows: a time that counts down, or an
/// address. It is one character, because the code to search for a longer text would double the size
/// of what the browser loads for it.
pub const BLANK: char = '\u{fffc}';

/// The words of the sign-in form.
#[derive(Clone, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct LoginWords {
    pub send: String,
    pub sign_in: String,
    /// Shown on the button while a mail is asked for, and once it is on its way.
    pub sending: String,
    pub sent: String,
    /// Shown on the button while a password is checked, and once it has signed in.
    pub checking: String,
    pub welcome: String,
    /// With a [`BLANK`] for the time.
    pub again_in: String,
    /// With a [`BLANK`] for the address.
    pub did_you_mean: String,
    pub no_address: String,
    /// Shown when no answer comes.
    pub offline: String,
}

/// The words of the code form.
#[derive(Clone, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct CodeWords {
    /// With a [`BLANK`] for the time.
    pub works_for: String,
    pub expired: String,
    pub sign_in: String,
    /// Shown on the button while a code is checked, and once it has signed in.
    pub checking: String,
    pub welcome: String,
    pub fresh_mail: String,
    /// With a [`BLANK`] for the time.
    pub fresh_mail_in: String,
    pub offline: String,
}

/// Fills in the blank of a sentence.
pub fn filled(sentence: &str, what: &str) -> String {
    sentence.replace(BLANK, what)
}

/// Fills in the remaining time, written as clocks show it in any language.
pub fn counting(sentence: &str, seconds: u64) -> String {
    filled(sentence, &format!("{}:{:02}", seconds / 60, seconds % 60))
}
