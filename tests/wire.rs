//! Requests byte by byte, as no browser sends them.

use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::App;

/// A raw connection that sends and receives bytes.
struct Wire(TcpStream);

impl Wire {
    async fn open(app: &App) -> Self {
        Wire(TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap())
    }

    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The server may already have refused and hung up.
        let _ = self.0.write_all(bytes.as_ref()).await;
    }

    /// Reads the next answer, up to the end of its `content-length`.
    async fn answer(&mut self) -> String {
        let mut text = String::new();
        loop {
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                    return text;
                }
            }
            let mut bytes = [0; 4096];
            let read = timeout(Duration::from_secs(30), self.0.read(&mut bytes)).await;
            let read = read.expect("an answer").unwrap();
            assert!(read > 0, "the server hung up: {text}");
            text.push_str(&String::from_utf8_lossy(&bytes[..read]));
        }
    }

    /// Reads everything until the server hangs up.
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
async fn a_request_with_two_lengths_is_refused_and_its_connection_closed() {
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
            "nothing after it was answered: {answer}"
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
async fn unsupported_methods_are_refused_on_every_route() {
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
async fn a_chunked_body_is_accepted_up_to_the_same_size() {
    let app = App::start().await;
    let chunked = |path: &str, chunks: &[&str]| {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        );
        let chunks = chunks.iter().map(|chunk| format!("{:x}\r\n{chunk}\r\n", chunk.len()));
        head + &chunks.collect::<String>() + "0\r\n\r\n"
    };
    let send = "/api/auth/send-passwordless";
    let mut wire = Wire::open(&app).await;
    for n in 0..2 {
        let (to, address) = ("{\"email\":\"", format!("ada{n}@example.com\"}}"));
        wire.send(chunked(send, &[to, &address])).await;
        let answer = wire.answer().await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{n}: {answer}");
        app.inbox.first_to(&format!("ada{n}@example.com")).await;
        // After a body that arrived together with its head, the next head cannot be told apart: a
        // new connection is needed.
        wire = Wire::open(&app).await;
    }
    let text = |length: usize| format!("{{\"email\":\"{}\"}}", "x".repeat(length - 12));
    for (length, status) in [(64 * 1024, "400"), (64 * 1024 + 1, "413"), (500_000, "413")] {
        for path in [send, "/login"] {
            let text = text(length);
            let pieces: Vec<&str> =
                (0..length).step_by(9_000).map(|at| &text[at..length.min(at + 9_000)]).collect();
            let mut wire = Wire::open(&app).await;
            wire.send(chunked(path, &pieces)).await;
            let answer = wire.answer().await;
            let expected = if path == send || status == "413" { status } else { "405" };
            assert!(answer.starts_with(&format!("HTTP/1.1 {expected}")), "{length}: {answer}");
        }
    }
    let cut = chunked(send, &["{}"]).replace("2\r\n{}", "zz\r\n{}");
    let mut wire = Wire::open(&app).await;
    wire.send(cut).await;
    let answer = wire.answer().await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("invalid_request"), "{answer}");
}

#[tokio::test]
async fn large_bodies_share_limited_room_and_small_ones_have_their_own() {
    let app = App::start().await;
    let mut slow = tokio::task::JoinSet::new();
    for _ in 0..300 {
        let mut wire = Wire::open(&app).await;
        let begun = "POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n".to_owned();
        slow.spawn(async move {
            wire.send(begun + &"x".repeat(5_000)).await;
            wire.answer().await
        });
    }
    for _ in 0..44 {
        let answer = slow.join_next().await.unwrap().unwrap();
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    }
    let small = app.browser().ask_for_mail("ada@example.com").await;
    assert!(small.goes_to().starts_with("/login/code"));
}

#[tokio::test]
async fn connections_are_limited_and_the_next_waits_until_one_ends() {
    let app = App::with(&[("LATCHKEY_SERVER__CONNECTIONS", "16")]).await;
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..16 {
        let mut wire = Wire::open(&app).await;
        wire.send("GET /healthz HTTP/1.1\r\n").await;
        open.push(wire);
    }
    let mut next = Wire::open(&app).await;
    next.send(request).await;
    assert!(timeout(Duration::from_millis(300), next.answer()).await.is_err());
    for wire in &mut open {
        wire.send("Host: x\r\n\r\n").await;
    }
    let answer = open[0].answer().await.to_ascii_lowercase();
    assert!(
        answer.contains("connection: close"),
        "no connection is kept alive while few are left: {answer}"
    );
    let mut next = Wire::open(&app).await;
    next.send(request).await;
    assert!(next.answer().await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn an_unreadable_request_is_answered_with_an_error() {
    let app = App::start().await;
    for odd in ["GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/9\r\n\r\n", "\u{1}\r\n\r\n"] {
        let mut wire = Wire::open(&app).await;
        wire.send(odd).await;
        let answer = wire.rest().await;
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.contains("{\"error\":{\"code\":\"invalid"),
            "{odd}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_refused_method_is_answered_with_the_allowed_ones() {
    let app = App::start().await;
    let browser = app.browser();
    for (method, path, allowed) in [
        ("POST", "/nowhere", "GET, HEAD"),
        ("TRACE", "/nowhere", "GET, HEAD"),
        ("GET", "/actions/verify-code", "POST"),
        ("POST", "/actions/progress", "GET, HEAD"),
        ("DELETE", "/dashboard", "GET,HEAD"),
        ("POST", "/login", "GET,HEAD"),
        ("DELETE", "/api/auth/session", "GET,HEAD"),
        ("GET", "/api/auth/logout", "POST"),
        ("POST", "/healthz", "GET,HEAD"),
        ("POST", "/favicon.svg", "GET,HEAD"),
        ("POST", "/pkg/latchkey.js", "GET,HEAD"),
    ] {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let answer = browser.send(browser.request(method.clone(), path)).await;
        assert_eq!(answer.status, 405, "{method} {path}");
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
    }
}

#[tokio::test]
async fn headers_are_limited() {
    let app = App::start().await;
    let exactly = |bytes: usize| {
        let head = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: a=";
        format!("{head}{}\r\n\r\n", "x".repeat(bytes - head.len() - 4))
    };
    assert!(status(&app, exactly(32 * 1024)).await.starts_with("HTTP/1.1 200"));
    let mut wire = Wire::open(&app).await;
    wire.send(exactly(32 * 1024 + 1)).await;
    let answer = wire.rest().await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert!(answer.contains("The headers of a request may be 32 KiB"), "{answer}");
    let large =
        format!("GET /login HTTP/1.1\r\nHost: x\r\nCookie: a={}\r\n\r\n", "x".repeat(64 * 1024));
    assert!(status(&app, large).await.starts_with("HTTP/1.1 431"));
    let many = format!("GET /login HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(200));
    assert!(status(&app, many).await.starts_with("HTTP/1.1 431"));
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(64 * 1024));
    assert!(status(&app, long).await.starts_with("HTTP/1.1 4"));
}

#[tokio::test]
async fn a_slow_sender_delays_nobody_and_is_cut_off() {
    let app = App::start().await;
    let mut idle = Wire::open(&app).await;
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    idle.send(request).await;
    assert!(idle.answer().await.starts_with("HTTP/1.1 200"));
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
    idle.send(request).await;
    let answer = idle.answer().await;
    assert!(answer.starts_with("HTTP/1.1 200"), "an idle connection may send again: {answer}");
}

#[tokio::test]
async fn an_idle_connection_is_closed_when_its_time_is_over() {
    let app = App::with(&[("LATCHKEY_SERVER__KEEP_ALIVE", "1")]).await;
    let mut begun = Wire::open(&app).await;
    begun.send("GET /login HTTP/1.1\r\nHost:").await;
    for path in ["/healthz", "/login"] {
        let mut idle = Wire::open(&app).await;
        idle.send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        assert!(idle.answer().await.starts_with("HTTP/1.1 200"), "{path}");
        tokio::select! {
            rest = idle.rest() => assert_eq!(rest, "", "{path}"),
            _ = begun.rest() => panic!("{path}: the deadline for headers passed first"),
        }
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
