//! The keys of the policy that operators may override: those that apply without a restart and are
//! neither secrets nor wiring.

use std::sync::LazyLock;

use super::mail_words;
use crate::server::ground::words::Language;

/// The kind of values that a key has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Choice(&'static [&'static str]),
    Flag,
    /// Texts, separated by commas where they are typed.
    List,
    Number,
    Text,
}

/// A key that may be overridden, such as `auth.mode`.
#[derive(Clone, Debug)]
pub struct Steerable {
    pub key: String,
    pub kind: Kind,
}

const FIXED: [(&str, Kind); 32] = [
    ("auth.mode", Kind::Choice(&["LINK_OTP", "LINK", "OTP"])),
    ("auth.expires_in", Kind::Number),
    ("auth.same_browser", Kind::Choice(&["enforce", "confirm", "match"])),
    ("auth.resend", Kind::Choice(&["rotate", "keep"])),
    ("auth.resend_cooldown", Kind::Number),
    ("auth.code_tries", Kind::Number),
    ("auth.sign_up", Kind::Choice(&["open", "closed", "invited", "waitlist"])),
    ("auth.passwords", Kind::Choice(&["off", "optional"])),
    ("sign_up.domains", Kind::List),
    ("sign_up.blocked_domains", Kind::List),
    ("sign_up.disposable", Kind::Choice(&["allowed", "refused"])),
    ("sign_up.sub_addresses", Kind::Choice(&["allowed", "refused"])),
    ("sign_up.invitation_expires_in", Kind::Number),
    ("sign_up.waitlist_per_hour", Kind::Number),
    ("sign_up.waitlist_days", Kind::Number),
    ("limits.mails_per_minute", Kind::Number),
    ("limits.mails_per_hour", Kind::Number),
    ("limits.sends_per_minute", Kind::Number),
    ("limits.verifies_per_minute", Kind::Number),
    ("limits.code_failures_per_hour", Kind::Number),
    ("limits.code_failures_per_day", Kind::Number),
    ("limits.total_mails_per_minute", Kind::Number),
    ("limits.total_code_failures_per_minute", Kind::Number),
    ("session.token_ttl", Kind::Number),
    ("session.max_age", Kind::Number),
    ("mail.new_device_notice", Kind::Flag),
    ("mail.passed_over", Kind::List),
    ("brand.name", Kind::Text),
    ("brand.accent", Kind::Text),
    ("brand.support", Kind::Text),
    ("brand.terms", Kind::Text),
    ("brand.privacy", Kind::Text),
];

static KEYS: LazyLock<Vec<Steerable>> = LazyLock::new(|| {
    let fixed = FIXED.iter().map(|(key, kind)| Steerable { key: (*key).to_owned(), kind: *kind });
    let words = Language::ALL.into_iter().flat_map(|language| {
        mail_words::NAMES.map(|(name, _)| Steerable {
            key: format!("mail.words.{}.{name}", language.tag()),
            kind: Kind::Text,
        })
    });
    fixed.chain(words).collect()
});

/// Returns every key that may be overridden.
pub fn keys() -> &'static [Steerable] {
    &KEYS
}

/// Returns the key of this name, if it may be overridden.
pub fn named(key: &str) -> Option<&'static Steerable> {
    KEYS.iter().find(|steerable| steerable.key == key)
}

impl Kind {
    /// Parses what an operator typed. An error is the rest of a sentence that starts with the key.
    pub fn parse(self, text: &str) -> Result<toml::Value, String> {
        let text = text.trim();
        match self {
            Kind::Choice(choices) if choices.contains(&text) => Ok(text.into()),
            Kind::Choice(choices) => {
                Err(format!("must be one of {}, and is {text:?}", choices.join(", ")))
            }
            Kind::Flag => {
                let flag = text.parse::<bool>().map(toml::Value::from);
                flag.map_err(|_| format!("must be true or false, and is {text:?}"))
            }
            Kind::List => {
                let items = text.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty());
                Ok(items.map(toml::Value::from).collect::<Vec<_>>().into())
            }
            Kind::Number => {
                let number = text.parse::<u32>().map(|number| i64::from(number).into());
                number.map_err(|_| format!("must be a whole number, and is {text:?}"))
            }
            Kind::Text if text.is_empty() || text.contains(char::is_control) => {
                Err("must be a text of one line".to_owned())
            }
            Kind::Text => Ok(text.into()),
        }
    }
}
