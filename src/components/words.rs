//! What the islands say: the server draws the forms in the person's language and hands on the words
//! that the script needs, so that the browser needs no catalogue. As lists, not by name: that is shorter in the page, and in
//! what reads them there.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

/// Stands in a sentence for what only the browser knows: a time that counts down, an address. One
/// character, because to look for a longer text would double what the browser loads of it.
pub const BLANK: char = '\u{fffc}';

/// The words of the sign-in form.
#[derive(Clone, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct LoginWords {
    pub send: String,
    pub sign_in: String,
    /// With a [`BLANK`] for the time.
    pub again_in: String,
    /// With a [`BLANK`] for the address.
    pub did_you_mean: String,
    pub no_address: String,
    /// What to say when no answer comes.
    pub offline: String,
}

/// The words of the code form.
#[derive(Clone, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct CodeWords {
    /// With a [`BLANK`] for the time.
    pub works_for: String,
    pub expired: String,
    pub fresh_mail: String,
    /// With a [`BLANK`] for the time.
    pub fresh_mail_in: String,
    pub offline: String,
}

/// A sentence with what was missing.
pub fn filled(sentence: &str, what: &str) -> String {
    sentence.replace(BLANK, what)
}

/// A sentence with the time that is left in it, as clocks write it in any language.
pub fn counting(sentence: &str, seconds: u64) -> String {
    filled(sentence, &format!("{}:{:02}", seconds / 60, seconds % 60))
}
