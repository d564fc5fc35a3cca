//! Addresses in their readable spelling, for pages and mails.

use unicode_security::{GeneralSecurityProfile, MixedScript, skeleton};

use super::address::Address;

/// Returns the address with a readable domain: `ada@bücher.example`, where the canonical spelling
/// has `xn--bcher-kva`.
pub fn shown(address: &Address) -> String {
    let (local, domain) = address.local_and_domain();
    let labels: Vec<String> = domain.split('.').map(label).collect();
    format!("{local}@{}", labels.join("."))
}

/// Returns a label in its own script, or as ASCII if it could be mistaken for another: if it mixes
/// scripts, has characters that no language is written with, or looks like ASCII as a whole (UTS
/// 39, 5.1, 3.1 and 4).
fn label(ascii: &str) -> String {
    let (unicode, valid) = idna::domain_to_unicode(ascii);
    let is_safe = valid.is_ok()
        && idna::domain_to_ascii(&unicode).is_ok_and(|back| back == ascii)
        && unicode.chars().all(GeneralSecurityProfile::identifier_allowed)
        && unicode.is_single_script()
        && !skeleton(&unicode).all(|c| c.is_ascii());
    if is_safe { unicode } else { ascii.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(address: &str) -> String {
        shown(&Address::parse(address).unwrap())
    }

    #[test]
    fn a_domain_is_shown_as_people_write_it() {
        for address in [
            "ada@example.com",
            "ada@bücher.example",
            "संपर्क@डाटामेल.भारत",
            "用户@例え.jp",
            "ada@почта.рф",
            "ada@mail.ไทย.example",
            "ada@straße.example",
        ] {
            assert_eq!(seen(address), address);
        }
    }

    #[test]
    fn a_domain_that_looks_like_another_is_shown_as_punycode() {
        for address in [
            // Cyrillic а among Latin letters, and Latin a among Cyrillic ones.
            "ada@pаypal.com",
            "ada@поchта.рф",
            // Cyrillic alone, and all of it looks Latin.
            "ada@аррӏе.com",
            "ada@ѕсоре.example",
            // Dotless i, script g, a Greek omicron.
            "ada@gıthub.com",
            "ada@ɡoogle.com",
            "ada@gοogle.com",
        ] {
            let shown = seen(address);
            assert!(shown.starts_with("ada@xn--"), "{shown}");
        }
    }
}
