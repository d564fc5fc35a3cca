//! The streams of an HTTP/2 connection: when they were last of use, and the room they have.
//!
//! A connection of HTTP/1 holds one request or answer at a time, so that `server.connections` limits
//! the memory of all. On each connection of HTTP/2 a client could hold a hundred, by never taking
//! the answers. So each connection has room for one, and all of them together for as many again.
//! A stream without room is refused.

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::server::ground::clock::Clock;

/// The streams of one connection.
#[derive(Debug)]
pub(super) struct Streams {
    /// Streams whose request is being answered.
    open: AtomicUsize,
    any: AtomicBool,
    /// Monotonic milliseconds.
    used_at: AtomicU64,
    /// Streams that have room: open ones, and those whose answer waits to be taken.
    held: AtomicUsize,
    shared_rooms: Arc<Semaphore>,
}

impl Streams {
    pub fn new(shared_rooms: Arc<Semaphore>) -> Self {
        Streams {
            open: AtomicUsize::new(0),
            any: AtomicBool::new(false),
            used_at: AtomicU64::new(now()),
            held: AtomicUsize::new(0),
            shared_rooms,
        }
    }

    pub fn begin(&self) {
        self.open.fetch_add(1, Relaxed);
        self.any.store(true, Relaxed);
    }

    pub fn end(&self) {
        self.used_at.store(now(), Relaxed);
        self.open.fetch_sub(1, Relaxed);
    }

    /// Records that the client takes what is sent: a piece of an answer, or the answer to a ping, by
    /// which clients of gRPC keep a connection for later calls. Before the first stream nothing
    /// counts: a client that only pings is let go.
    pub fn is_taken(&self) {
        if self.any.load(Relaxed) {
            self.used_at.store(now(), Relaxed);
        }
    }

    /// Returns how long the connection has been of no use.
    pub fn unused_for(&self) -> Duration {
        let since = now().saturating_sub(self.used_at.load(Relaxed));
        if self.open.load(Relaxed) > 0 { Duration::ZERO } else { Duration::from_millis(since) }
    }
}

/// Returns the monotonic time in milliseconds. Sockets live by the system's clock, in stories, too.
fn now() -> u64 {
    u64::try_from(Clock::System.monotonic().as_millis()).unwrap_or(u64::MAX)
}

/// The room of a stream, its connection's own or a shared one.
pub(super) struct Room {
    streams: Arc<Streams>,
    _shared: Option<OwnedSemaphorePermit>,
}

impl Room {
    /// Returns room for one more stream, if there is any.
    pub fn take(streams: &Arc<Streams>) -> Option<Self> {
        let is_first = streams.held.fetch_add(1, Relaxed) == 0;
        let mut room = Room { streams: streams.clone(), _shared: None };
        if !is_first {
            room._shared = Some(streams.shared_rooms.clone().try_acquire_owned().ok()?);
        }
        Some(room)
    }

    /// Returns `body`, whose pieces keep this room until they have been written.
    pub fn keep_for(self: Arc<Self>, body: Body) -> Body {
        Body::new(Kept { body, room: self })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.streams.held.fetch_sub(1, Relaxed);
    }
}

/// The body of an answer, and the room it takes.
struct Kept {
    body: Body,
    room: Arc<Room>,
}

/// A piece of a body. h2 holds it until the client takes it.
struct Piece {
    bytes: Bytes,
    _room: Arc<Room>,
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl HttpBody for Kept {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let room = self.room.clone();
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        let kept = |bytes| Bytes::from_owner(Piece { bytes, _room: room });
        frame.map_ok(|frame| frame.map_data(kept))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
