//! Words of the sign-in mail that a policy puts in place of the built-in ones, for each language.
//! They are text, never HTML: the templates escape them.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::validation::BadKey;
use crate::server::ground::words::Language;

/// Maximum length of a text in characters.
const LONGEST: usize = 300;

/// Names of the texts, each with the variables that it may hold as `{brand}`.
pub const NAMES: [(&str, &[&str]); 9] = [
    ("subject", &["brand", "lifetime"]),
    ("subject_code", &["brand", "code", "lifetime"]),
    ("title", &["brand"]),
    ("preview", &["brand", "lifetime"]),
    ("open_link", &["brand", "lifetime"]),
    ("press_button", &["brand", "lifetime"]),
    ("type_code", &["brand", "lifetime"]),
    ("once", &["brand", "lifetime"]),
    ("not_you", &["brand"]),
];

/// Texts by their name, by the tag of their language.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct MailWords(BTreeMap<String, BTreeMap<String, String>>);

impl MailWords {
    /// Returns the text of this name with the values of its variables, if the policy has one.
    pub fn text(
        &self,
        language: Language,
        name: &str,
        variables: &[(&str, &str)],
    ) -> Option<String> {
        let text = self.0.get(language.tag())?.get(name)?;
        let mut filled = String::new();
        // In a script from right to left, marks keep a value of another direction in its place.
        let [before, after] =
            if language.direction() == "rtl" { ["\u{2068}", "\u{2069}"] } else { [""; 2] };
        for part in parts(text).ok()? {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Variable(name) => {
                    let value = variables.iter().find(|(known, _)| *known == name)?.1;
                    filled.extend([before, value, after]);
                }
            }
        }
        Some(filled)
    }

    /// Checks every text and returns the first bad one as an error.
    pub(super) fn check(&self) -> Result<(), BadKey> {
        for (tag, texts) in &self.0 {
            for (name, text) in texts {
                if let Err(why) = fault_of(tag, name, text) {
                    let why = format!("has {tag}.{name}, which {why}");
                    return Err(BadKey { key: "mail.words", why });
                }
            }
            if Language::of_tag(tag).is_none() {
                let known = Language::ALL.map(Language::tag).join(", ");
                let why = format!("has the language {tag:?}, and there are {known}");
                return Err(BadKey { key: "mail.words", why });
            }
        }
        Ok(())
    }
}

fn fault_of(tag: &str, name: &str, text: &str) -> Result<(), String> {
    let Some((_, variables)) = NAMES.iter().find(|(known, _)| *known == name) else {
        let known = NAMES.map(|(name, _)| name).join(", ");
        return Err(format!("is no text of mail.words.{tag}: these are {known}"));
    };
    // A line break in a subject would be a header; marks of direction could hide what follows.
    let is_odd =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.trim().is_empty() || text.chars().any(is_odd) {
        return Err("must be a text of one line".to_owned());
    }
    if text.chars().count() > LONGEST {
        return Err(format!("must have at most {LONGEST} characters"));
    }
    for part in parts(text)? {
        if let Part::Variable(name) = part
            && !variables.contains(&name)
        {
            let known: Vec<String> =
                variables.iter().map(|variable| format!("{{{variable}}}")).collect();
            return Err(format!("has {{{name}}}, and may have {}", known.join(", ")));
        }
    }
    Ok(())
}

/// A part of a text: as it is, or a variable.
enum Part<'a> {
    Text(&'a str),
    Variable(&'a str),
}

fn parts(text: &str) -> Result<Vec<Part<'_>>, String> {
    let lone = || "has a brace alone: a variable is written like {brand}".to_owned();
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').ok_or_else(lone)?;
        parts.extend([Part::Text(before), Part::Variable(name)]);
        rest = behind;
    }
    parts.push(Part::Text(rest));
    let has_lone = parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains('}')));
    if has_lone { Err(lone()) } else { Ok(parts) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(tag: &str, name: &str, text: &str) -> MailWords {
        let texts = BTreeMap::from([(name.to_owned(), text.to_owned())]);
        MailWords(BTreeMap::from([(tag.to_owned(), texts)]))
    }

    #[test]
    fn variables_of_a_text_are_filled_and_kept_apart_in_arabic() {
        let variables = [("brand", "Engines"), ("code", "123 456")];
        let text = |tag, language| {
            words(tag, "subject_code", "{code}: {brand}!").text(
                language,
                "subject_code",
                &variables,
            )
        };
        assert_eq!(text("en", Language::En).as_deref(), Some("123 456: Engines!"));
        assert_eq!(text("de", Language::En), None);
        let arabic = text("ar", Language::Ar).unwrap();
        assert_eq!(arabic, "\u{2068}123 456\u{2069}: \u{2068}Engines\u{2069}!");
    }

    #[test]
    fn a_text_that_cannot_be_shown_is_refused() {
        for (tag, name, text, says) in [
            ("en", "subject", "{code} for you", "has {code}, and may have {brand}, {lifetime}"),
            ("en", "subject", "Hello {brand", "has a brace alone"),
            ("en", "subject", "Hello brand}", "has a brace alone"),
            ("en", "title", "a\r\nBcc: eve@example.com", "must be a text of one line"),
            ("en", "title", "a\u{202e}b", "must be a text of one line"),
            ("en", "title", "  ", "must be a text of one line"),
            ("en", "greeting", "Hi", "is no text of mail.words.en: these are subject,"),
            ("xx", "title", "Hi", "has the language \"xx\", and there are en, de, ar"),
        ] {
            let BadKey { key, why } = words(tag, name, text).check().unwrap_err();
            assert!(key == "mail.words" && why.contains(says), "{text}: {why}");
        }
        let long = words("en", "title", &"x".repeat(301)).check().unwrap_err();
        assert!(long.why.ends_with("must have at most 300 characters"), "{}", long.why);
        assert_eq!(words("de", "once", "Gilt {lifetime}, <b>einmal</b>.").check(), Ok(()));
    }
}
