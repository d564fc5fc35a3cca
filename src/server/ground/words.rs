//! The words that people read, in their language, from `words/<language>/latchkey.ftl`.
//!
//! The language is that of the current task: the router sets it for each request, the outbox for
//! each mail. So code that needs words does not have to be given a language.

use i18n_embed::{
    I18nAssets, LanguageLoader, fluent::FluentLanguageLoader, unic_langid::LanguageIdentifier,
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, future::Future, sync::OnceLock};
use time::OffsetDateTime;

use super::clock::{Millis, SECOND};

/// A language with a catalogue of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    #[default]
    En,
    De,
    Ar,
}

impl Language {
    pub const ALL: [Language; 3] = [Language::En, Language::De, Language::Ar];

    /// Returns the tag that HTML and HTTP use (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::De => "de",
            Language::Ar => "ar",
        }
    }

    /// Returns the name in the language itself.
    pub fn name(self) -> &'static str {
        match self {
            Language::En => "English",
            Language::De => "Deutsch",
            Language::Ar => "العربية",
        }
    }

    /// Returns the direction of its script, as HTML names it.
    pub fn direction(self) -> &'static str {
        if self == Language::Ar { "rtl" } else { "ltr" }
    }

    /// Returns the language with this tag.
    pub fn of_tag(tag: &str) -> Option<Self> {
        Language::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// Returns the language of ours that an `Accept-Language` header prefers (RFC 9110, 12.5.4),
    /// whatever the country. Of two with equal preference, the first in the header wins. `q=0`
    /// excludes a language.
    pub fn accepted(header: &str) -> Self {
        // Longer headers are cut: no browser sends them.
        let header = header.get(..300).unwrap_or(header);
        let ranges: Vec<(&str, f32)> = header.split(',').filter_map(range).collect();
        let liking = |language: Language| {
            let named = |tag: &&(&str, f32)| tag.0.eq_ignore_ascii_case(language.tag());
            let wish = ranges.iter().filter(named).map(|(_, q)| *q).reduce(f32::max);
            wish.or_else(|| ranges.iter().find(|(tag, _)| *tag == "*").map(|(_, q)| *q))
        };
        let place = |language: Language| {
            ranges.iter().position(|(tag, _)| tag.eq_ignore_ascii_case(language.tag()))
        };
        let mut liked = Language::ALL.map(|language| (liking(language), language));
        // The sort is stable: first by place, then by preference.
        liked.sort_by_key(|(_, language)| place(*language).unwrap_or(usize::MAX));
        liked.sort_by(|(one, _), (other, _)| other.unwrap_or(0.0).total_cmp(&one.unwrap_or(0.0)));
        match liked[0] {
            (Some(q), language) if q > 0.0 => language,
            // No preference: the default, unless it is excluded and another is not.
            _ => Language::ALL
                .into_iter()
                .find(|language| liking(*language).is_none())
                .unwrap_or_default(),
        }
    }

    fn identifier(self) -> LanguageIdentifier {
        self.tag().parse().unwrap_or_default()
    }

    fn loader(self) -> &'static FluentLanguageLoader {
        // Each when it is first needed: most servers speak one or two.
        static LOADERS: [OnceLock<FluentLanguageLoader>; Language::ALL.len()] =
            [const { OnceLock::new() }; Language::ALL.len()];
        LOADERS[self as usize].get_or_init(|| load(self))
    }
}

/// Parses one range of an `Accept-Language` header: its language without the country, and its
/// quality. `None` if the quality is no number: a range that cannot be read excludes nothing.
fn range(text: &str) -> Option<(&str, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let tag = parts.next()?.split('-').next()?;
    let quality = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    Some((tag, quality.map_or(Some(1.0), |q| q.trim().parse().ok())?))
}

/// The word files, as they are in the program.
struct Catalogues;

impl I18nAssets for Catalogues {
    fn get_files(&self, path: &str) -> Vec<Cow<'_, [u8]>> {
        match path {
            "en/latchkey.ftl" => vec![include_bytes!("../../../words/en/latchkey.ftl").into()],
            "de/latchkey.ftl" => vec![include_bytes!("../../../words/de/latchkey.ftl").into()],
            "ar/latchkey.ftl" => vec![include_bytes!("../../../words/ar/latchkey.ftl").into()],
            _ => Vec::new(),
        }
    }

    fn filenames_iter(&self) -> Box<dyn Iterator<Item = String> + '_> {
        Box::new(
            Language::ALL.into_iter().map(|language| format!("{}/latchkey.ftl", language.tag())),
        )
    }
}

fn load(language: Language) -> FluentLanguageLoader {
    let loader = FluentLanguageLoader::new("latchkey", language.identifier());
    if let Err(error) = loader.load_languages(&Catalogues, &[language.identifier()]) {
        tracing::error!(%error, "the words of a language cannot be read");
    }
    // Marks around inserted values keep text of another direction in its place. In a script from
    // left to right they would only be odd characters in subjects.
    loader.set_use_isolating(language.direction() == "rtl");
    loader
}

tokio::task_local! {
    static LANGUAGE: Language;
}

/// Runs `work` in this language.
pub fn within<F: Future>(language: Language, work: F) -> impl Future<Output = F::Output> {
    LANGUAGE.scope(language, work)
}

/// Runs `say` in this language, synchronously.
pub fn speaking<T>(language: Language, say: impl FnOnce() -> T) -> T {
    LANGUAGE.sync_scope(language, say)
}

/// Returns the language of the current task, or English outside of any.
pub fn language() -> Language {
    LANGUAGE.try_with(|language| *language).unwrap_or_default()
}

/// Returns the words in the language of the current task, for `say!`.
pub fn words() -> &'static FluentLanguageLoader {
    language().loader()
}

/// Returns a sentence of the catalogue in the language of the current task. A missing key or
/// argument fails the build.
macro_rules! say {
    ($($sentence:tt)*) => {
        i18n_embed_fl::fl!($crate::server::ground::words::words(), $($sentence)*)
    };
}
pub(crate) use say;

/// Returns a waiting time in words.
pub fn duration(seconds: u64) -> String {
    match seconds {
        0..=90 => say!("seconds", n = seconds.max(1)),
        91..=5400 => say!("minutes", n = seconds.div_ceil(60)),
        5401..=129_600 => say!("hours", n = seconds.div_ceil(3600)),
        _ => say!("days", n = seconds.div_ceil(86_400)),
    }
}

/// Returns in words how long ago `at` is.
pub fn ago(at: Millis, now: Millis) -> String {
    match super::clock::seconds_until(at, now) {
        0..10 => say!("just-now"),
        seconds => say!("ago", duration = duration(seconds)),
    }
}

/// Returns a date and a time of day, in UTC: the reader of a mail may be anywhere.
pub fn date(at: Millis) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at.div_euclid(SECOND))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let time = format!("{:02}:{:02}", at.hour(), at.minute());
    say!(
        "date",
        year = at.year().to_string(),
        month = u8::from(at.month()),
        day = at.day(),
        time = time
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_preferred_available_language_is_chosen() {
        for (header, language) in [
            ("", Language::En),
            ("fr, ja;q=0.5", Language::En),
            ("de-AT, en;q=0.5", Language::De),
            ("en-GB, de;q=0.5", Language::En),
            ("fr, de;q=0.5, en;q=0.3", Language::De),
            ("en;q=0.3, de;q=0.9", Language::De),
            ("*", Language::En),
            ("\u{7f}; nonsense", Language::En),
        ] {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }

    #[tokio::test]
    async fn times_are_worded_as_people_say_them() {
        let said = || {
            let times = [1, 30, 600, 7_200, 86_400, 167 * 3_600].map(duration);
            [&times[..], &[date(1_767_268_800_000)]].concat()
        };
        assert_eq!(
            said(),
            [
                "a second",
                "30 seconds",
                "10 minutes",
                "2 hours",
                "24 hours",
                "7 days",
                "January 1, 2026, 12:00 UTC"
            ]
        );
        let german = within(Language::De, async { said() }).await;
        assert_eq!(
            german,
            [
                "einer Sekunde",
                "30 Sekunden",
                "10 Minuten",
                "2 Stunden",
                "24 Stunden",
                "7 Tagen",
                "1. Januar 2026, 12:00 UTC"
            ]
        );
        assert_eq!(date(1_709_208_000_000), "February 29, 2024, 12:00 UTC");
    }

    #[test]
    fn a_date_says_each_of_its_parts_once_in_every_language() {
        for language in Language::ALL {
            let said = speaking(language, || date(1_767_268_800_000));
            for part in ["2026", "12:00", "UTC"] {
                assert_eq!(said.matches(part).count(), 1, "{}: {said}", language.tag());
            }
        }
    }
}
