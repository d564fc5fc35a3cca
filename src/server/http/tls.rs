//! TLS by the server itself: versions 1.2 and 1.3, with the suites of rustls (RFC 9325, 4.2), all of
//! which keep past connections secret when a key leaks.

use arc_swap::ArcSwap;
use std::{fmt, io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring::default_provider,
        server::{ClientHello, ResolvesServerCert},
        sign::CertifiedKey,
        version::{TLS12, TLS13},
    },
    server::TlsStream,
};

use super::{certificate::Certificate, head, listener::HEADER_TIME};

/// Time and bytes that are spent on hearing out a client that speaks no TLS. If data that it has
/// sent stays unread, the system resets the connection and the answer is lost.
const HEARING: Duration = Duration::from_secs(2);
const HEARD: u64 = 64 * 1024;

/// TLS with the certificate in force.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    in_force: Arc<InForce>,
}

/// The certificate in force, which every new connection is shown, whatever name it asks for.
#[derive(Debug)]
struct InForce(ArcSwap<Certificate>);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TLS until {}", self.certificate().last_day())
    }
}

impl ResolvesServerCert for InForce {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.load().signer.clone())
    }
}

impl Tls {
    pub fn new(certificate: Certificate) -> io::Result<Self> {
        let in_force = Arc::new(InForce(ArcSwap::from_pointee(certificate)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(in_force.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Tls { acceptor: Arc::new(config).into(), in_force })
    }

    pub fn certificate(&self) -> Arc<Certificate> {
        self.in_force.0.load_full()
    }

    /// Shows new connections another certificate. Those that are open go on.
    pub fn replace(&self, certificate: Certificate) {
        self.in_force.0.store(Arc::new(certificate));
    }

    /// Shakes hands with a client. `None` if it takes too long, or cannot agree on anything with us.
    pub async fn accept(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        timeout(HEADER_TIME, self.greet(stream)).await.ok().flatten()
    }

    async fn greet(&self, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let mut first = [0];
        stream.peek(&mut first).await.ok()?;
        // A request of HTTP begins with a letter, a record of TLS with 22 (RFC 8446, 5.1).
        if first[0].is_ascii_alphabetic() {
            let _ = timeout(HEARING, refuse(stream)).await;
            return None;
        }
        self.acceptor.accept(stream).await.ok()
    }
}

/// Tells a client that speaks HTTP without TLS what is wrong.
async fn refuse(mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(&head::without_tls()).await?;
    stream.shutdown().await?;
    tokio::io::copy(&mut stream.take(HEARD), &mut tokio::io::sink()).await.map(drop)
}
