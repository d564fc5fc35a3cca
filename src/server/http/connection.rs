//! A connection, and the deadlines of its client.
//!
//! hyper has a single timeout for everything before the end of a request's headers, and two are
//! needed. A load balancer keeps idle connections for about a minute, and answers 502 if it sends a
//! request on one that is closed at that moment. A client that sends its headers drop by drop
//! (slowloris) has to be cut off much sooner. So the deadlines are kept here, beneath hyper, by the
//! bytes that pass and by whether a request is in progress.
//!
//! hyper also answers requests it cannot read with an empty body. Here that answer gets a sentence.
//!
//! All of that is for HTTP/1. A connection that begins with the preface of HTTP/2 has one deadline
//! here, until the preface is whole; `serving` keeps those that follow, by its streams.

use std::{
    io::{self, ErrorKind},
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::OwnedSemaphorePermit,
    time::{Sleep, sleep},
};

use super::{
    active_request::{ACTIVE, ConnectionState, HEADERS, HTTP1, HTTP2, IDLE},
    head::{Scan, error_response},
};

/// The first bytes of an HTTP/2 connection (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection that ends when its client takes too long.
pub struct DeadlineStream<S> {
    stream: S,
    state: Arc<ConnectionState>,
    _permit: Arc<OwnedSemaphorePermit>,
    header_time: Duration,
    keep_alive: Duration,
    deadline: Pin<Box<Sleep>>,
    /// The phase that `deadline` was set for, if any.
    deadline_phase: Option<u8>,
    /// Bytes of HTTP/2's preface that have come. `None` once they were others.
    preface: Option<usize>,
    scan: Scan,
    /// True once bytes have come while no head was expected. From then on heads cannot be told
    /// apart.
    is_mixed: bool,
    /// The part of our answer, sent in place of hyper's, that is still to be written.
    own_answer: Vec<u8>,
}

impl<S> DeadlineStream<S> {
    /// Sets deadlines for `stream`, which has `permit` to be open.
    pub fn new(
        stream: S,
        permit: Arc<OwnedSemaphorePermit>,
        state: ConnectionState,
        (header_time, keep_alive): (Duration, Duration),
    ) -> Self {
        DeadlineStream {
            stream,
            state: Arc::new(state),
            _permit: permit,
            header_time,
            keep_alive,
            deadline: Box::pin(sleep(header_time)),
            deadline_phase: Some(HEADERS),
            preface: Some(0),
            scan: Scan::default(),
            is_mixed: false,
            own_answer: Vec::new(),
        }
    }

    /// Returns the state to be shared with this connection's requests.
    pub fn state(&self) -> Arc<ConnectionState> {
        self.state.clone()
    }

    fn phase(&self) -> u8 {
        self.state.phase.load(Relaxed)
    }

    /// Records bytes that came in.
    fn record_read(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || self.is_http2(bytes) {
            return;
        }
        match self.phase() {
            ACTIVE => {
                self.is_mixed = true;
                return;
            }
            IDLE => {
                self.state.phase.store(HEADERS, Relaxed);
                self.scan = Scan::default();
                self.deadline_phase = None;
            }
            _ => {}
        }
        let rest = self.scan.read(bytes);
        if let Some(head) = self.scan.head().filter(|_| !self.is_mixed) {
            self.state.head.store(head.bytes, Relaxed);
            self.state.has_length.store(head.has_length, Relaxed);
        }
        self.is_mixed |= !rest.is_empty();
    }

    /// True if the connection speaks HTTP/2, as `bytes` may show, or have shown before.
    fn is_http2(&mut self, bytes: &[u8]) -> bool {
        let Some(matched) = self.preface else { return false };
        let due = &PREFACE[matched..];
        let compared = due.len().min(bytes.len());
        if bytes[..compared] != due[..compared] {
            self.preface = None;
            self.state.protocol.store(HTTP1, Relaxed);
            return false;
        }
        self.preface = Some(matched + compared);
        let is_whole = matched + compared == PREFACE.len();
        if is_whole && !due.is_empty() {
            self.state.head.store(0, Relaxed);
            self.state.protocol.store(HTTP2, Relaxed);
        }
        is_whole
    }

    /// True if the client has missed its deadline. Otherwise the task is woken when it passes.
    fn is_past_deadline(&mut self, cx: &mut Context<'_>) -> bool {
        if self.state.is_http2() {
            return false;
        }
        let phase = self.phase();
        let time = match phase {
            ACTIVE => {
                self.deadline_phase = None;
                return false;
            }
            IDLE => self.keep_alive,
            _ => self.header_time,
        };
        if self.deadline_phase != Some(phase) {
            self.deadline.set(sleep(time));
            self.deadline_phase = Some(phase);
        }
        self.deadline.as_mut().poll(cx).is_ready()
    }

    /// Returns what became of a step that waits for the client, or that it has waited too long: a
    /// client that sends requests ahead and takes no answers keeps hyper from reading.
    fn in_time<T>(
        &mut self,
        cx: &mut Context<'_>,
        step: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        match step {
            Poll::Pending if self.is_past_deadline(cx) => {
                Poll::Ready(Err(ErrorKind::TimedOut.into()))
            }
            other => other,
        }
    }

    /// Swallows hyper's empty answer to a request it could not read, and prepares our own. False if
    /// `answer` is any other answer.
    fn replaces_answer_of_hyper(&mut self, answer: &[u8]) -> bool {
        let is_ours = self.phase() == ACTIVE || self.state.is_http2();
        let own_answer = if is_ours { None } else { error_response(answer) };
        own_answer.is_some_and(|answer| {
            self.own_answer = answer;
            true
        })
    }

    /// Starts the deadline for the next request, or for the client to take more of this answer. It
    /// is started here because hyper may not read again after an answer: its read may have begun
    /// while the answer was being made.
    fn after_write(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            if self.state.is_http2() {
                self.state.streams.is_heard();
                return written;
            }
            self.deadline_phase = None;
            // Never late here: the call only sets the timer.
            let _ = self.is_past_deadline(cx);
        }
        written
    }
}

impl<S: AsyncWrite + Unpin> DeadlineStream<S> {
    fn poll_own_answer(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.own_answer.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.own_answer))?;
            if written == 0 {
                return Poll::Ready(Err(ErrorKind::WriteZero.into()));
            }
            self.own_answer.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for DeadlineStream<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        match Pin::new(&mut this.stream).poll_read(cx, buffer) {
            Poll::Ready(Ok(())) => {
                this.record_read(&buffer.filled()[before..]);
                Poll::Ready(Ok(()))
            }
            other => this.in_time(cx, other),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for DeadlineStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.replaces_answer_of_hyper(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let written = Pin::new(&mut this.stream).poll_write(cx, bytes);
        let written = this.in_time(cx, written);
        this.after_write(cx, written)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if let [piece] = pieces
            && this.replaces_answer_of_hyper(piece)
        {
            return Poll::Ready(Ok(piece.len()));
        }
        let written = Pin::new(&mut this.stream).poll_write_vectored(cx, pieces);
        let written = this.in_time(cx, written);
        this.after_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_own_answer(cx))?;
        let flushed = Pin::new(&mut this.stream).poll_flush(cx);
        this.in_time(cx, flushed)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_own_answer(cx))?;
        let shut = Pin::new(&mut this.stream).poll_shutdown(cx);
        this.in_time(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::active_request::ActiveRequest, *};
    use tokio::{
        net::{TcpListener, TcpStream},
        sync::Semaphore,
        time::timeout,
    };

    const SHORT: Duration = Duration::from_millis(100);

    async fn read(stream: &mut DeadlineStream<TcpStream>) -> io::Result<usize> {
        let mut bytes = [0; 64];
        std::future::poll_fn(|cx| {
            let mut buffer = ReadBuf::new(&mut bytes);
            let read = Pin::new(&mut *stream).poll_read(cx, &mut buffer);
            read.map_ok(|()| buffer.filled().len())
        })
        .await
    }

    #[tokio::test]
    async fn headers_have_a_shorter_deadline_than_the_wait_for_them() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (tcp, _) = listener.accept().await.unwrap();
        let permits = Arc::new(Semaphore::new(1));
        let permit = Arc::new(permits.clone().acquire_owned().await.unwrap());
        let state = ConnectionState::new(&permit, permits.clone(), 1, permits);
        let day = Duration::from_secs(86_400);
        let mut stream = DeadlineStream::new(tcp, permit, state, (SHORT, day));
        let is_late = |read: io::Result<usize>| read.unwrap_err().kind() == ErrorKind::TimedOut;
        assert!(is_late(read(&mut stream).await), "who connects and sends nothing is let go");

        drop(ActiveRequest::on(Some(stream.state())));
        assert!(timeout(3 * SHORT, read(&mut stream)).await.is_err(), "between two requests not");

        client.try_write(b"GET").unwrap();
        assert_eq!(read(&mut stream).await.unwrap(), 3);
        assert!(is_late(read(&mut stream).await), "but from the first byte on");
    }
}
