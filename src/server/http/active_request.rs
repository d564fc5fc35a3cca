//! A request in progress, and what it shares with its connection.

use axum::extract::Request;
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::Relaxed},
};
use tokio::sync::Semaphore;

use super::head::Head;

/// Phase between two requests. The client has the same time again for each piece of an answer it is
/// slow to take.
pub(super) const IDLE: u8 = 0;
/// Phase in which a request's headers arrive.
pub(super) const HEADERS: u8 = 1;
/// Phase in which a request is in progress. The router limits the time of its body and its answer.
pub(super) const ACTIVE: u8 = 2;

/// State shared by a connection and its requests. A single task uses both.
#[derive(Debug)]
pub struct ConnectionState {
    pub(super) phase: AtomicU8,
    /// Bytes of the head that has just passed. 0 if there is none, or if it cannot be told apart
    /// from other bytes.
    pub(super) head: AtomicUsize,
    pub(super) has_length: AtomicBool,
    pub(super) permits: Arc<Semaphore>,
    pub(super) max_connections: usize,
}

/// A request in progress. While it lives, the connection does not count as idle.
pub struct ActiveRequest(pub(super) Option<Arc<ConnectionState>>);

impl ActiveRequest {
    pub fn begin(request: &Request) -> Self {
        let state = request.extensions().get::<Arc<ConnectionState>>().cloned();
        if let Some(state) = &state {
            state.phase.store(ACTIVE, Relaxed);
        }
        ActiveRequest(state)
    }

    /// Returns the request's head as it passed. `None` for a request that came in one piece with an
    /// earlier one (pipelining): of that one, only what hyper kept is known.
    pub fn head(&self) -> Option<Head> {
        let state = self.0.as_ref()?;
        let bytes = state.head.swap(0, Relaxed);
        (bytes > 0).then(|| Head { bytes, has_length: state.has_length.load(Relaxed) })
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
        if let Some(state) = &self.0 {
            state.phase.store(IDLE, Relaxed);
        }
    }
}
