//! The team's own look: its accent and its logo, as pages and mails use them.

use axum::body::Bytes;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Maximum size of a logo in bytes: every user loads it before signing in.
const LOGO: u64 = 64 * 1024;
const KINDS: [(&str, &str); 4] =
    [("svg", "image/svg+xml"), ("png", "image/png"), ("webp", "image/webp"), ("jpg", "image/jpeg")];

/// The parts of a brand that are computed once, when the policy is read.
#[derive(Clone, Debug, Default)]
pub struct BrandFiles {
    /// Our own accent, unless the policy names another.
    pub accent: Accent,
    pub stylesheet: Option<File>,
    pub logo: Option<File>,
}

/// A file that pages load.
#[derive(Clone, Debug)]
pub struct File {
    /// Media type.
    pub kind: &'static str,
    pub bytes: Bytes,
    /// Part of the file's URL, so that browsers may cache the file forever.
    version: String,
}

impl File {
    pub fn stylesheet(text: String) -> Self {
        File::new("text/css; charset=utf-8", text.into())
    }

    /// Returns its URL, which changes with its content, at a path.
    pub fn url(&self, path: &str) -> String {
        format!("{path}?v={}", self.version)
    }

    fn new(kind: &'static str, bytes: Vec<u8>) -> Self {
        let digest = Sha256::digest(&bytes);
        let version = digest[..6].iter().map(|byte| format!("{byte:02x}")).collect();
        File { kind, bytes: bytes.into(), version }
    }
}

impl BrandFiles {
    /// Builds the files from an accent like `#3a50d9` and the path of a logo. An error is the key
    /// at fault, and the rest of a sentence that starts with it.
    pub fn new(accent: Option<&str>, logo: Option<&Path>) -> Result<Self, (&'static str, String)> {
        let logo = logo.map(read_logo).transpose().map_err(|why| ("brand.logo", why))?;
        BrandFiles { logo, ..BrandFiles::default() }.with_accent(accent)
    }

    /// Builds the files with another accent, and the same logo.
    pub fn with_accent(&self, accent: Option<&str>) -> Result<Self, (&'static str, String)> {
        let accent = accent.map(|accent| Colour::parse(accent).map(Accent::of)).transpose();
        let accent = accent.map_err(|why| ("brand.accent", why))?;
        let stylesheet = accent.as_ref().map(|accent| File::stylesheet(accent.stylesheet()));
        let logo = self.logo.clone();
        Ok(BrandFiles { accent: accent.unwrap_or_default(), stylesheet, logo })
    }

    /// Returns the URL of the stylesheet that overrides ours, if there is one.
    pub fn stylesheet(&self) -> Option<String> {
        self.stylesheet.as_ref().map(|file| file.url("/brand.css"))
    }

    /// Returns the URL of the team's logo, if there is one.
    pub fn logo(&self) -> Option<String> {
        self.logo.as_ref().map(|file| file.url("/brand-logo"))
    }

    /// Returns the URL of the icon that browsers show in a tab.
    pub fn icon(&self) -> String {
        self.logo().unwrap_or("/favicon.svg".to_owned())
    }
}

fn read_logo(path: &Path) -> Result<File, String> {
    let name = path.display();
    let ending = path
        .extension()
        .and_then(|ending| ending.to_str())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let kind = KINDS.iter().find_map(|(known, kind)| (*known == ending).then_some(*kind));
    let kind = kind.ok_or_else(|| {
        format!("must be a file that ends in .svg, .png, .webp or .jpg, and is {name}")
    })?;
    let bytes =
        std::fs::read(path).map_err(|error| format!("is {name}, which cannot be read: {error}"))?;
    if bytes.len() as u64 > LOGO {
        return Err(format!(
            "is {name} of {} KiB; {} KiB is the most",
            bytes.len() / 1024,
            LOGO / 1024
        ));
    }
    Ok(File::new(kind, bytes))
}

/// An sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

const WHITE: Colour = Colour([0xff; 3]);
const INK: Colour = Colour([0x14, 0x16, 0x1c]);
/// The surfaces of `style/tokens.css` that accents appear on.
const LIGHT: Colour = Colour([0xf5, 0xf6, 0xf8]);
const DARK: Colour = Colour([0x1f, 0x22, 0x2a]);

/// Minimum contrast of text against its background (WCAG 2.2, 1.4.3), and of a button (1.4.11).
const TEXT: f64 = 4.5;
const SHAPE: f64 = 3.0;

impl Colour {
    /// Parses `#` and six hexadecimal digits, as in `#3a50d9`.
    fn parse(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii());
        let channel =
            |at: usize| digits.and_then(|digits| u8::from_str_radix(&digits[at..at + 2], 16).ok());
        match (channel(0), channel(2), channel(4)) {
            (Some(red), Some(green), Some(blue)) => Ok(Colour([red, green, blue])),
            _ => Err(format!(
                "must be \"#\" and six hexadecimal digits, like \"#3a50d9\", and is {text:?}"
            )),
        }
    }

    pub fn hex(self) -> String {
        let [red, green, blue] = self.0;
        format!("#{red:02x}{green:02x}{blue:02x}")
    }

    /// Returns the "relative luminance" of WCAG 2.2.
    fn luminance(self) -> f64 {
        let linear = |channel: u8| match f64::from(channel) / 255.0 {
            dark if dark <= 0.04045 => dark / 12.92,
            bright => ((bright + 0.055) / 1.055).powf(2.4),
        };
        let [red, green, blue] = self.0;
        0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
    }

    /// Returns the "contrast ratio" of WCAG 2.2, from 1 to 21.
    fn contrast(self, other: Colour) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    /// Mixes in `share` (0 to 1) of another colour.
    fn towards(self, other: Colour, share: f64) -> Colour {
        let mut mixed = self.0;
        for (mine, theirs) in mixed.iter_mut().zip(other.0) {
            *mine =
                (f64::from(*mine) + (f64::from(theirs) - f64::from(*mine)) * share).round() as u8;
        }
        Colour(mixed)
    }

    /// Mixes in the least of `end` that reaches `contrast` against `ground`.
    fn until(self, end: Colour, ground: Colour, contrast: f64) -> Colour {
        (0..=100)
            .map(|step| self.towards(end, f64::from(step) / 100.0))
            .find(|mixed| mixed.contrast(ground) >= contrast)
            .unwrap_or(end)
    }
}

/// An accent in each of its uses, corrected so that people can read it.
#[derive(Clone, Debug)]
pub struct Accent {
    /// Fill of a button, on a light and on a dark background.
    pub fill: [Colour; 2],
    /// Text on that fill.
    pub on_fill: Colour,
    /// The same colour as text, for links.
    ink: [Colour; 2],
}

impl Default for Accent {
    fn default() -> Self {
        Accent::of(Colour([0x3a, 0x50, 0xd9]))
    }
}

impl Accent {
    fn of(accent: Colour) -> Self {
        // A bright colour stays as it is and gets dark text. Any other is darkened until white text
        // is readable on it.
        let is_bright = accent.contrast(WHITE) < SHAPE && accent.contrast(INK) >= TEXT;
        let (on_fill, fill) =
            if is_bright { (INK, accent) } else { (WHITE, accent.until(INK, WHITE, TEXT)) };
        // The button must stand out from a dark background, too, as far as its text stays readable.
        let brighter = fill.until(WHITE, DARK, SHAPE);
        let on_dark = if brighter.contrast(on_fill) >= TEXT { brighter } else { fill };
        Accent {
            fill: [fill, on_dark],
            on_fill,
            ink: [accent.until(INK, LIGHT, TEXT + 0.5), accent.until(WHITE, DARK, TEXT + 1.5)],
        }
    }

    /// Returns rules that override `style/tokens.css`. Users who ask for more contrast get our own
    /// colours, which have it.
    fn stylesheet(&self) -> String {
        let Accent { fill: [light, dark], on_fill, ink: [ink_light, ink_dark] } = self;
        let pair =
            |light: Colour, dark: Colour| format!("light-dark({}, {})", light.hex(), dark.hex());
        let end = if *on_fill == WHITE { INK } else { WHITE };
        format!(
            "@media not (prefers-contrast: more) {{\n  :root {{\n    --accent: {};\n    --accent-strong: {};\n    --on-accent: {};\n    \
             --accent-ink: {};\n    --accent-soft: {};\n  }}\n}}\n",
            pair(*light, *dark),
            pair(light.towards(end, 0.14), dark.towards(end, 0.1)),
            on_fill.hex(),
            pair(*ink_light, *ink_dark),
            pair(light.towards(WHITE, 0.9), dark.towards(DARK, 0.75)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_on_and_in_any_accent_colour_is_readable() {
        for accent in [
            "#3a50d9", "#ffff00", "#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#777777",
            "#ff6b35", "#0a2540",
        ] {
            let corrected = Accent::of(Colour::parse(accent).unwrap());
            for fill in corrected.fill {
                assert!(fill.contrast(corrected.on_fill) >= TEXT, "{accent}: {corrected:?}");
            }
            let [on_light, on_dark] = corrected.ink;
            assert!(
                on_light.contrast(LIGHT) >= TEXT && on_light.contrast(WHITE) >= TEXT,
                "{accent}: {corrected:?}"
            );
            assert!(on_dark.contrast(DARK) >= TEXT, "{accent}: {corrected:?}");
        }
    }

    #[test]
    fn the_default_colours_are_those_of_the_stylesheet() {
        let tokens = include_str!("../../../style/tokens.css");
        let pair =
            |light: Colour, dark: Colour| format!("light-dark({}, {})", light.hex(), dark.hex());
        let ours = Accent::default();
        let accent = format!("--accent: light-dark({}, ", ours.fill[0].hex());
        let [ground, sunken] = [
            format!("--ground: light-dark({}, ", LIGHT.hex()),
            format!("--sunken: {};", pair(LIGHT, DARK)),
        ];
        for line in [accent, ground, sunken, format!("--ink: light-dark({}, ", INK.hex())] {
            assert!(tokens.contains(&line), "{line}");
        }
    }

    #[test]
    fn a_readable_accent_stays_as_it_is() {
        assert_eq!(Accent::of(Colour::parse("#3a50d9").unwrap()).fill[0].hex(), "#3a50d9");
        assert_eq!(Accent::of(Colour::parse("#ffd60a").unwrap()).fill[0].hex(), "#ffd60a");
    }

    #[test]
    fn a_text_that_is_not_a_colour_is_refused() {
        for text in ["red", "#fff", "#12345g", "123456", "#1234567", "#ä1234"] {
            assert!(Colour::parse(text).is_err(), "{text}");
        }
    }
}
