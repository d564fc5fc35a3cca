//! A request in progress, and what it shares with its connection.

use axum::{
    extract::Request,
    http::{HeaderValue, header::CONNECTION},
    response::Response,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::{Notify, Semaphore};

use super::head::Head;
use crate::server::ground::clock::Clock;

/// Phase between two requests. The client has the same time again for each piece of an answer it is
/// slow to take.
pub(super) const IDLE: u8 = 0;
/// Phase in which a request's headers arrive.
pub(super) const HEADERS: u8 = 1;
/// Phase in which a request is in progress. The router limits the time of its body and its answer.
pub(super) const ACTIVE: u8 = 2;

/// Protocol of a connection whose first bytes have not shown it yet.
pub(super) const UNKNOWN: u8 = 0;
pub(super) const HTTP1: u8 = 1;
pub(super) const HTTP2: u8 = 2;

/// State shared by a connection and its requests. With HTTP/1 a single task uses both; with HTTP/2
/// each stream has a task of its own.
#[derive(Debug)]
pub struct ConnectionState {
    pub(super) protocol: AtomicU8,
    /// Phase of an HTTP/1 connection.
    pub(super) phase: AtomicU8,
    /// Bytes of the head that has just passed. 0 if there is none, or if it cannot be told apart
    /// from other bytes.
    pub(super) head: AtomicUsize,
    pub(super) has_length: AtomicBool,
    streams: Streams,
    /// Told once an HTTP/2 connection is to take no more streams.
    ending: Notify,
    permits: Arc<Semaphore>,
    max_connections: usize,
}

/// The streams of an HTTP/2 connection, and when it was last of use to its client.
#[derive(Debug, Default)]
struct Streams {
    open: AtomicUsize,
    any: AtomicBool,
    /// Monotonic milliseconds.
    used_at: AtomicU64,
}

impl ConnectionState {
    pub(super) fn new(permits: Arc<Semaphore>, max_connections: usize) -> Self {
        let state = ConnectionState {
            protocol: AtomicU8::new(UNKNOWN),
            phase: AtomicU8::new(HEADERS),
            head: AtomicUsize::new(0),
            has_length: AtomicBool::new(false),
            streams: Streams::default(),
            ending: Notify::new(),
            permits,
            max_connections,
        };
        state.streams.used_at.store(now(), Relaxed);
        state
    }

    pub(super) fn is_http2(&self) -> bool {
        self.protocol.load(Relaxed) == HTTP2
    }

    /// Records that the client of an HTTP/2 connection takes what is sent: a piece of an answer, or
    /// the answer to a ping, by which clients of gRPC keep a connection for later calls. Before the
    /// first stream nothing counts: a client that only pings is let go.
    pub(super) fn is_taken(&self) {
        if self.streams.any.load(Relaxed) {
            self.streams.used_at.store(now(), Relaxed);
        }
    }

    /// Returns how long an HTTP/2 connection has been of no use. `None` for HTTP/1, whose deadlines
    /// are kept by the stream beneath hyper.
    pub(super) fn unused_for(&self) -> Option<Duration> {
        match self.protocol.load(Relaxed) {
            HTTP1 => None,
            HTTP2 if self.streams.open.load(Relaxed) == 0 => {
                let used_at = self.streams.used_at.load(Relaxed);
                Some(Duration::from_millis(now().saturating_sub(used_at)))
            }
            _ => Some(Duration::ZERO),
        }
    }

    /// Waits until an HTTP/2 connection is to take no more streams.
    pub(super) async fn is_ending(&self) {
        self.ending.notified().await;
    }
}

/// Returns the monotonic time in milliseconds. Sockets live by the system's clock, in stories, too.
fn now() -> u64 {
    u64::try_from(Clock::System.monotonic().as_millis()).unwrap_or(u64::MAX)
}

/// A request in progress. While it lives, the connection does not count as idle.
pub struct ActiveRequest(pub(super) Option<Arc<ConnectionState>>);

impl ActiveRequest {
    pub fn begin(request: &Request) -> Self {
        let state = request.extensions().get::<Arc<ConnectionState>>().cloned();
        match &state {
            Some(state) if state.is_http2() => {
                state.streams.open.fetch_add(1, Relaxed);
                state.streams.any.store(true, Relaxed);
            }
            Some(state) => state.phase.store(ACTIVE, Relaxed),
            None => {}
        }
        ActiveRequest(state)
    }

    /// Returns the request's head as it passed. `None` for a request that came in one piece with an
    /// earlier one (pipelining): of that one, only what hyper kept is known. `None` for HTTP/2, too,
    /// whose frames leave no doubt where a head or a body ends.
    pub fn head(&self) -> Option<Head> {
        let state = self.0.as_ref()?;
        let bytes = state.head.swap(0, Relaxed);
        (bytes > 0).then(|| Head { bytes, has_length: state.has_length.load(Relaxed) })
    }

    /// Lets the client ask nothing more on this connection: by `Connection: close`, which HTTP/2 does
    /// not have (RFC 9113, 8.2.2), or there by GOAWAY, once all of its streams are answered.
    pub fn end_connection(&self, response: &mut Response) {
        match &self.0 {
            Some(state) if state.is_http2() => state.ending.notify_one(),
            _ => drop(response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"))),
        }
    }

    /// True if more than three quarters of all allowed connections are in use. Connections are then
    /// not kept for later requests.
    pub fn is_crowded(&self) -> bool {
        self.0
            .as_ref()
            .is_some_and(|state| state.permits.available_permits() < state.max_connections / 4)
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        match &self.0 {
            Some(state) if state.is_http2() => {
                state.streams.used_at.store(now(), Relaxed);
                state.streams.open.fetch_sub(1, Relaxed);
            }
            Some(state) => state.phase.store(IDLE, Relaxed),
            None => {}
        }
    }
}
