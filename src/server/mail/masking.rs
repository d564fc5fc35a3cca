//! Masks the addresses that a mail server likes to repeat in its replies.

use crate::server::values::address::{Address, masked};

/// Returns `words` with every spelling of `address` masked: the whole or the local part alone, with
/// or without the part after a `+`, in any case (ASVS 5.0 16.2.5).
pub fn without(address: &Address, words: &str) -> String {
    let mask = masked(address.as_str());
    let (local, _) = address.local_and_domain();
    let short = mask.split_once('@').map_or(mask.as_str(), |(short, _)| short);
    let plain = local.split_once('+').map_or(local, |(plain, _)| plain);
    let words = replaced(words, address.as_str(), &mask);
    let words = replaced(&words, local, short);
    replaced(&words, plain, short)
}

/// Returns `words` with the local part of everything that looks like an address masked: a server
/// also names where somebody's mail is forwarded to.
pub fn without_any(words: &str) -> String {
    let is_around = |c: char| c.is_whitespace() || "<>()[]\",;:'`".contains(c);
    let mut pieces: Vec<String> = words.split('@').map(str::to_owned).collect();
    // The last piece is a domain, and whatever follows it.
    let Some((_, before)) = pieces.split_last_mut() else { return String::new() };
    for piece in before {
        let local = piece.rsplit(is_around).next().unwrap_or_default();
        if let Some(first) = local.chars().next() {
            let start = piece.len() - local.len();
            piece.truncate(start);
            piece.push(first);
            piece.push_str("***");
        }
    }
    pieces.join("@")
}

/// Replaces each `word` in `text` by `with`, in any case, unless it is part of a longer word.
fn replaced(text: &str, word: &str, with: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut before) = (text, None);
    while let Some(first) = rest.chars().next() {
        let after = (!before.is_some_and(char::is_alphanumeric))
            .then_some(rest)
            .and_then(|rest| behind(rest, word))
            .filter(|after| !after.starts_with(char::is_alphanumeric))
            // A mask that is already there: a***@example.com.
            .filter(|after| !after.starts_with("***"));
        match after {
            Some(after) => {
                out.push_str(with);
                (rest, before) = (after, word.chars().last());
            }
            None => {
                out.push(first);
                (rest, before) = (&rest[first.len_utf8()..], Some(first));
            }
        }
    }
    out
}

/// Returns the rest of `text` after `word`, if `text` begins with it, in any case.
fn behind<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let mut rest = text.chars();
    for expected in word.chars() {
        let found = rest.next()?;
        if found != expected && !found.to_lowercase().eq(expected.to_lowercase()) {
            return None;
        }
    }
    (!word.is_empty()).then_some(rest.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_address_is_masked_and_nothing_else() {
        let address = |text| Address::parse(text).unwrap();
        let ada = address("ada+news@example.com");
        for (words, left) in [
            ("550 <ada+news@example.com>: unknown", "550 <a***@example.com>: unknown"),
            ("550 <ADA+News@EXAMPLE.com>: unknown", "550 <a***@example.com>: unknown"),
            ("user Ada+News unknown", "user a*** unknown"),
            ("mailbox ada of adamant is full", "mailbox a*** of adamant is full"),
            ("ada", "a***"),
            ("no such mailbox", "no such mailbox"),
        ] {
            assert_eq!(without(&ada, words), left);
        }
        assert_eq!(without(&address("jürgen@example.com"), "JÜRGEN: unknown"), "j***: unknown");
        assert_eq!(
            without(&address("a@example.com"), "<a@example.com> a"),
            "<a***@example.com> a***"
        );
    }

    #[test]
    fn whatever_looks_like_an_address_is_masked() {
        for (words, left) in [
            ("550 <ada@example.com>: unknown", "550 <a***@example.com>: unknown"),
            (
                "to=<ada@a.example>, orig_to=<eve@b.example>",
                "to=<a***@a.example>, orig_to=<e***@b.example>",
            ),
            ("jürgen+x@example.com", "j***@example.com"),
            (
                "a***@example.com @ <@example.com> é@é@",
                "a***@example.com @ <@example.com> é***@é***@",
            ),
            ("no such mailbox", "no such mailbox"),
            ("", ""),
        ] {
            assert_eq!(without_any(words), left);
        }
    }
}
