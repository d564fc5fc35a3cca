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

use super::connection::{Watch, Watched};

/// Time that a client has to send the headers of a request, from their first byte. For the first
/// request it starts when the client connects.
const HEADER_TIME: Duration = Duration::from_secs(15);

/// Accepts a limited number of connections at once. Further ones wait in the system's queue until
/// one ends.
pub struct Listener {
    tcp: TcpListener,
    room: Arc<Semaphore>,
    most: usize,
    keep_alive: Duration,
}

impl Listener {
    pub fn new(tcp: TcpListener, most: u32, keep_alive: Duration) -> Self {
        let most = most as usize;
        Listener { tcp, room: Arc::new(Semaphore::new(most)), most, keep_alive }
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
    type Stream = Watched<TcpStream>;
    type Listener = Listener;
}

impl AddrListener<Watched<TcpStream>, Peer> for Listener {
    async fn bind_to(_: Peer) -> io::Result<Self> {
        Err(ErrorKind::Unsupported.into())
    }

    async fn accept_stream(&self) -> io::Result<(Watched<TcpStream>, Peer)> {
        let place = self.room.clone().acquire_owned().await.map_err(io::Error::other)?;
        let (stream, address) = self.tcp.accept().await?;
        let room = (place, self.room.clone(), self.most);
        Ok((Watched::new(stream, room, (HEADER_TIME, self.keep_alive)), Peer(address)))
    }

    fn get_local_addr(&self) -> io::Result<Peer> {
        self.tcp.local_addr().map(Peer)
    }
}

/// Gives each request of a connection the connection's [`Watch`].
#[derive(Clone, Copy, Debug)]
pub struct Introduce;

impl<S> Accept<Watched<TcpStream>, S> for Introduce {
    type Stream = Watched<TcpStream>;
    type Service = AddExtension<S, Arc<Watch>>;
    type Future = Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: Watched<TcpStream>, service: S) -> Self::Future {
        let service = Extension(stream.watch()).layer(service);
        ready(Ok((stream, service)))
    }
}
