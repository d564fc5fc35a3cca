//! A relay to a server that can lose packets.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

pub struct Road {
    opened: Arc<AtomicUsize>,
    /// Number of connections, counted from the first, whose packets are lost.
    forgotten: Arc<AtomicUsize>,
}

impl Road {
    /// Starts a relay to the server of `url`, and returns it with the URL that leads through it.
    pub async fn to(url: &str) -> (Self, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let end = url.split(['@', '/']).find(|part| part.starts_with("127.0.0.1:")).unwrap();
        let by_road = url.replace(end, &address.to_string());
        let (opened, forgotten) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
        let road = Road { opened: opened.clone(), forgotten: forgotten.clone() };
        let end = end.to_owned();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let number = opened.fetch_add(1, Ordering::SeqCst);
                let far = TcpStream::connect(&end).await.unwrap();
                let ((near_in, near_out), (far_in, far_out)) =
                    (near.into_split(), far.into_split());
                tokio::spawn(travel(near_in, far_out, number, forgotten.clone()));
                tokio::spawn(travel(far_in, near_out, number, forgotten.clone()));
            }
        });
        (road, by_road)
    }

    /// Number of connections made through it.
    pub fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    /// Drops the packets of all present connections, as a firewall does that has forgotten them:
    /// nothing arrives, and neither side is told.
    pub fn forget(&self) {
        self.forgotten.store(self.opened(), Ordering::SeqCst);
    }

    /// Drops the packets of present and future connections, until [`Road::open`].
    pub fn shut(&self) {
        self.forgotten.store(usize::MAX, Ordering::SeqCst);
    }

    pub fn open(&self) {
        self.forget();
    }
}

async fn travel(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    number: usize,
    forgotten: Arc<AtomicUsize>,
) {
    let mut buffer = [0; 8192];
    loop {
        let read = from.read(&mut buffer).await.unwrap_or(0);
        while number < forgotten.load(Ordering::SeqCst) {
            // Passes on neither bytes nor the end of the stream: both sides wait.
            tokio::time::sleep(std::time::Duration::from_secs(3_600)).await;
        }
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}
