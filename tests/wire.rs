//! What arrives byte by byte: requests that no browser sends.

use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::App;

/// A connection of which only the bytes count.
struct Wire(TcpStream);

impl Wire {
    async fn open(app: &App) -> Self {
        Wire(TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap())
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // A server that has seen enough may have hung up.
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// All that comes back until the server hangs up.
    async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = timeout(Duration::from_secs(30), self.0.read_to_end(&mut bytes))
            .await
            .expect("the server hangs up");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

async fn status(app: &App, request: impl AsRef<[u8]>) -> String {
    let mut wire = Wire::open(app).await;
    wire.send(request).await;
    wire.rest().await.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_request_of_two_lengths_is_refused_and_its_connection_closed() {
    let app = App::start().await;
    let lengths = [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
    ];
    for both in lengths {
        let smuggling = format!(
            "POST /api/auth/logout HTTP/1.1\r\nHost: x\r\n{both}\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        );
        let mut wire = Wire::open(&app).await;
        wire.send(smuggling).await;
        let answer = wire.rest().await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        assert_eq!(
            answer.matches("HTTP/1.1").count(),
            1,
            "nothing behind it was answered: {answer}"
        );
    }
    for odd in [
        "Content-Length: 4\r\nContent-Length: 5",
        "Content-Length: -1",
        "Transfer-Encoding: identity",
    ] {
        let answer =
            status(&app, format!("POST /api/auth/logout HTTP/1.1\r\nHost: x\r\n{odd}\r\n\r\n1234"))
                .await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{odd}: {answer}");
    }
}

#[tokio::test]
async fn methods_nobody_needs_are_refused_on_every_route() {
    let app = App::start().await;
    for path in [
        "/",
        "/login",
        "/dashboard",
        "/api/auth/session",
        "/actions/sign-in",
        "/healthz",
        "/nowhere",
    ] {
        for method in ["TRACE", "CONNECT", "DELETE", "MADEUP"] {
            let answer = status(
                &app,
                format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
            )
            .await;
            assert!(answer.starts_with("HTTP/1.1 405"), "{method} {path}: {answer}");
        }
    }
}

#[tokio::test]
async fn headers_are_limited() {
    let app = App::start().await;
    let large =
        format!("GET /login HTTP/1.1\r\nHost: x\r\nCookie: a={}\r\n\r\n", "x".repeat(64 * 1024));
    assert!(status(&app, large).await.starts_with("HTTP/1.1 431"));
    let many = format!("GET /login HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(200));
    assert!(status(&app, many).await.starts_with("HTTP/1.1 431"));
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(64 * 1024));
    assert!(status(&app, long).await.starts_with("HTTP/1.1 4"));
}

#[tokio::test]
async fn who_sends_slowly_keeps_nobody_waiting_and_is_cut_off() {
    let app = App::start().await;
    let mut slow = Vec::new();
    for n in 0..100 {
        let mut wire = Wire::open(&app).await;
        let begun = if n % 2 == 0 {
            "GET /login HTTP/1.1\r\nHost:"
        } else {
            "POST /actions/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\ne"
        };
        wire.send(begun).await;
        slow.push(wire);
    }
    assert_eq!(app.browser().get("/login").await.status, 200, "others are served");
    for (n, mut wire) in slow.into_iter().enumerate() {
        let answer = wire.rest().await;
        assert!(
            answer.starts_with("HTTP/1.1 408") || (n % 2 == 0 && answer.is_empty()),
            "{n}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_gigabyte_is_refused_before_it_is_sent_on_every_route() {
    let app = App::start().await;
    for path in [
        "/login",
        "/dashboard",
        "/api/auth/send-passwordless",
        "/actions/sign-in",
        "/metrics",
        "/nowhere",
        "/favicon.svg",
    ] {
        let answer = status(
            &app,
            format!("POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1073741824\r\n\r\nx"),
        )
        .await;
        assert!(answer.starts_with("HTTP/1.1 413"), "{path}: {answer}");
    }
}
