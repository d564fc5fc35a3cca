//! Ports for servers that stop and start again.

use tokio::net::TcpSocket;

/// A port that is reserved as long as this lives. Its socket is bound and does not listen:
/// connections are refused until a program listens there (all of them set `SO_REUSEADDR`, as this
/// one does), and the system gives the port to nobody who asks for any free one.
pub struct Port {
    pub number: u16,
    _socket: TcpSocket,
}

impl Port {
    pub fn held() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Port { number: socket.local_addr().unwrap().port(), _socket: socket }
    }
}
