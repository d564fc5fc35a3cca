//! Reads a request whole before anything else looks at it. Bodies that are too large, or that are
//! not text, are refused in the same way on every route, and memory stays flat.

use axum::{
    body::{Body, Bytes},
    extract::Request,
    http::{
        HeaderMap,
        header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, TRANSFER_ENCODING},
        request::Parts,
    },
};
use futures::StreamExt;
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::head::{self, Head};
use crate::server::ground::error::Error;

/// Most bytes of any body, and the time it may take to arrive.
const BODY: usize = 64 * 1024;
const BODY_TIME: Duration = Duration::from_secs(10);
/// Bytes that are read of a too large body before it is refused. If data that the client has sent
/// stays unread, the system resets the connection and the answer is lost.
const READ_ON: usize = 1024 * 1024;
/// Bytes up to which a body needs no permit. Forms and API calls are smaller, and their memory
/// counts as the connection's. Larger bodies need one of `LARGE_AT_ONCE` permits: 16 MiB in all.
const SMALL: usize = 4 * 1024;
const LARGE_AT_ONCE: usize = 256;

/// Permits for large bodies.
#[derive(Debug)]
pub struct Intake(Arc<Semaphore>);

/// A request that was refused.
pub struct Refused {
    pub parts: Parts,
    pub why: Why,
}

pub enum Why {
    Error(Error),
    HeadersTooLarge,
    TooSlow,
}

impl From<Error> for Why {
    fn from(error: Error) -> Self {
        Why::Error(error)
    }
}

/// Permit of a large body, given back when its request ends.
#[derive(Clone)]
struct Share {
    _room: Arc<OwnedSemaphorePermit>,
}

impl Default for Intake {
    fn default() -> Self {
        Intake(Arc::new(Semaphore::new(LARGE_AT_ONCE)))
    }
}

impl Intake {
    /// Returns the request with its whole body. Refuses a request with both `Transfer-Encoding` and
    /// `Content-Length`: two readers would find different ends of it (request smuggling, RFC 9112,
    /// 6.1).
    pub async fn whole(
        &self,
        request: Request,
        head: Option<Head>,
    ) -> Result<Request, Box<Refused>> {
        let (mut parts, body) = request.into_parts();
        match self.judged(&parts, body, head).await {
            Ok((body, share)) => {
                if let Some(share) = share {
                    parts.extensions.insert(share);
                }
                Ok(Request::from_parts(parts, body.into()))
            }
            Err(why) => Err(Box::new(Refused { parts, why })),
        }
    }

    async fn judged(
        &self,
        parts: &Parts,
        body: Body,
        head: Option<Head>,
    ) -> Result<(Bytes, Option<Share>), Why> {
        if head.is_some_and(|head| head.bytes > head::MOST) {
            return Err(Why::HeadersTooLarge);
        }
        let (headers, mut taken) = (&parts.headers, (Bytes::new(), None));
        if has_two_lengths(headers, head) {
            return Err(Error::invalid("Send Content-Length or chunks, not both.").into());
        }
        let declared = headers.get(CONTENT_LENGTH);
        if declared.is_some() || headers.contains_key(TRANSFER_ENCODING) {
            let declared = declared.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
            let most = if headers.contains_key(EXPECT) { BODY } else { READ_ON };
            if declared.is_some_and(|length| length > most) {
                return Err(Error::PayloadTooLarge.into());
            }
            let read = tokio::time::timeout(BODY_TIME, self.read(body));
            taken = read.await.map_err(|_| Why::TooSlow)??;
        }
        if has_nul(parts, &taken.0) {
            return Err(Error::invalid("U+0000 is no character of a text.").into());
        }
        Ok(taken)
    }

    async fn read(&self, body: Body) -> Result<(Bytes, Option<Share>), Error> {
        let mut pieces = body.into_data_stream();
        let (mut bytes, mut length, mut share) = (Vec::new(), 0, None);
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| Error::invalid("The body is cut off or malformed."))?;
            length += piece.len();
            if length > BODY {
                (bytes, share) = (Vec::new(), None);
                if length > READ_ON {
                    break;
                }
                continue;
            }
            if length > SMALL && share.is_none() {
                let room = self.0.clone().try_acquire_owned().map_err(|_| Error::Unavailable)?;
                share = Some(Share { _room: Arc::new(room) });
            }
            bytes.extend_from_slice(&piece);
        }
        if length > BODY { Err(Error::PayloadTooLarge) } else { Ok((bytes.into(), share)) }
    }
}

/// True if a request gives the length of its body in two ways.
pub fn has_two_lengths(headers: &HeaderMap, head: Option<Head>) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
        && (headers.contains_key(CONTENT_LENGTH) || head.is_some_and(|head| head.has_length))
}

/// True if a query, a form or JSON holds U+0000, raw or escaped as its format allows. PostgreSQL
/// cannot store that character in text, and no field needs it.
fn has_nul(parts: &Parts, body: &[u8]) -> bool {
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let kind = parts.headers.get(CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    let is_form = kind.to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded");
    // A mailed link may hold it: that route leads to a page that explains what is wrong with the
    // link.
    let is_link = parts.uri.path() == "/api/auth/verify";
    (!is_link && parts.uri.query().is_some_and(|query| query.contains("%00")))
        || body.contains(&0)
        || (is_form && holds(body, b"%00"))
        || (!is_form && has_escaped_nul(body))
}

/// True if JSON holds `\u0000` whose backslash is not itself escaped.
fn has_escaped_nul(json: &[u8]) -> bool {
    let mut at = 0;
    while let Some(backslash) = json[at..].iter().position(|byte| *byte == b'\\') {
        let escaped = &json[at + backslash + 1..];
        if escaped.starts_with(b"u0000") {
            return true;
        }
        at += backslash + 1 + usize::from(!escaped.is_empty());
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_nul_is_found_unless_its_backslash_is_escaped() {
        for json in [r#"{"a":"\u0000"}"#, r#"{"a":"\\\u0000"}"#, r"\n\u0000"] {
            assert!(has_escaped_nul(json.as_bytes()), "{json}");
        }
        for json in [r#"{"a":"\\u0000"}"#, r#"{"a":"\u0001\n0"}"#, "", r"\"] {
            assert!(!has_escaped_nul(json.as_bytes()), "{json}");
        }
    }
}
