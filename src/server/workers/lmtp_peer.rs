//! A client of LMTP, as a stream of lines: each has a greatest length and a deadline, and so has a
//! message.

use std::{io, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    time::timeout,
};

/// Most bytes of a command line: an address of RFC 5321 and parameters for it (RFC 3461, 4).
const LINE: usize = 2_048;

pub struct Peer<S> {
    stream: BufReader<S>,
    /// Time for one line in either direction.
    patience: Duration,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub fn new(stream: S, patience: Duration) -> Self {
        Peer { stream: BufReader::new(stream), patience }
    }

    /// Sends a reply.
    pub async fn say(&mut self, reply: &str) -> io::Result<()> {
        let (stream, reply) = (&mut self.stream, format!("{reply}\r\n"));
        let saying = async {
            stream.write_all(reply.as_bytes()).await?;
            stream.flush().await
        };
        timeout(self.patience, saying).await?
    }

    /// Reads a command line, without its end; `None` at the end of the stream.
    pub async fn line(&mut self) -> io::Result<Option<String>> {
        let line = self.bytes(LINE).await?;
        let text = |line: Vec<u8>| String::from_utf8_lossy(&line).trim_end().to_owned();
        match line.last() {
            None => Ok(None),
            Some(b'\n') => Ok(Some(text(line))),
            Some(_) => {
                self.say("500 5.5.2 a line is too long").await?;
                Err(io::ErrorKind::InvalidData.into())
            }
        }
    }

    /// Reads a message up to the dot that ends it, and takes the doubled dots off (RFC 5321,
    /// 4.5.2). `None` if it has more bytes than `most`: it is read to its end all the same, so that
    /// an answer can follow.
    pub async fn message(&mut self, most: usize) -> io::Result<Option<Vec<u8>>> {
        let (mut message, mut is_whole, mut is_start) = (Vec::new(), true, true);
        loop {
            let piece = self.bytes(most).await?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if is_start && piece == b".\r\n" {
                return Ok(is_whole.then_some(message));
            }
            let content = if is_start && piece.starts_with(b".") { &piece[1..] } else { &piece };
            is_whole &= message.len() + content.len() <= most;
            if is_whole {
                message.extend_from_slice(content);
            }
            // A bare LF ends no line of SMTP (RFC 5321, 2.3.8).
            is_start = piece.ends_with(b"\r\n");
        }
    }

    /// Reads up to the next LF, of `most` bytes at most.
    async fn bytes(&mut self, most: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut bounded = (&mut self.stream).take(most as u64);
        timeout(self.patience, bounded.read_until(b'\n', &mut bytes)).await??;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{DuplexStream, duplex};

    fn peer(said: &[u8]) -> (Peer<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(64 * 1024);
        let mut client = Peer::new(theirs, Duration::from_secs(10));
        // The other half: nothing waits for a reader below the size of the pipe.
        futures::executor::block_on(client.stream.write_all(said)).unwrap();
        futures::executor::block_on(client.stream.flush()).unwrap();
        (Peer::new(ours, Duration::from_millis(20)), client.stream.into_inner())
    }

    #[tokio::test]
    async fn a_message_ends_with_its_dot_alone_and_loses_the_doubled_ones() {
        for (wire, message) in [
            ("a\r\n.\r\n", "a\r\n"),
            (".\r\n", ""),
            ("..\r\n..b\r\n.\r\n", ".\r\n.b\r\n"),
            // Lines that only look like its end.
            ("a\n.\r\nb\r\n.\r\n", "a\n.\r\nb\r\n"),
            ("a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n"),
        ] {
            let (mut peer, _client) = peer(&[wire.as_bytes(), b"QUIT\r\n"].concat());
            let read = peer.message(1_000).await.unwrap().unwrap();
            assert_eq!(String::from_utf8(read).unwrap(), message, "{wire:?}");
            assert_eq!(peer.line().await.unwrap().as_deref(), Some("QUIT"), "{wire:?}");
        }
    }

    #[tokio::test]
    async fn a_message_that_is_too_large_is_read_to_its_end_and_not_kept() {
        for wire in ["0123456789\r\n.\r\n", "01234\r\n56789\r\n.\r\n", "01\r\n02\r\n03\r\n.\r\n"] {
            let (mut peer, _client) = peer(&[wire.as_bytes(), b"QUIT\r\n"].concat());
            assert_eq!(peer.message(10).await.unwrap(), None, "{wire:?}");
            assert_eq!(peer.line().await.unwrap().as_deref(), Some("QUIT"), "{wire:?}");
        }
    }

    #[tokio::test]
    async fn whoever_is_slow_or_never_ends_a_line_is_left() {
        for said in ["", "LHLO mx.exam"] {
            let (mut slow, _client) = peer(said.as_bytes());
            assert_eq!(slow.line().await.unwrap_err().kind(), io::ErrorKind::TimedOut, "{said:?}");
        }
        let (mut slow, _client) = peer(b"Subject: half a me");
        assert_eq!(slow.message(1_000).await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        let (mut endless, mut client) = peer(&[b'a'; LINE + 1]);
        assert_eq!(endless.line().await.unwrap_err().kind(), io::ErrorKind::InvalidData);
        let mut told = [0; 3];
        client.read_exact(&mut told).await.unwrap();
        assert_eq!(&told, b"500");
        let (mut gone, client) = peer(b"DATA");
        drop(client);
        assert!(gone.message(1_000).await.is_err());
    }
}
