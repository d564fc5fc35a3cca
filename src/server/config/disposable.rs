//! Domains of providers that hand out mailboxes for minutes, without a password: an address there
//! is as good as none, and whoever comes later may read its mails.

use std::{
    collections::HashSet,
    path::Path,
    sync::{Arc, LazyLock},
};

use crate::server::values::address::{Address, parse_domain};

/// Largest file that is read. The largest of the public lists has a tenth of that.
const MOST_BYTES: u64 = 8 * 1024 * 1024;

static BUILT_IN: LazyLock<HashSet<String>> =
    LazyLock::new(|| parse(include_str!("disposable_domains.txt")).unwrap_or_default());

/// The domains of a file, or the built-in ones if there is none.
#[derive(Clone, Debug, Default)]
pub struct DisposableDomains(Option<Arc<HashSet<String>>>);

impl DisposableDomains {
    /// Reads a file with one domain per line; `#` begins a comment. An error is the end of a
    /// sentence that begins with the name of the key. A file without a domain is refused: it would
    /// refuse nobody, and a copy that has just begun leaves such a file.
    pub fn read(path: Option<&Path>) -> Result<Self, String> {
        let Some(path) = path else { return Ok(DisposableDomains(None)) };
        let name = path.display();
        let unreadable = |error| format!("is {name}, which cannot be read: {error}");
        if std::fs::metadata(path).map_err(unreadable)?.len() > MOST_BYTES {
            return Err(format!("is {name}, which is larger than {MOST_BYTES} bytes"));
        }
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let domains = parse(&text).map_err(|(line, text)| {
            format!("is {name}, and its line {line} is no domain: {text:?}")
        })?;
        if domains.is_empty() {
            return Err(format!("is {name}, which lists no domain"));
        }
        Ok(DisposableDomains(Some(Arc::new(domains))))
    }

    /// Reports whether the domain of an address is listed, or one that it is below of.
    pub fn include(&self, address: &Address) -> bool {
        let listed = self.0.as_deref().unwrap_or(&BUILT_IN);
        let (_, domain) = address.local_and_domain();
        fn above<'a>(domain: &&'a str) -> Option<&'a str> {
            domain.split_once('.').map(|(_, parent)| parent)
        }
        std::iter::successors(Some(domain), above).any(|domain| listed.contains(domain))
    }
}

/// Parses a list. An error is the number of a line (from 1) that is no domain, and the line.
fn parse(text: &str) -> Result<HashSet<String>, (usize, String)> {
    let mut domains = HashSet::new();
    for (line, text) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let text = text.split('#').next().unwrap_or_default().trim();
        if !text.is_empty() {
            let domain = parse_domain(text.trim_start_matches('@'));
            domains.insert(domain.ok_or_else(|| (line + 1, text.chars().take(80).collect()))?);
        }
    }
    Ok(domains)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(domains: &DisposableDomains, address: &str) -> bool {
        domains.include(&Address::parse(address).unwrap())
    }

    #[test]
    fn the_built_in_list_has_a_provider_and_what_is_below_it() {
        let built_in = DisposableDomains::read(None).unwrap();
        assert!(BUILT_IN.len() > 50);
        assert!(has(&built_in, "ada@mailinator.com") && has(&built_in, "ada@a.b.mailinator.com"));
        assert!(!has(&built_in, "ada@example.com") && !has(&built_in, "ada@verymailinator.com"));
    }

    #[test]
    fn a_file_replaces_the_list_and_a_bad_one_is_refused_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("domains.txt");
        let read = |text: &str| {
            std::fs::write(&file, text).unwrap();
            DisposableDomains::read(Some(&file))
        };
        let own = read("\u{feff}# ours\nTrash.example # since May\r\n\nmüll.example\n").unwrap();
        assert!(has(&own, "ada@trash.example") && has(&own, "ada@x.xn--mll-hoa.example"));
        assert!(!has(&own, "ada@mailinator.com"));
        let why = read("a.example\nnot a domain\n").unwrap_err();
        assert!(why.ends_with("its line 2 is no domain: \"not a domain\""), "{why}");
        assert!(read("# nothing\n").unwrap_err().ends_with("lists no domain"));
        std::fs::remove_file(&file).unwrap();
        assert!(DisposableDomains::read(Some(&file)).unwrap_err().contains("cannot be read"));
    }
}
