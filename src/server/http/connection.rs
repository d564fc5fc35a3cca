//! A connection, and the deadlines of its client.
//!
//! hyper has a single timeout for everything before the end of a request's headers, and two are
//! needed. A load balancer keeps idle connections for about a minute, and answers 502 if it sends a
//! request on one that is closed at that moment. A client that sends its headers drop by drop
//! (slowloris) has to be cut off much sooner. So the deadlines are kept here, beneath hyper, by the
//! bytes that pass and by whether a request is in progress.
//!
//! hyper also answers requests it cannot read with an empty body. Here that answer gets a sentence.

use axum::extract::Request;
use std::{
    io::{self, ErrorKind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Sleep, sleep},
};

use super::head::{Head, Scan, sentence};

/// Phase between two requests. The client has the same time again for each piece of an answer it is
/// slow to take.
const WAITING: u8 = 0;
/// Phase in which a request's headers arrive.
const HEADERS: u8 = 1;
/// Phase in which a request is in progress. The router limits the time of its body and its answer.
const IN_HAND: u8 = 2;

/// State shared by a connection and its requests. A single task uses both.
#[derive(Debug)]
pub struct Watch {
    phase: AtomicU8,
    /// Bytes of the head that has just passed. 0 if there is none, or if it cannot be told apart
    /// from other bytes.
    head: AtomicUsize,
    has_length: AtomicBool,
    room: Arc<Semaphore>,
    most: usize,
}

/// A request in progress. While it lives, the connection does not count as idle.
pub struct InHand(Option<Arc<Watch>>);

impl InHand {
    pub fn begin(request: &Request) -> Self {
        let watch = request.extensions().get::<Arc<Watch>>().cloned();
        if let Some(watch) = &watch {
            watch.phase.store(IN_HAND, Relaxed);
        }
        InHand(watch)
    }

    /// Returns the request's head as it passed. `None` for a request that came in one piece with an
    /// earlier one (pipelining): of that one, only what hyper kept is known.
    pub fn head(&self) -> Option<Head> {
        let watch = self.0.as_ref()?;
        let bytes = watch.head.swap(0, Relaxed);
        (bytes > 0).then(|| Head { bytes, has_length: watch.has_length.load(Relaxed) })
    }

    /// True if more than three quarters of all allowed connections are in use. Connections are then
    /// not kept for later requests.
    pub fn is_crowded(&self) -> bool {
        self.0.as_ref().is_some_and(|watch| watch.room.available_permits() < watch.most / 4)
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        if let Some(watch) = &self.0 {
            watch.phase.store(WAITING, Relaxed);
        }
    }
}

/// A connection that ends when its client takes too long.
pub struct Watched<S> {
    stream: S,
    watch: Arc<Watch>,
    _place: OwnedSemaphorePermit,
    header_time: Duration,
    keep_alive: Duration,
    limit: Pin<Box<Sleep>>,
    /// The phase that `limit` was set for, if any.
    limited: Option<u8>,
    scan: Scan,
    /// True once bytes have come while no head was expected. From then on heads cannot be told
    /// apart.
    is_mixed: bool,
    /// The part of our answer, sent in place of hyper's, that is still to be written.
    ours: Vec<u8>,
}

impl<S> Watched<S> {
    /// Watches `stream`. `place` is its permit out of `room`, which has `most` in all.
    pub fn new(
        stream: S,
        (place, room, most): (OwnedSemaphorePermit, Arc<Semaphore>, usize),
        (header_time, keep_alive): (Duration, Duration),
    ) -> Self {
        let watch = Watch {
            phase: AtomicU8::new(HEADERS),
            head: AtomicUsize::new(0),
            has_length: AtomicBool::new(false),
            room,
            most,
        };
        Watched {
            stream,
            watch: Arc::new(watch),
            _place: place,
            header_time,
            keep_alive,
            limit: Box::pin(sleep(header_time)),
            limited: Some(HEADERS),
            scan: Scan::default(),
            is_mixed: false,
            ours: Vec::new(),
        }
    }

    /// Returns the state to be shared with this connection's requests.
    pub fn watch(&self) -> Arc<Watch> {
        self.watch.clone()
    }

    fn phase(&self) -> u8 {
        self.watch.phase.load(Relaxed)
    }

    /// Records bytes that came in.
    fn see(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        match self.phase() {
            IN_HAND => {
                self.is_mixed = true;
                return;
            }
            WAITING => {
                self.watch.phase.store(HEADERS, Relaxed);
                self.scan = Scan::default();
                self.limited = None;
            }
            _ => {}
        }
        let rest = self.scan.read(bytes);
        if let Some(head) = self.scan.head().filter(|_| !self.is_mixed) {
            self.watch.head.store(head.bytes, Relaxed);
            self.watch.has_length.store(head.has_length, Relaxed);
        }
        self.is_mixed |= !rest.is_empty();
    }

    /// True if the client has missed its deadline. Otherwise the task is woken when it passes.
    fn is_late(&mut self, cx: &mut Context<'_>) -> bool {
        let phase = self.phase();
        let time = match phase {
            IN_HAND => {
                self.limited = None;
                return false;
            }
            WAITING => self.keep_alive,
            _ => self.header_time,
        };
        if self.limited != Some(phase) {
            self.limit.set(sleep(time));
            self.limited = Some(phase);
        }
        self.limit.as_mut().poll(cx).is_ready()
    }

    /// Swallows hyper's empty answer to a request it could not read, and prepares ours. False if
    /// `said` is any other answer.
    fn answers_for_hyper(&mut self, said: &[u8]) -> bool {
        let ours = if self.phase() == IN_HAND { None } else { sentence(said) };
        ours.is_some_and(|ours| {
            self.ours = ours;
            true
        })
    }

    /// Starts the deadline for the next request, or for the client to take more of this answer. It
    /// is started here because hyper may not read again after an answer: its read may have begun
    /// while the answer was being made.
    fn wrote(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.limited = None;
            // Never late here: the call only sets the timer.
            let _ = self.is_late(cx);
        }
        written
    }
}

impl<S: AsyncWrite + Unpin> Watched<S> {
    fn poll_ours(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.ours.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.ours))?;
            if written == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.ours.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) => {
                this.see(&buffer.filled()[before..]);
                Poll::Ready(Ok(()))
            }
            Poll::Pending if this.is_late(cx) => Poll::Ready(Err(ErrorKind::TimedOut.into())),
            other => other,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.answers_for_hyper(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.wrote(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let [piece] = pieces
            && this.answers_for_hyper(piece)
        {
            return Poll::Ready(Ok(piece.len()));
        }
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, pieces);
        this.wrote(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_ours(cx))?;
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_ours(cx))?;
        Pin::new(&mut this.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        net::{TcpListener, TcpStream},
        time::timeout,
    };

    const SHORT: Duration = Duration::from_millis(100);

    async fn read(watched: &mut Watched<TcpStream>) -> io::Result<usize> {
        let mut bytes = [0; 64];
        std::future::poll_fn(|cx| {
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = Pin::new(&mut *watched).poll_read(cx, &mut buffer);
            read.map_ok(|()| buffer.filled().len())
        })
        .await
    }

    #[tokio::test]
    async fn headers_have_a_shorter_deadline_than_the_wait_for_them() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let room = Arc::new(Semaphore::new(1));
        let place = room.clone().acquire_owned().await.unwrap();
        let day = Duration::from_secs(86_400);
        let mut watched = Watched::new(stream, (place, room, 1), (SHORT, day));
        let late = |read: io::Result<usize>| read.unwrap_err().kind() == ErrorKind::TimedOut;
        assert!(late(read(&mut watched).await), "who connects and sends nothing is let go");

        drop(InHand(Some(watched.watch.clone())));
        assert!(timeout(3 * SHORT, read(&mut watched)).await.is_err(), "between two requests not");

        client.try_write(b"GET").unwrap();
        assert_eq!(read(&mut watched).await.unwrap(), 3);
        assert!(late(read(&mut watched).await), "but from the first byte on");
    }
}
