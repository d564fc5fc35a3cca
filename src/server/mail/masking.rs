//! Masks what a mail server likes to repeat in its replies: addresses, and what a mail holds.

use crate::server::values::address::{Address, masked};

/// Characters of the longest word that is kept: links, tokens and ids are longer.
pub const WORD: usize = 32;
/// Digits of a code in a mail.
const CODE: usize = 6;

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

/// Returns the words of a server about a mail to `address` as they may be kept and logged.
pub fn of_server(address: &Address, words: &str) -> String {
    without_secrets(&without(address, words))
}

/// Returns `words`, on one line, without what a mail holds that a server may quote: links and
/// tokens, which are long, and codes. Names of hosts stay, however long.
pub fn without_secrets(words: &str) -> String {
    let mut words: Vec<&str> = words.split_whitespace().collect();
    for n in 0..words.len() {
        let next = words.get(n + 1).copied().unwrap_or_default();
        if is_half_of_code(words[n]) && is_half_of_code(next) {
            (words[n], words[n + 1]) = ("…", "…");
        } else if is_secret(words[n]) {
            words[n] = "…";
        }
    }
    words.join(" ")
}

/// Reports whether a word may be a link, a token or a code.
fn is_secret(word: &str) -> bool {
    let is_host =
        |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-<>()[]:,;".contains(c);
    let is_long = word.chars().count() > WORD && !(word.contains('.') && word.chars().all(is_host));
    let mut digits = 0;
    let has_code = word.chars().any(|c| {
        digits = match c {
            '-' => digits,
            c if c.is_numeric() => digits + 1,
            _ => 0,
        };
        digits >= CODE
    });
    is_long || has_code
}

/// Reports whether a word may be one of the two groups of digits that a code is written in.
fn is_half_of_code(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    word.chars().count() == CODE / 2 && word.chars().all(char::is_numeric)
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
    fn what_a_mail_holds_is_removed_and_what_a_server_says_stays() {
        let token = "5XuAK7Tb5Xj2NIH6cRAEBHBaP0KDGwNTrZp6dFuqTzE";
        for (words, left) in [
            ("550 5.7.1 spam: code 123456, or 123 456.", "550 5.7.1 spam: code … or … …"),
            ("code 123-456 code (١٢٣٤٥٦)", "code … code …"),
            ("550 554 of 192.0.2.1", "… … of 192.0.2.1"),
            ("at EHLO:\r\n(421) 4.3.2 in 300 s", "at EHLO: (421) 4.3.2 in 300 s"),
            (
                "no A of [email-smtp.eu-central-1.amazonaws.com]:465",
                "no A of [email-smtp.eu-central-1.amazonaws.com]:465",
            ),
        ] {
            assert_eq!(without_secrets(words), left);
        }
        let link = format!("see https://a.example/l?link_token={token} or {token}");
        assert_eq!(without_secrets(&link), "see … or …");
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
