//! Reads a request whole before anything else looks at it. Bodies that are too large, or that are
//! not text, are refused in the same way on every route, and memory stays flat.

use axum::{
    body::{Body, Bytes, HttpBody},
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

use super::{
    grpc,
    head::{self, Head},
};
use crate::server::{ground::error::Error, mail::hooks};

/// Most bytes of any body, and the time it may take to arrive.
const MAX_BODY: usize = 64 * 1024;
const BODY_TIME: Duration = Duration::from_secs(10);
/// Bytes that are read of a too large body before it is refused. If data that the client has sent
/// stays unread, the system resets the connection and the answer is lost.
const MAX_DISCARDED: usize = 1024 * 1024;
/// Bytes up to which a body needs no permit. Forms and API calls are smaller, and their memory
/// counts as the connection's. Larger bodies need one of `MAX_LARGE_BODIES` permits: 16 MiB in all.
const MAX_SMALL_BODY: usize = 4 * 1024;
const MAX_LARGE_BODIES: usize = 256;

/// Most bytes of a report of a provider, which may be of many mails. It needs a permit for every
/// `MAX_BODY` bytes, taken as they come: a body that is announced and not sent takes no room.
const MAX_HOOK_BODY: usize = 8 * MAX_BODY;

/// Reads requests, as many large bodies at once as it has permits.
#[derive(Debug)]
pub struct RequestReader(Arc<Semaphore>);

/// A request that was refused.
pub struct Rejected {
    pub parts: Parts,
    pub reason: Rejection,
}

pub enum Rejection {
    Error(Error),
    HeadersTooLarge,
    TooSlow,
}

impl From<Error> for Rejection {
    fn from(error: Error) -> Self {
        Rejection::Error(error)
    }
}

/// Permit of a large body, given back when its request ends.
#[derive(Clone)]
struct LargeBodyPermit {
    _permit: Arc<OwnedSemaphorePermit>,
}

impl Default for RequestReader {
    fn default() -> Self {
        RequestReader(Arc::new(Semaphore::new(MAX_LARGE_BODIES)))
    }
}

impl RequestReader {
    /// Returns the request with its whole body. Refuses a request with both `Transfer-Encoding` and
    /// `Content-Length`: two readers would find different ends of it (request smuggling, RFC 9112,
    /// 6.1).
    pub async fn read(
        &self,
        request: Request,
        head: Option<Head>,
    ) -> Result<Request, Box<Rejected>> {
        let (mut parts, body) = request.into_parts();
        match self.read_body(&parts, body, head).await {
            Ok((body, permit)) => {
                if let Some(permit) = permit {
                    parts.extensions.insert(permit);
                }
                Ok(Request::from_parts(parts, body.into()))
            }
            Err(reason) => Err(Box::new(Rejected { parts, reason })),
        }
    }

    async fn read_body(
        &self,
        parts: &Parts,
        body: Body,
        head: Option<Head>,
    ) -> Result<(Bytes, Option<LargeBodyPermit>), Rejection> {
        if head.is_some_and(|head| head.bytes > head::MOST) {
            return Err(Rejection::HeadersTooLarge);
        }
        let (headers, mut collected) = (&parts.headers, (Bytes::new(), None));
        if has_two_lengths(headers, head) {
            return Err(Error::invalid("Send Content-Length or chunks, not both.").into());
        }
        let declared = headers.get(CONTENT_LENGTH);
        // HTTP/2 needs neither header for a body (RFC 9113, 8.1).
        let is_announced = declared.is_some() || headers.contains_key(TRANSFER_ENCODING);
        if is_announced || !body.is_end_stream() {
            let declared = declared.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
            let is_hook = parts.uri.path().starts_with(hooks::PREFIX);
            let room = if is_hook { MAX_HOOK_BODY } else { MAX_BODY };
            let most = if headers.contains_key(EXPECT) { room } else { MAX_DISCARDED };
            if declared.is_some_and(|length| length > most) {
                return Err(Error::PayloadTooLarge.into());
            }
            let collecting = tokio::time::timeout(BODY_TIME, self.collect(body, room));
            collected = collecting.await.map_err(|_| Rejection::TooSlow)??;
        }
        if has_nul(parts, &collected.0) {
            return Err(Error::invalid("U+0000 is no character of a text.").into());
        }
        Ok(collected)
    }

    async fn collect(
        &self,
        body: Body,
        room: usize,
    ) -> Result<(Bytes, Option<LargeBodyPermit>), Error> {
        let mut pieces = body.into_data_stream();
        let (mut bytes, mut length) = (Vec::new(), 0);
        let mut permit: Option<OwnedSemaphorePermit> = None;
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|_| Error::invalid("The body is cut off or malformed."))?;
            length += piece.len();
            if length > room {
                (bytes, permit) = (Vec::new(), None);
                if length > MAX_DISCARDED {
                    break;
                }
                continue;
            }
            let needed = if length > MAX_SMALL_BODY { length.div_ceil(MAX_BODY) } else { 0 };
            while permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits) < needed {
                let one = self.0.clone().try_acquire_owned().map_err(|_| Error::Unavailable)?;
                match &mut permit {
                    Some(permit) => permit.merge(one),
                    None => permit = Some(one),
                }
            }
            bytes.extend_from_slice(&piece);
        }
        if length > room {
            return Err(Error::PayloadTooLarge);
        }
        Ok((bytes.into(), permit.map(|permit| LargeBodyPermit { _permit: Arc::new(permit) })))
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
    let path = parts.uri.path();
    let is_link = path == "/api/auth/verify";
    // Messages of gRPC are bytes, and the texts in them and in reports of mails are cleaned where
    // they are read.
    !grpc::is_path(path)
        && !path.starts_with(hooks::PREFIX)
        && ((!is_link && parts.uri.query().is_some_and(|query| query.contains("%00")))
            || body.contains(&0)
            || (is_form && holds(body, b"%00"))
            || (!is_form && has_escaped_nul(body)))
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
