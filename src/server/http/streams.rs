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
    /// Time at which an answer was given, or a piece of one was taken: monotonic milliseconds.
    used_at: AtomicU64,
    /// Time at which anything was taken, such as the answer to a ping.
    heard_at: AtomicU64,
    /// Streams that have room: open ones, and those whose answer waits to be taken.
    held: AtomicUsize,
    /// True while one of them has the connection's own room.
    is_full: AtomicBool,
    shared_rooms: Arc<Semaphore>,
    /// Shared rooms in all.
    rooms: usize,
}

impl Streams {
    pub fn new(shared_rooms: Arc<Semaphore>, rooms: usize) -> Self {
        Streams {
            open: AtomicUsize::new(0),
            any: AtomicBool::new(false),
            used_at: AtomicU64::new(now()),
            heard_at: AtomicU64::new(now()),
            held: AtomicUsize::new(0),
            is_full: AtomicBool::new(false),
            shared_rooms,
            rooms,
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

    /// True once the client has opened a stream.
    pub fn has_any(&self) -> bool {
        self.any.load(Relaxed)
    }

    /// Records that the client took something that was sent to it.
    pub fn is_heard(&self) {
        self.heard_at.store(now(), Relaxed);
    }

    /// Returns how long the connection has been of no use. The answer to a ping counts, by which
    /// clients of gRPC keep a connection for later calls, but not before the first stream, not while
    /// an answer waits to be taken, and not if `pings_count` is false: a ping costs a client
    /// nothing, and would hold a place or room that others wait for.
    pub fn unused_for(&self, pings_count: bool) -> Duration {
        if self.open.load(Relaxed) > 0 {
            return Duration::ZERO;
        }
        let mut last = self.used_at.load(Relaxed);
        if pings_count && self.has_any() && self.held.load(Relaxed) == 0 {
            last = last.max(self.heard_at.load(Relaxed));
        }
        Duration::from_millis(now().saturating_sub(last))
    }
}

/// Returns the monotonic time in milliseconds. Sockets live by the system's clock, in stories, too.
fn now() -> u64 {
    u64::try_from(Clock::System.monotonic().as_millis()).unwrap_or(u64::MAX)
}

/// The room of a stream, its connection's own or a shared one.
pub(super) struct Room {
    streams: Arc<Streams>,
    /// None for the connection's own.
    shared: Option<OwnedSemaphorePermit>,
}

/// Rooms of one connection beyond which it gets another only while a quarter of the shared ones is
/// free: no client takes those of all others.
const FAIR_SHARE: usize = 8;

impl Room {
    /// Returns room for one more stream, if there is any.
    pub fn take(streams: &Arc<Streams>) -> Option<Self> {
        let shared = match streams.is_full.swap(true, Relaxed) {
            false => None,
            true => {
                let free = streams.shared_rooms.available_permits();
                let is_greedy = streams.held.load(Relaxed) >= FAIR_SHARE;
                if is_greedy && free < streams.rooms.div_ceil(4) {
                    return None;
                }
                Some(streams.shared_rooms.clone().try_acquire_owned().ok()?)
            }
        };
        streams.held.fetch_add(1, Relaxed);
        Some(Room { streams: streams.clone(), shared })
    }

    /// Returns `body`, whose pieces keep this room until they have been written.
    pub fn keep_for(self: Arc<Self>, body: Body) -> Body {
        Body::new(Kept { body, room: self })
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.shared.is_none() {
            self.streams.is_full.store(false, Relaxed);
        }
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
    room: Arc<Room>,
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.room.streams.used_at.store(now(), Relaxed);
    }
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
        let kept = |bytes| Bytes::from_owner(Piece { bytes, room });
        frame.map_ok(|frame| frame.map_data(kept))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
