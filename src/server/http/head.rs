//! The head of a request as bytes: the facts that hyper does not show, and the answers to heads
//! that cannot be read.

use axum::http::StatusCode;
use std::io::BufRead;

use super::respond;

/// Most bytes of a request's line and headers. Larger heads are refused with 431.
pub const MOST: usize = 32 * 1024;

const LENGTH: &[u8; 15] = b"content-length:";

/// A request's head that was read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    pub bytes: usize,
    /// True if it has a `Content-Length`. hyper drops that header when `Transfer-Encoding` comes
    /// before it.
    pub has_length: bool,
}

/// Reads a head as it arrives, in pieces of any size.
#[derive(Debug, Default)]
pub struct Scan {
    bytes: usize,
    /// Length of the current line, without its line end.
    line: usize,
    begin: [u8; LENGTH.len()],
    has_length: bool,
    has_line: bool,
    is_over: bool,
}

impl Scan {
    /// Reads bytes of the head, and returns those that come after it.
    pub fn read<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        if self.is_over {
            return bytes;
        }
        let mut rest = bytes;
        while !rest.is_empty() && !self.is_over {
            let from = rest;
            // The system's own search is far faster than a loop. On a slice it cannot fail.
            let length = rest.skip_until(b'\n').unwrap_or(from.len());
            self.bytes += length;
            self.line(&from[..length]);
        }
        rest
    }

    /// Takes a line, or a piece of a line that goes on.
    fn line(&mut self, piece: &[u8]) {
        let text = piece.strip_suffix(b"\n").unwrap_or(piece);
        // A CR here is part of the line end: no request has one within a line (RFC 9112, 2.2).
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let begin = self.begin.get_mut(self.line..).unwrap_or_default();
        let known = begin.len().min(text.len());
        begin[..known].copy_from_slice(&text[..known]);
        self.line += text.len();
        if !piece.ends_with(b"\n") {
            return;
        }
        let is_length = self.line >= LENGTH.len() && self.begin.eq_ignore_ascii_case(LENGTH);
        self.has_length |= is_length;
        // Empty lines before the first are skipped (RFC 9112, 2.2).
        self.is_over = self.line == 0 && self.has_line;
        self.has_line |= self.line > 0;
        self.line = 0;
    }

    /// Returns the head, once all of it was read.
    pub fn head(&self) -> Option<Head> {
        self.is_over.then_some(Head { bytes: self.bytes, has_length: self.has_length })
    }
}

/// The answer to a request whose headers are too large.
pub fn too_large() -> (StatusCode, &'static str) {
    let sentence = "The headers of a request may be 32 KiB and 100 lines.";
    (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, sentence)
}

/// Turns hyper's own answer to a request it could not read into the same answer with a sentence.
/// `None` for any other answer: all of ours have `nosniff`.
pub fn error_response(answer: &[u8]) -> Option<Vec<u8>> {
    let status = answer.strip_prefix(b"HTTP/1.1 4")?.get(..2)?;
    let is_whole = answer.ends_with(b"\r\n\r\n");
    if !is_whole || answer.windows(7).any(|bytes| bytes == b"nosniff") {
        return None;
    }
    let (status, sentence) = match status {
        b"31" => too_large(),
        b"14" => (StatusCode::URI_TOO_LONG, "The address is too long."),
        _ => (StatusCode::BAD_REQUEST, "This is no request of HTTP/1.1."),
    };
    Some(written(status, sentence))
}

/// The answer to a request without TLS, where TLS is spoken.
pub fn without_tls() -> Vec<u8> {
    written(StatusCode::BAD_REQUEST, "This port speaks TLS: the address begins with https://.")
}

/// Returns a whole answer as it is sent.
fn written(status: StatusCode, sentence: &str) -> Vec<u8> {
    let body = respond::envelope(sentence);
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         cache-control: no-store\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\
         \r\n{body}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_content_length_is_found_anywhere_and_in_pieces_of_any_size() {
        let head = "\r\nPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nCONTENT-length: 4\r\n\r\n";
        let text = format!("{head}0\r\n");
        for piece in [1, 2, 7, 1_000] {
            let mut scan = Scan::default();
            let mut rest = 0;
            text.as_bytes().chunks(piece).for_each(|bytes| rest += scan.read(bytes).len());
            assert_eq!(scan.head(), Some(Head { bytes: head.len(), has_length: true }), "{piece}");
            assert_eq!(rest, 3, "{piece}");
        }
        let mut scan = Scan::default();
        scan.read(b"POST /content-length: HTTP/1.1\nX-Content-Length: 4\nContent-Lengths: 4\n\n");
        assert!(scan.head().is_some_and(|head| !head.has_length));
        assert_eq!(Scan::default().read(b"GET / HTTP/1.1\r\n"), b"");
    }
}
