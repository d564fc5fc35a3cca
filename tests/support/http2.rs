//! A client of HTTP/2 that sends what a story says, header by header.

use axum::{
    body::Bytes,
    http::{HeaderMap, Request, StatusCode},
};
use h2::{
    Ping, PingPong, Reason,
    client::{Connection, SendRequest},
};
use std::time::Duration;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};

/// A connection of HTTP/2.
pub struct Http2 {
    pub requests: SendRequest<Bytes>,
    pings: PingPong,
    authority: String,
    /// Ends with the connection.
    pub end: JoinHandle<Result<(), h2::Error>>,
}

impl Http2 {
    /// Connects by prior knowledge to the address in a URL.
    pub async fn open(url: &str) -> Self {
        let authority = url.trim_start_matches("http://");
        Self::over(TcpStream::connect(authority).await.unwrap(), authority).await
    }

    pub async fn over<S>(stream: S, authority: &str) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        Self::taking(65_535, stream, authority).await
    }

    /// Over a stream, and lets the server send so many bytes of each answer ahead.
    pub async fn taking<S>(window: u32, stream: S, authority: &str) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut client = h2::client::Builder::new();
        let client = client.initial_window_size(window).handshake(stream);
        let (requests, connection) = client.await.unwrap();
        let mut connection: Connection<S, Bytes> = connection;
        let pings = connection.ping_pong().unwrap();
        let end = tokio::spawn(connection);
        Http2 { requests, pings, authority: authority.to_owned(), end }
    }

    /// A request for `path` with these headers.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Request<()> {
        let uri = format!("http://{}{path}", self.authority);
        let request = Request::builder().method(method).uri(uri);
        let add = |request: axum::http::request::Builder, (name, value): &(&str, &str)| {
            request.header(*name, *value)
        };
        headers.iter().fold(request, add).body(()).unwrap()
    }

    /// Sends a request with a body, if there is one, and returns the answer.
    pub async fn send(
        &mut self,
        request: Request<()>,
        body: Option<&str>,
    ) -> Result<(StatusCode, HeaderMap, String), h2::Error> {
        let mut requests = self.requests.clone().ready().await?;
        let (answer, mut sent) = requests.send_request(request, body.is_none())?;
        if let Some(body) = body {
            sent.send_data(Bytes::copy_from_slice(body.as_bytes()), true)?;
        }
        let (head, mut body) = answer.await?.into_parts();
        let mut bytes = Vec::new();
        while let Some(piece) = body.data().await {
            let piece = piece?;
            body.flow_control().release_capacity(piece.len())?;
            bytes.extend_from_slice(&piece);
        }
        Ok((head.status, head.headers, String::from_utf8(bytes).unwrap()))
    }

    pub async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> (StatusCode, String) {
        let request = self.request("GET", path, headers);
        let (status, _, body) = self.send(request, None).await.unwrap();
        (status, body)
    }

    /// Pings the server and waits for its answer. False if the connection has ended.
    pub async fn ping(&mut self) -> bool {
        self.pings.ping(Ping::opaque()).await.is_ok()
    }

    /// Waits until the server ends the connection, and returns the reason of its GOAWAY.
    pub async fn reason(self) -> Reason {
        drop(self.requests);
        let end = timeout(Duration::from_secs(30), self.end).await.expect("the end").unwrap();
        end.err()
            .map_or(Reason::NO_ERROR, |error| error.reason().unwrap_or_else(|| panic!("{error}")))
    }
}
