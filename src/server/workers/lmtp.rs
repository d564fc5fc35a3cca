//! The door for mails that come back: LMTP (RFC 2033), by which a mail server hands over what
//! arrives at return paths, and learns at once whether it was taken. It takes nothing else, so that
//! it can be no relay.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    time::{sleep, timeout},
};

use super::lmtp_peer::Peer;
use crate::server::{
    auth::{Auth, reports},
    mail::reports::{dsn::MOST_BYTES, return_path},
};

/// Most connections at once; more wait.
const CONNECTIONS: u32 = 8;
/// Time for a line of the mail server. Less than the five minutes of RFC 5321, 4.5.3.2.7: there are
/// few places.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time for all that one connection brings.
const SESSION: Duration = Duration::from_secs(600);
/// Pause after a connection that could not be accepted, because the process has no file handle
/// left.
const PAUSE: Duration = Duration::from_millis(50);
/// Most recipients of one mail. A report has one.
const MOST_RECIPIENTS: usize = 16;
/// Refusals after which a client is sent away.
const MOST_FAULTS: usize = 20;

/// Takes mails on `listener` until `stop`, and waits for those in hand.
pub async fn serve(listener: TcpListener, auth: Arc<Auth>, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
    loop {
        let (stream, place) = tokio::select! {
            accepted = accept(&listener, &places) => match accepted {
                Ok((stream, _, place)) => (stream, place),
                Err(_) => {
                    sleep(PAUSE).await;
                    continue;
                }
            },
            _ = stop.changed() => break,
        };
        let (auth, stop) = (auth.clone(), stop.clone());
        tokio::spawn(async move {
            let peer = Peer::new(stream, PATIENCE);
            // A client that leaves or falls silent has lost nothing: it tries again.
            let _ = timeout(SESSION, converse(&auth, peer, stop)).await;
            drop(place);
        });
    }
    let _ = places.acquire_many(CONNECTIONS).await;
}

async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
    let (stream, address) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, address, place))
}

/// A mail as its commands have announced it.
#[derive(Default)]
struct Announced {
    /// MAIL has begun it.
    is_begun: bool,
    /// Return paths of ours that it is for.
    paths: Vec<String>,
}

/// Answers the commands of one client until it leaves.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    auth: &Auth,
    mut peer: Peer<S>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    peer.say("220 latchkey takes mails that come back").await?;
    let (mut mail, mut faults) = (Announced::default(), 0);
    while faults < MOST_FAULTS {
        let line = tokio::select! {
            line = peer.line() => line?,
            _ = stop.changed() => return peer.say("421 4.3.2 stopping: come again").await,
        };
        let Some(line) = line else { return Ok(()) };
        let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
        let reply = match verb.to_ascii_uppercase().as_str() {
            "LHLO" => {
                mail = Announced::default();
                // SMTPUTF8, or no report about an address of another script could come (RFC 6533).
                format!(
                    "250-latchkey\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n\
                     250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {MOST_BYTES}"
                )
            }
            "MAIL" if path(rest, "FROM:").is_none() => malformed("MAIL FROM:<address>"),
            "MAIL" if mail.is_begun => "503 5.5.1 a mail is begun already: RSET".to_owned(),
            "MAIL" if size(rest).is_some_and(|size| size > MOST_BYTES) => TOO_LARGE.to_owned(),
            "MAIL" => {
                mail.is_begun = true;
                "250 2.1.0 go on".to_owned()
            }
            "RCPT" => mail.recipient(auth, rest),
            "DATA" if mail.paths.is_empty() => "503 5.5.1 no recipient was taken".to_owned(),
            "DATA" => {
                peer.say("354 the mail, then a dot").await?;
                let message = peer.message(MOST_BYTES).await?;
                // One answer for each recipient (RFC 2033, 4.2).
                for path in std::mem::take(&mut mail).paths {
                    peer.say(&take(auth, message.as_deref(), &path).await).await?;
                }
                continue;
            }
            "RSET" => {
                mail = Announced::default();
                "250 2.0.0 forgotten".to_owned()
            }
            "NOOP" => "250 2.0.0 ready".to_owned(),
            "VRFY" => "252 2.5.0 send it and see".to_owned(),
            "QUIT" => return peer.say("221 2.0.0 bye").await,
            "HELO" | "EHLO" => "500 5.5.1 this is LMTP: begin with LHLO".to_owned(),
            _ => "500 5.5.2 no command of LMTP".to_owned(),
        };
        faults += usize::from(reply.starts_with('5'));
        peer.say(&reply).await?;
    }
    peer.say("421 4.7.0 too many errors").await
}

const TOO_LARGE: &str = "552 5.3.4 too large for a report of a mail server";

fn malformed(example: &str) -> String {
    format!("501 5.5.4 malformed: it should be {example}")
}

impl Announced {
    /// Adds a recipient, which has to be a return path of ours, and returns the answer.
    fn recipient(&mut self, auth: &Auth, rest: &str) -> String {
        let Some(to) = path(rest, "TO:") else { return malformed("RCPT TO:<address>") };
        if !self.is_begun {
            return "503 5.5.1 MAIL comes first".to_owned();
        }
        if return_path::parse(&auth.keys, to).is_none() {
            return "550 5.1.1 no return path of a mail of this server".to_owned();
        }
        if self.paths.len() >= MOST_RECIPIENTS {
            return "452 4.5.3 too many recipients".to_owned();
        }
        self.paths.push(to.to_owned());
        "250 2.1.5 one of ours".to_owned()
    }
}

/// Acts on a message to a return path, and returns the answer; `None` is one that is too large. What
/// is no report is taken and passed over: a refusal would come back in its turn.
async fn take(auth: &Auth, message: Option<&[u8]>, to: &str) -> String {
    let Some(message) = message else { return TOO_LARGE.to_owned() };
    match reports::take_mail(auth, message, Some(to)).await {
        Ok(Ok(count)) => format!("250 2.0.0 reports: {count}"),
        Ok(Err(why)) => format!("250 2.0.0 passed over: {why}"),
        Err(error) => {
            tracing::warn!(%error, "a mail that came back could not be written down; it will come again");
            "451 4.3.0 it could not be written down: come again".to_owned()
        }
    }
}

/// Returns the address of `FROM:<address> …` or `TO:<address> …`, which may be empty.
fn path<'a>(rest: &'a str, name: &str) -> Option<&'a str> {
    let (start, after) = rest.trim_start().split_at_checked(name.len())?;
    let after = after.trim_start().strip_prefix('<')?;
    start.eq_ignore_ascii_case(name).then(|| after.split_once('>').map(|(path, _)| path))?
}

/// Returns the size that MAIL announces (RFC 1870).
fn size(rest: &str) -> Option<usize> {
    let is_size = |(name, size): (&str, &str)| {
        name.eq_ignore_ascii_case("SIZE").then(|| size.parse().unwrap_or(usize::MAX))
    };
    rest.split_whitespace().filter_map(|parameter| parameter.split_once('=')).find_map(is_size)
}
