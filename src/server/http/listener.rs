//! The source of connections: it limits how many are open at once, and gives their requests access
//! to them.

use axum::{Extension, extract::connect_info::Connected, middleware::AddExtension};
use axum_server::{AddrListener, Address, accept::Accept};
use std::{
    future::{Ready, ready},
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tower::Layer;

use super::{active_request::ConnectionState, connection::DeadlineStream};

/// Time that a client has to send the headers of a request, from their first byte. For the first
/// request it starts when the client connects.
const HEADER_TIME: Duration = Duration::from_secs(15);

/// Accepts a limited number of connections at once. Further ones wait in the system's queue until
/// one ends.
pub struct Listener {
    tcp: TcpListener,
    permits: Arc<Semaphore>,
    max_connections: usize,
    keep_alive: Duration,
}

impl Listener {
    pub fn new(tcp: TcpListener, max_connections: u32, keep_alive: Duration) -> Self {
        let max_connections = max_connections as usize;
        Listener {
            tcp,
            permits: Arc::new(Semaphore::new(max_connections)),
            max_connections,
            keep_alive,
        }
    }
}

/// The address at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Peer(SocketAddr);

impl Connected<Peer> for SocketAddr {
    fn connect_info(Peer(address): Peer) -> Self {
        address
    }
}

impl Address for Peer {
    type Stream = DeadlineStream<TcpStream>;
    type Listener = Listener;
}

impl AddrListener<DeadlineStream<TcpStream>, Peer> for Listener {
    async fn bind_to(_: Peer) -> io::Result<Self> {
        Err(ErrorKind::Unsupported.into())
    }

    async fn accept_stream(&self) -> io::Result<(DeadlineStream<TcpStream>, Peer)> {
        let permit = self.permits.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (stream, address) = self.tcp.accept().await?;
        let permit = (permit, self.permits.clone(), self.max_connections);
        Ok((DeadlineStream::new(stream, permit, (HEADER_TIME, self.keep_alive)), Peer(address)))
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        self.tcp.local_addr().map(Peer)
    }
}

/// Gives each request the state of its connection.
#[derive(Clone, Copy, Debug)]
pub struct ShareState;

impl<S> Accept<DeadlineStream<TcpStream>, S> for ShareState {
    type Stream = DeadlineStream<TcpStream>;
    type Service = AddExtension<S, Arc<ConnectionState>>;
    type Future = Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: DeadlineStream<TcpStream>, service: S) -> Self::Future {
        let service = Extension(stream.state()).layer(service);
        ready(Ok((stream, service)))
    }
}
