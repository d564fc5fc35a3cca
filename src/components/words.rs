//! Words for the islands. The server draws the forms in the user's language and puts the words that
//! a script needs into `data-` attributes of the form, so that the browser needs no catalogue.

/// Placeholder in a sentence for what only the browser knows: a time that counts down, or an
/// address. It is one character, because the code to search for a longer text would double the size
/// of what the browser loads for it.
pub const BLANK: char = '\u{fffc}';

/// Fills in the blank of a sentence.
pub fn filled(sentence: &str, what: &str) -> String {
    sentence.replace(BLANK, what)
}

/// Fills in the remaining time, written as clocks show it in any language.
pub fn counting(sentence: &str, seconds: u64) -> String {
    filled(sentence, &format!("{}:{:02}", seconds / 60, seconds % 60))
}
