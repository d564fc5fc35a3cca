//! A request in progress, and what it shares with its connection.

use axum::{
    extract::Request,
    http::{HeaderValue, header::CONNECTION},
    response::Response,
};
use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::{
    head::Head,
    streams::{Room, Streams},
};

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
    pub(super) streams: Arc<Streams>,
    /// Told once an HTTP/2 connection is to take no more streams.
    ending: Notify,
    permits: Arc<Semaphore>,
    /// Right of the connection to be open, which its stream has.
    permit: Weak<OwnedSemaphorePermit>,
    max_connections: usize,
}

impl ConnectionState {
    pub(super) fn new(
        permit: &Arc<OwnedSemaphorePermit>,
        permits: Arc<Semaphore>,
        max_connections: usize,
        shared_rooms: Arc<Semaphore>,
    ) -> Self {
        ConnectionState {
            protocol: AtomicU8::new(UNKNOWN),
            phase: AtomicU8::new(HEADERS),
            head: AtomicUsize::new(0),
            has_length: AtomicBool::new(false),
            streams: Arc::new(Streams::new(shared_rooms, max_connections)),
            ending: Notify::new(),
            permits,
            permit: Arc::downgrade(permit),
            max_connections,
        }
    }

    pub(super) fn is_http2(&self) -> bool {
        self.protocol.load(Relaxed) == HTTP2
    }

    /// Returns how long an HTTP/2 connection has been of no use. `None` for HTTP/1, whose deadlines
    /// are kept by the stream beneath hyper. Pings keep none that is ending, or that others wait
    /// for.
    pub(super) fn unused_for(&self, is_ending: bool) -> Option<Duration> {
        match self.protocol.load(Relaxed) {
            HTTP1 => None,
            HTTP2 => Some(self.streams.unused_for(!is_ending && !self.is_crowded())),
            _ => Some(Duration::ZERO),
        }
    }

    /// True if the server has few places left for connections.
    fn is_crowded(&self) -> bool {
        self.permits.available_permits() < self.max_connections / 4
    }

    /// Waits until an HTTP/2 connection is to take no more streams.
    pub(super) async fn is_ending(&self) {
        self.ending.notified().await;
    }
}

/// A request in progress. While it lives, the connection does not count as idle.
pub struct ActiveRequest {
    state: Option<Arc<ConnectionState>>,
    /// Room of a stream of HTTP/2, unless there was none.
    room: Option<Arc<Room>>,
}

/// Place of the work for a request: that of its connection, and the room of its stream. They are
/// kept until the work has ended, whether or not the client waits for it: who hangs up gets no more
/// of the server than who stays.
pub struct Place {
    _connection: Option<Arc<OwnedSemaphorePermit>>,
    _room: Option<Arc<Room>>,
}

impl ActiveRequest {
    pub fn begin(request: &Request) -> Self {
        Self::on(request.extensions().get::<Arc<ConnectionState>>().cloned())
    }

    pub(super) fn on(state: Option<Arc<ConnectionState>>) -> Self {
        let mut room = None;
        match &state {
            Some(state) if state.is_http2() => {
                state.streams.begin();
                room = Room::take(&state.streams).map(Arc::new);
            }
            Some(state) => state.phase.store(ACTIVE, Relaxed),
            None => {}
        }
        ActiveRequest { state, room }
    }

    /// Returns the place for its work.
    pub fn place(&self) -> Place {
        let connection = self.state.as_ref().and_then(|state| state.permit.upgrade());
        Place { _connection: connection, _room: self.room.clone() }
    }

    /// True unless the request is a stream for which there is no room.
    pub fn has_room(&self) -> bool {
        self.room.is_some() || !self.is_http2()
    }

    fn is_http2(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.is_http2())
    }

    /// Returns the request's head as it passed. `None` for a request that came in one piece with an
    /// earlier one (pipelining): of that one, only what hyper kept is known. `None` for HTTP/2, too,
    /// whose frames leave no doubt where a head or a body ends.
    pub fn head(&self) -> Option<Head> {
        let state = self.state.as_ref()?;
        let bytes = state.head.swap(0, Relaxed);
        (bytes > 0).then(|| Head { bytes, has_length: state.has_length.load(Relaxed) })
    }

    /// Ends the request with its answer, which keeps the room of a stream until it is taken.
    /// `is_last` lets the client ask nothing more on this connection: by `Connection: close`, which
    /// HTTP/2 does not have (RFC 9113, 8.2.2), or there by GOAWAY, once all streams are answered.
    pub fn end(self, response: Response, is_last: bool) -> Response {
        let mut response = match self.room.clone() {
            Some(room) => response.map(|body| room.keep_for(body)),
            None => response,
        };
        match &self.state {
            Some(state) if is_last && state.is_http2() => state.ending.notify_one(),
            _ if is_last => {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
        response
    }

    /// True if more than three quarters of all allowed connections are in use. Connections are then
    /// not kept for later requests.
    pub fn is_crowded(&self) -> bool {
        self.state.as_ref().is_some_and(|state| state.is_crowded())
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        match &self.state {
            Some(state) if state.is_http2() => state.streams.end(),
            Some(state) => state.phase.store(IDLE, Relaxed),
            None => {}
        }
    }
}
