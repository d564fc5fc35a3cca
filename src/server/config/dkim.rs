//! The keys that sign mails (DKIM), as the policy names them.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// A key that signs mails (RFC 6376).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DkimKey {
    /// Name of the key below its domain: the DNS has it at `<selector>._domainkey.<domain>`.
    pub selector: String,
    /// File of the private key in PEM. A relative path starts at the folder of the policy file.
    pub key: PathBuf,
    /// Domain that answers for the mails; that of `mail.from` if not set.
    pub domain: Option<String>,
}

impl DkimKey {
    /// Returns the first mistake, as the rest of a sentence.
    pub fn fault(&self) -> Option<String> {
        let DkimKey { selector, key, domain } = self;
        // Said without the value: it is a secret.
        if key.to_string_lossy().contains("-----BEGIN") {
            let why = "has a key that is the content of a file: give the path of one";
            return Some(why.to_owned());
        }
        if !is_name(selector) {
            return Some(format!(
                "needs a selector of letters, digits and hyphens, like \"s2026\", and has \
                 {selector:?}"
            ));
        }
        let ascii = |domain: &str| idna::domain_to_ascii(domain).unwrap_or_default();
        let domain = domain.as_deref().filter(|domain| !is_name(&ascii(domain)))?;
        Some(format!("needs a domain like \"example.com\", and has {domain:?}"))
    }
}

/// Returns the first mistake in the keys, as the rest of a sentence.
pub(super) fn fault(keys: &[DkimKey]) -> Option<String> {
    keys.iter().enumerate().find_map(|(n, key)| {
        let is_same =
            |other: &DkimKey| (&other.selector, &other.domain) == (&key.selector, &key.domain);
        let is_taken = keys[..n].iter().any(is_same);
        key.fault().or_else(|| {
            let why = "twice: a selector names one key of a domain";
            is_taken.then(|| format!("has the selector {:?} {why}", key.selector))
        })
    })
}

/// True for labels that a name in the DNS may have (RFC 1035, 2.3.1; RFC 6376, 3.1).
fn is_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 200 && name.split('.').all(is_label)
}
