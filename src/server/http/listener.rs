//! The source of connections: it limits how many are open at once.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::{active_request::ConnectionState, connection::DeadlineStream};

/// Time that a client has to send the headers of a request, from their first byte. For the first
/// request it starts when the client connects.
pub(super) const HEADER_TIME: Duration = Duration::from_secs(15);
/// Pause after a connection that could not be accepted, because the process has no file handle
/// left.
const PAUSE: Duration = Duration::from_millis(50);

/// Accepts a limited number of connections at once. Further ones wait in the system's queue until
/// one ends.
pub struct Listener {
    tcp: TcpListener,
    pub(super) places: Places,
}

/// The places for connections, and the time that an idle one keeps its own.
#[derive(Clone)]
pub(super) struct Places {
    permits: Arc<Semaphore>,
    max: u32,
    /// Room for streams of HTTP/2, beside the one that each connection has.
    shared_rooms: Arc<Semaphore>,
    pub keep_alive: Duration,
}

impl Listener {
    pub fn new(tcp: TcpListener, max_connections: u32, keep_alive: Duration) -> Self {
        let as_many = || Arc::new(Semaphore::new(max_connections as usize));
        let (permits, shared_rooms) = (as_many(), as_many());
        Listener { tcp, places: Places { permits, max: max_connections, shared_rooms, keep_alive } }
    }

    /// Returns the next connection, with its place.
    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
        let permits = self.places.permits.clone();
        let permit = permits.acquire_owned().await.map_err(io::Error::other)?;
        loop {
            match self.tcp.accept().await {
                Ok((stream, address)) => {
                    // The frames of one answer may leave in several packets; the later ones must
                    // not wait until the client has acknowledged the first (RFC 896).
                    let _ = stream.set_nodelay(true);
                    return Ok((stream, address, permit));
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }
}

impl Places {
    /// Sets the deadlines of a connection that has a place.
    pub fn take<S>(&self, stream: S, permit: OwnedSemaphorePermit) -> DeadlineStream<S> {
        let (permits, rooms) = (self.permits.clone(), self.shared_rooms.clone());
        let permit = Arc::new(permit);
        let state = ConnectionState::new(&permit, permits, self.max as usize, rooms);
        DeadlineStream::new(stream, permit, state, (HEADER_TIME, self.keep_alive))
    }

    /// Waits until every connection has ended, and all work that was begun for one.
    pub async fn are_free(&self) {
        let _ = self.permits.acquire_many(self.max).await;
    }
}
