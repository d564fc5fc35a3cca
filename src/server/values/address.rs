//! Email addresses: parsed once, with one spelling per mailbox.

use idna::AsciiDenyList;
use std::fmt;
use unicode_normalization::UnicodeNormalization;

use crate::server::ground::{
    error::Error,
    unicode::{is_blank, is_invisible, is_joiner, is_joiner_in_place, is_mark},
};

/// Longest local part, domain (RFC 5321, 4.5.3.1) and whole address (RFC 3696, erratum 1690), in
/// octets.
const LOCAL: usize = 64;
const DOMAIN: usize = 255;
const WHOLE: usize = 254;

/// Normalised email address: NFKC, local part in lower case, domain as lower-case A-labels. It has
/// no `Display` and masks itself in `Debug`, so that no log gets a whole one by accident.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, sqlx::Type)]
#[sqlx(transparent)]
pub struct Address(String);

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&masked(&self.0))
    }
}

impl Address {
    /// Parses one mailbox in any of its spellings. Refuses quotes, comments, display names, IP
    /// literals and domains without a dot: mail to them is a mistake or an attempt to smuggle in a
    /// header or a second recipient.
    pub fn parse(text: &str) -> Result<Self, Error> {
        // Longer than any address can be, whatever its normalisation: not worth the work.
        if text.len() > 4 * WHOLE {
            return Err(Error::InvalidEmail);
        }
        // Invisible characters get copied along from contact cards and web pages. Around an address
        // they mean nothing; inside one they are there to deceive.
        let text = text.trim_matches(is_blank);
        if text.chars().any(|c| is_invisible(c) && !is_joiner(c)) {
            return Err(Error::InvalidEmail);
        }
        let text: String = text.nfkc().collect();
        let (local, domain) = text.split_once('@').ok_or(Error::InvalidEmail)?;
        let local = as_mailboxes_are_spelt(local.to_lowercase().nfkc().collect());
        let domain = idna::domain_to_ascii_cow(domain.as_bytes(), AsciiDenyList::STD3)
            .map_err(|_| Error::InvalidEmail)?;
        let address = format!("{local}@{domain}");
        if is_local(&local) && is_domain(&domain) && address.len() <= WHOLE {
            Ok(Address(address))
        } else {
            Err(Error::InvalidEmail)
        }
    }

    /// Takes an address that was parsed before it was stored.
    pub fn stored(text: String) -> Self {
        Address(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn local_and_domain(&self) -> (&str, &str) {
        self.0.rsplit_once('@').unwrap_or((&self.0, ""))
    }
}

/// Parses a domain in any of its spellings into the one that addresses have. One label is enough:
/// it may be one that domains end in. `None` if it is no domain.
pub fn parse_domain(text: &str) -> Option<String> {
    let text: String = text.trim().nfkc().collect();
    let domain = idna::domain_to_ascii_cow(text.as_bytes(), AsciiDenyList::STD3).ok()?;
    is_domain(&format!("a.{domain}")).then(|| domain.into_owned())
}

/// Restores two vowels that NFKC decomposes. Every Thai or Lao keyboard has each as one character,
/// and mail servers name mailboxes as keyboards write them.
fn as_mailboxes_are_spelt(local: String) -> String {
    local.replace("\u{e4d}\u{e32}", "\u{e33}").replace("\u{ecd}\u{eb2}", "\u{eb3}")
}

/// Reports whether `local` is a dot-atom (RFC 5322, 3.2.3), with words of any script (RFC 6531).
fn is_local(local: &str) -> bool {
    local.len() <= LOCAL && local.split('.').all(is_atom)
}

/// Characters that are neither letter nor mark, but occur inside words of Catalan, Hebrew, Sindhi,
/// Tibetan and Japanese (RFC 5892, 2.6).
const WITHIN_WORDS: &str = "\u{b7}\u{5f3}\u{5f4}\u{6fd}\u{6fe}\u{f0b}\u{30fb}";

fn is_atom(atom: &str) -> bool {
    let atom: Vec<char> = atom.chars().collect();
    let is_fine = |at: usize| {
        let (before, c, after) = (&atom[..at], atom[at], &atom[at + 1..]);
        let is_behind_a_letter =
            || before.last().is_some_and(|c| c.is_alphanumeric() || is_mark(*c) || is_joiner(*c));
        if is_mark(c) || WITHIN_WORDS.contains(c) {
            is_behind_a_letter()
        } else if is_joiner(c) {
            is_joiner_in_place(before, c, after)
        } else {
            c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
        }
    };
    !atom.is_empty() && (0..atom.len()).all(is_fine)
}

fn is_domain(domain: &str) -> bool {
    let labels: Vec<&str> = domain.split('.').collect();
    let label = |label: &&str| {
        !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    domain.len() <= DOMAIN
        && labels.len() > 1
        && labels.iter().all(label)
        && labels.last().is_some_and(|top| !top.bytes().all(|byte| byte.is_ascii_digit()))
}

/// True for domains that can never be in the DNS (RFC 2606, RFC 6761).
pub fn is_reserved(domain: &str) -> bool {
    let last_two = domain.rsplitn(3, '.').take(2).collect::<Vec<_>>();
    matches!(last_two[..], ["localhost" | "test" | "invalid" | "example", ..])
        || matches!(last_two[..], ["com" | "net" | "org", "example"])
}

/// Masks an address as `a***@example.com`: enough for an operator to recognise, too little to
/// harvest from a log (ASVS 5.0 16.2.5).
pub fn masked(address: &str) -> String {
    match address.split_once('@') {
        Some((local, domain)) => {
            format!("{}***@{domain}", local.chars().next().unwrap_or_default())
        }
        None => "***".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Option<String> {
        Address::parse(text).ok().map(|address| address.0)
    }

    #[test]
    fn every_spelling_of_a_mailbox_is_one_identity() {
        for spelling in
            ["Ada@Example.COM", "  ada@example.com\n", "ａｄａ@example.com", "ada@EXAMPLE。com"]
        {
            assert_eq!(parsed(spelling).as_deref(), Some("ada@example.com"), "{spelling}");
        }
        assert_eq!(parsed("Jose\u{301}@example.com"), parsed("jos\u{e9}@example.com"));
        assert_eq!(parsed("ada@bücher.example").as_deref(), Some("ada@xn--bcher-kva.example"));
        assert_eq!(parsed("ada@bücher.example"), parsed("ada@XN--BCHER-KVA.example"));
    }

    #[test]
    fn a_mailbox_may_be_named_in_any_script() {
        for address in [
            "संपर्क@डाटामेल.भारत",
            "ผู้ใช้ทดสอบ@ยูเอทดสอบ.ไทย",
            "น้ำ@example.com",
            "இந்தியா@example.com",
            "မြန်မာ@example.com",
            "ទំនាក់ទំនង@example.com",
            "علی\u{200c}رضا@example.com",
            "می\u{200c}خواهم.نامه@example.com",
            "র\u{200d}্যাব@example.com",
            "ක්\u{200d}ෂණ@example.com",
            "བཀྲ་ཤིས@example.com",
            "ペー・ジ@example.com",
        ] {
            let parsed = parsed(address).unwrap_or_else(|| panic!("{address} is refused"));
            let (local, _) = address.split_once('@').unwrap();
            assert!(parsed.starts_with(&format!("{local}@")), "{address} became {parsed}");
        }
    }

    #[test]
    fn invisible_characters_are_trimmed_at_the_ends_and_refused_within() {
        for blank in [
            '\u{200b}', '\u{feff}', '\u{2060}', '\u{ad}', '\u{202a}', '\u{202c}', '\u{200e}',
            '\u{2066}', '\u{2069}', '\u{200d}', '\u{61c}', '\u{fe0f}', '\u{a0}', '\u{3000}',
        ] {
            let ada = Some("ada@example.com");
            let around = format!("{blank} {blank}ada@example.com{blank}\n{blank}");
            assert_eq!(parsed(&around).as_deref(), ada, "{blank:?}");
            for within in
                ["ad_a@example.com", "ada_@example.com", "ada@_example.com", "ada@exam_ple.com"]
            {
                assert_eq!(parsed(&within.replace('_', &blank.to_string())), None, "{blank:?}");
            }
        }
        assert_eq!(parsed("\u{200b}"), None);
    }

    #[test]
    fn text_that_is_not_one_plain_mailbox_is_refused() {
        for bad in [
            "\u{301}ada@example.com",
            "ada.\u{94d}@example.com",
            "a+\u{94d}@example.com",
            "سلام\u{200c}@example.com",
            "سلام\u{200c}\u{200c}علی@example.com",
            "·ada@example.com",
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@@example.com",
            "a@b@example.com",
            "ada@localhost",
            "\"ada\"@example.com",
            "ada(x)@example.com",
            "Ada <ada@example.com>",
            "ada@[127.0.0.1]",
            "ada@127.0.0.1",
            "ada@example.com\r\nBcc: eve@example.com",
            "ada\u{0}@example.com",
            "ada@example.com,eve@example.com",
            "ada eve@example.com",
            ".ada@example.com",
            "ada..b@example.com",
            "ada@-example.com",
            "ada@example..com",
            "ada@exa_mple.com",
            "ada%0a@example.com\n,x@example.com",
        ] {
            assert_eq!(parsed(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn lengths_are_counted_in_octets() {
        let local = |n| format!("{}@example.com", "a".repeat(n));
        assert!(parsed(&local(64)).is_some());
        assert!(parsed(&local(65)).is_none());
        let whole = |n: usize| {
            let labels =
                format!("{}.{}.{}.{}", "b".repeat(63), "c".repeat(63), "d".repeat(60), "example");
            format!("{}@{labels}", "a".repeat(n - labels.len() - 1))
        };
        assert_eq!(whole(254).len(), 254);
        assert!(parsed(&whole(254)).is_some());
        assert!(parsed(&whole(255)).is_none());
    }

    #[test]
    fn a_masked_address_keeps_its_first_letter_and_domain() {
        assert_eq!(masked("ada@example.com"), "a***@example.com");
    }
}
