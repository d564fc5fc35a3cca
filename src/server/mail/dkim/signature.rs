//! The header `DKIM-Signature`.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::{canonical, key::Key};

/// Headers that are signed once more than they occur, so that nobody adds another on the way, which
/// a mail program might show instead (RFC 6376, 5.4 and 8.15).
const OVERSIGNED: [&str; 9] = [
    "from",
    "to",
    "cc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
];
/// Headers that are signed where they occur. A server on the way may add them.
const SIGNED: [&str; 5] = [
    "content-transfer-encoding",
    "content-language",
    "auto-submitted",
    "x-auto-response-suppress",
    "x-entity-ref-id",
];

/// Length of a line, of the 78 that RFC 5322, 2.1.1, asks for.
const LINE: usize = 72;

/// A message of which everything is computed that all its signatures share.
pub struct Prepared {
    /// Names of the signed headers, as the tag `h` lists them.
    names: String,
    /// The signed headers, each with its CRLF.
    signed: String,
    /// Hash of the body, in Base64.
    body_hash: String,
}

impl Prepared {
    pub fn new(raw: &str) -> Self {
        let (head, body) = raw.split_once("\r\n\r\n").unwrap_or((raw, ""));
        let headers = headers(head);
        let (mut names, mut signed) = (String::new(), String::new());
        let mut line = 0;
        for name in OVERSIGNED.into_iter().chain(SIGNED) {
            // The last one first (RFC 6376, 5.4.2).
            let values = headers.iter().rev().filter(|(other, _)| other.eq_ignore_ascii_case(name));
            let mut listed = usize::from(OVERSIGNED.contains(&name));
            for (name, value) in values {
                signed += &canonical::header(name, value);
                signed += "\r\n";
                listed += 1;
            }
            for _ in 0..listed {
                if !names.is_empty() {
                    names.push(':');
                    line += 1;
                }
                if line + name.len() >= LINE {
                    names += "\r\n ";
                    line = 1;
                }
                names += name;
                line += name.len();
            }
        }
        let body_hash = STANDARD.encode(Sha256::digest(canonical::body(body)));
        Prepared { names, signed, body_hash }
    }

    /// Returns the header, with its CRLF, of a signature at `now`, in seconds; `None` if the key
    /// does not sign. No length of the body (`l=`) is given: more could be added to it.
    pub fn signature(&self, key: &Key, now: i64) -> Option<String> {
        let Prepared { names, signed, body_hash } = self;
        let mut value = format!(
            " v=1; a={}-sha256; c=relaxed/relaxed; t={now};\r\n d={}; s={};\r\n h={names};\r\n \
             bh={body_hash};\r\n b=",
            key.kind().name(),
            key.domain(),
            key.selector(),
        );
        let header = canonical::header(NAME, &value);
        let signature = STANDARD.encode(key.sign(&format!("{signed}{header}"))?);
        // Base64 is ASCII, so it can be cut anywhere.
        let mut rest = signature.as_str();
        while let Some((line, more)) = rest.split_at_checked(LINE) {
            value += line;
            value += "\r\n ";
            rest = more;
        }
        value += rest;
        Some(format!("{NAME}:{value}\r\n"))
    }
}

const NAME: &str = "DKIM-Signature";

/// Returns the headers of a message, each value with its folds.
fn headers(head: &str) -> Vec<(&str, &str)> {
    let mut headers = Vec::new();
    let mut from = 0;
    for (at, _) in head.match_indices("\r\n").chain([(head.len(), "")]) {
        if head[at..].starts_with("\r\n ") || head[at..].starts_with("\r\n\t") {
            continue;
        }
        headers.extend(head[from..at].split_once(':'));
        from = (at + 2).min(head.len());
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_header_that_is_shown_is_signed_and_no_second_one_can_be_added() {
        let raw = "Subject: a\r\nX-Other: b\r\nFrom: ada\r\n\t<ada@example.com>\r\n\
                   Auto-Submitted: yes\r\n\r\nbody\r\n";
        let Prepared { names, signed, .. } = Prepared::new(raw);
        assert_eq!(signed, "from:ada <ada@example.com>\r\nsubject:a\r\nauto-submitted:yes\r\n");
        assert_eq!(
            names,
            "from:from:to:cc:reply-to:subject:subject:date:message-id:mime-version:\r\n \
             content-type:auto-submitted"
        );
        let twice = Prepared::new("From: a\r\nFrom: b\r\n\r\n");
        assert!(twice.names.starts_with("from:from:from:to:"), "{}", twice.names);
        assert_eq!(twice.signed, "from:b\r\nfrom:a\r\n");
    }
}
