//! What a request brings, taken in whole before anything else looks at it: too much of it, or what
//! is no text, is refused alike at every door, and memory stays flat.

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

/// The most any body may be, in bytes, and how long it may take.
const BODY: usize = 64 * 1024;
const BODY_TIME: Duration = Duration::from_secs(10);
/// Bytes read of a body that is too large before it is refused: what a client has sent and nobody
/// has read makes the system reset the connection, and the answer is lost.
const READ_ON: usize = 1024 * 1024;
/// A form or a call of the API is smaller than this, and its memory is the connection's. Larger
/// bodies share room for so many: 16 MiB in all.
const SMALL: usize = 4 * 1024;
const LARGE_AT_ONCE: usize = 256;

/// Room for bodies.
#[derive(Debug)]
pub struct Intake(Arc<Semaphore>);

/// A request that goes no further.
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

/// A large body's share of the room, given back with its request.
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
    /// The request with all of its body. With both `Transfer-Encoding` and `Content-Length` it is
    /// refused: two readers would find different ends of it (request smuggling, RFC 9112, 6.1).
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
            return Err(Error::invalid("send Content-Length or chunks, not both").into());
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
            return Err(Error::invalid("U+0000 is no character of a text").into());
        }
        Ok(taken)
    }

    async fn read(&self, body: Body) -> Result<(Bytes, Option<Share>), Error> {
        let mut pieces = body.into_data_stream();
        let (mut bytes, mut length, mut share) = (Vec::new(), 0, None);
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| Error::invalid("the body is cut off or malformed"))?;
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

/// Whether a request says in two ways how long its body is.
pub fn has_two_lengths(headers: &HeaderMap, head: Option<Head>) -> bool {
    headers.contains_key(TRANSFER_ENCODING)
        && (headers.contains_key(CONTENT_LENGTH) || head.is_some_and(|head| head.has_length))
}

/// Whether a query, a form or JSON holds U+0000, by itself or written as that kind of text writes
/// it. PostgreSQL keeps it in no column, and no field has a use for it.
fn has_nul(parts: &Parts, body: &[u8]) -> bool {
    let holds = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let kind = parts.headers.get(CONTENT_TYPE).map_or(&b""[..], |kind| kind.as_bytes());
    let is_form = kind.to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded");
    // The link in a mail goes on to a page that explains what is wrong with it.
    let is_link = parts.uri.path() == "/api/auth/verify";
    (!is_link && parts.uri.query().is_some_and(|query| query.contains("%00")))
        || body.contains(&0)
        || (is_form && holds(body, b"%00"))
        || (!is_form && has_escaped_nul(body))
}

/// Whether `\u0000` stands in JSON, its backslash not itself escaped.
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
