//! HTTP/2 by prior knowledge (h2c), as servers of the team speak it, and as attackers do.

use axum::body::Bytes;
use h2::Reason;
use reqwest::{StatusCode, Version};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::support::{App, Browser, Http2, http2_client};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// An empty frame of SETTINGS.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
/// Method, scheme and path of a request, by their numbers in HPACK's table (RFC 7541, A).
const GET: [u8; 3] = [0x82, 0x86, 0x84];
const POST: [u8; 3] = [0x83, 0x86, 0x84];

/// A frame of HTTP/2.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// Reads frames until the server hangs up, and returns the reasons of those that are GOAWAY.
async fn goaways(mut stream: TcpStream) -> Vec<u32> {
    let mut bytes = Vec::new();
    let _ =
        timeout(Duration::from_secs(30), stream.read_to_end(&mut bytes)).await.expect("the end");
    let (mut rest, mut reasons) = (&bytes[..], Vec::new());
    while let [a, b, c, kind, _, _, _, _, _, after @ ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let Some(payload) = after.get(..length) else { break };
        if *kind == 7 {
            reasons.push(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
        rest = &after[length..];
    }
    reasons
}

/// Reads until a frame has come.
async fn until_seen(stream: &mut TcpStream, frame: &[u8]) {
    let (mut seen, mut bytes) = (Vec::new(), [0; 4096]);
    while !seen.windows(frame.len()).any(|window| window == frame) {
        let read = timeout(Duration::from_secs(20), stream.read(&mut bytes)).await;
        let read = read.expect("a frame").unwrap();
        assert!(read > 0, "the server hung up: {seen:?}");
        seen.extend_from_slice(&bytes[..read]);
    }
}

async fn raw(app: &App) -> TcpStream {
    TcpStream::connect(app.url.trim_start_matches("http://")).await.unwrap()
}

#[tokio::test]
async fn a_whole_sign_in_works_over_http2_without_tls() {
    let app = App::start().await;
    let browser = Browser::by(http2_client(), &app.url);
    let page = http2_client().get(format!("{}/login", app.url)).send().await.unwrap();
    assert_eq!((page.version(), page.status()), (Version::HTTP_2, StatusCode::OK));
    assert!(page.headers().get("connection").is_none());
    browser.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    assert_eq!(browser.type_code(mail.code()).await.goes_to(), "/dashboard");
    assert_eq!(browser.signed_in_as().await.as_deref(), Some("ada@example.com"));
}

#[tokio::test]
async fn cookies_sent_in_pieces_are_one_header() {
    let app = App::start().await;
    let browser = app.signed_in("ada@example.com").await;
    let session = format!("session={}", browser.cookie("session").unwrap());
    let mut wire = Http2::open(&app.url).await;
    let pieces = [("cookie", "a=1"), ("cookie", &session), ("cookie", "b=2")];
    let (status, body) = wire.get("/api/auth/session", &pieces).await;
    assert_eq!(status, 200, "{body}");
    let twice = [("cookie", session.as_str()), ("cookie", "session=another")];
    assert_eq!(wire.get("/api/auth/session", &twice).await.0, 401, "a duplicate is refused");
}

#[tokio::test]
async fn the_authority_of_a_request_is_its_host() {
    let app = App::start().await;
    let other = app.url.replace("127.0.0.1", "localhost");
    let stream = raw(&app).await;
    let mut wire = Http2::over(stream, other.trim_start_matches("http://")).await;
    let request = wire.request("GET", "/login?next=%2Fdashboard", &[]);
    let (status, headers, _) = wire.send(request, None).await.unwrap();
    assert_eq!(status, 307);
    assert_eq!(headers["location"], format!("{}/login?next=%2Fdashboard", app.url));
    let (status, body) = wire.get("/login", &[("host", "evil.example")]).await;
    assert_eq!(status, 400, "{body}");
}

#[tokio::test]
async fn methods_and_paths_are_judged_as_over_http1() {
    let app = App::start().await;
    let mut wire = Http2::open(&app.url).await;
    for (method, path, status) in [
        ("TRACE", "/login", 405),
        ("DELETE", "/api/auth/session", 405),
        ("POST", "/login", 405),
        ("GET", "/api/nowhere", 404),
        ("GET", "/dashboard", 303),
        ("HEAD", "/login", 200),
    ] {
        let request = wire.request(method, path, &[]);
        let answer = wire.send(request, None).await.unwrap();
        assert_eq!(answer.0, status, "{method} {path}");
    }
    let cross_site = [("origin", "https://evil.example"), ("content-type", "application/json")];
    let request = wire.request("POST", "/api/auth/logout", &cross_site);
    let (status, _, body) = wire.send(request, Some("{}")).await.unwrap();
    assert!(status == 403 && body.contains("forbidden_origin"), "{body}");
}

#[tokio::test]
async fn a_body_needs_no_length_and_is_limited_all_the_same() {
    let app = App::start().await;
    let mut wire = Http2::open(&app.url).await;
    let json = [("content-type", "application/json")];
    let send = "/api/auth/send-passwordless";
    let request = wire.request("POST", send, &json);
    let body = r#"{"email":"ada@example.com"}"#;
    let (status, _, body) = wire.send(request, Some(body)).await.unwrap();
    assert_eq!(status, 200, "{body}");
    app.inbox.first_to("ada@example.com").await;
    let request = wire.request("POST", send, &json);
    let text = format!("{{\"email\":\"{}\"}}", "x".repeat(64 * 1024));
    let (status, _, body) = wire.send(request, Some(&text)).await.unwrap();
    assert_eq!(status, 413, "{body}");
    let declared = [("content-length", "1073741824")];
    let request = wire.request("POST", send, &declared);
    let (answer, _sent) = wire.requests.send_request(request, false).unwrap();
    assert_eq!(answer.await.unwrap().status(), 413, "refused before it is sent");
    assert_eq!(wire.get("/healthz", &[]).await.0, 200);
}

#[tokio::test]
async fn a_body_that_never_ends_delays_no_other_stream() {
    let app = App::start().await;
    let mut wire = Http2::open(&app.url).await;
    let request = wire.request("POST", "/actions/sign-in", &[]);
    let (answer, mut sent) = wire.requests.send_request(request, false).unwrap();
    sent.send_data(Bytes::from_static(b"email"), false).unwrap();
    for _ in 0..10 {
        assert_eq!(wire.get("/healthz", &[]).await.0, 200);
    }
    assert_eq!(answer.await.unwrap().status(), 408);
    assert_eq!(wire.get("/healthz", &[]).await.0, 200);
}

#[tokio::test]
async fn headers_of_a_stream_are_limited() {
    let app = App::start().await;
    let mut wire = Http2::open(&app.url).await;
    let large = "x".repeat(33 * 1024);
    let request = wire.request("GET", "/healthz", &[("x-large", &large)]);
    let (status, ..) = wire.send(request, None).await.unwrap();
    assert_eq!(status, 431);
    let names: Vec<String> = (0..101).map(|n| format!("x-{n}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "b")).collect();
    let (status, body) = wire.get("/healthz", &many).await;
    assert!(status == 431 && body.contains("32 KiB and 100 lines"), "{status} {body}");
    assert_eq!(wire.get("/healthz", &[]).await.0, 200, "the connection goes on");
}

#[tokio::test]
async fn headers_of_a_connection_are_no_headers_of_a_stream() {
    let app = App::start().await;
    let mut stream = raw(&app).await;
    stream.write_all(&[PREFACE, &SETTINGS].concat()).await.unwrap();
    let odd = [("transfer-encoding", "chunked"), ("connection", "close"), ("te", "gzip")];
    for (id, (name, value)) in [1, 3, 5].into_iter().zip(odd) {
        let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
        let header = [&[0][..], &text(name), &text(value)].concat();
        let headers = [&GET[..], &header].concat();
        stream.write_all(&frame(1, 5, id, &headers)).await.unwrap();
        until_seen(&mut stream, &frame(3, 0, id, &u32::from(Reason::PROTOCOL_ERROR).to_be_bytes()))
            .await;
    }
    let mut wire = Http2::open(&app.url).await;
    assert_eq!(wire.get("/healthz", &[("te", "trailers")]).await.0, 200);
}

#[tokio::test]
async fn thousands_of_streams_share_one_connection() {
    let app = App::start().await;
    let wire = Http2::open(&app.url).await;
    let mut streams = JoinSet::new();
    for _ in 0..100 {
        let (request, requests) = (wire.request("GET", "/healthz", &[]), wire.requests.clone());
        streams.spawn(async move {
            for _ in 0..30 {
                let mut requests = requests.clone().ready().await.unwrap();
                let (answer, _) = requests.send_request(request.clone(), true).unwrap();
                assert_eq!(answer.await.unwrap().status(), 200);
            }
        });
    }
    assert_eq!(streams.join_all().await.len(), 100);
}

#[tokio::test]
async fn more_streams_than_allowed_are_refused_and_the_others_answered() {
    let app = App::start().await;
    let mut stream = raw(&app).await;
    // None of these ends: their bodies are to come.
    let opened: Vec<u8> = (0..300).flat_map(|n| frame(1, 4, 2 * n + 1, &POST)).collect();
    stream.write_all(&[PREFACE, &SETTINGS, &opened].concat()).await.unwrap();
    let refused = u32::from(Reason::REFUSED_STREAM).to_be_bytes();
    until_seen(&mut stream, &frame(3, 0, 201, &refused)).await;
    assert_eq!(app.browser().get("/login").await.status, 200);
}

#[tokio::test]
async fn a_flood_of_resets_ends_its_connection_and_delays_nobody() {
    let app = App::start().await;
    let mut stream = raw(&app).await;
    let open = |id: u32| frame(1, 5, id, &GET);
    let reset = |id: u32| frame(3, 0, id, &8_u32.to_be_bytes());
    let flood: Vec<u8> =
        (0..10_000).map(|n| 2 * n + 1).flat_map(|id| [open(id), reset(id)].concat()).collect();
    stream.write_all(&[PREFACE, &SETTINGS].concat()).await.unwrap();
    let (reading, mut writing) = stream.into_split();
    let sent = tokio::spawn(async move {
        // The server hangs up in the middle of it.
        let _ = writing.write_all(&flood).await;
        writing
    });
    for _ in 0..5 {
        assert_eq!(app.browser().get("/login").await.status, 200, "others are served");
    }
    let writing = sent.await.unwrap();
    let reasons = goaways(reading.reunite(writing).unwrap()).await;
    assert_eq!(reasons.last(), Some(&u32::from(Reason::ENHANCE_YOUR_CALM)), "{reasons:?}");
}

#[tokio::test]
async fn a_client_that_does_not_finish_the_preface_is_let_go() {
    let app = App::start().await;
    let mut waits = JoinSet::new();
    for sent in [0, 1, 10, PREFACE.len() - 1] {
        let mut stream = raw(&app).await;
        waits.spawn(async move {
            let (first, last) = PREFACE[..sent].split_at(sent.saturating_sub(3));
            stream.write_all(first).await.unwrap();
            for drop in last {
                sleep(Duration::from_secs(3)).await;
                stream.write_all(&[*drop]).await.unwrap();
            }
            goaways(stream).await
        });
    }
    let ended = timeout(Duration::from_secs(20), waits.join_all()).await.expect("all are let go");
    assert!(ended.iter().all(Vec::is_empty), "{ended:?}");
}

#[tokio::test]
async fn a_connection_that_never_opens_a_stream_is_let_go() {
    let app = App::with(&[("LATCHKEY_SERVER__KEEP_ALIVE", "1")]).await;
    let mut pinging = Http2::open(&app.url).await;
    let pings = timeout(Duration::from_secs(20), async {
        while pinging.ping().await {
            sleep(Duration::from_millis(200)).await;
        }
    });
    pings.await.expect("pings alone keep no connection");
    assert_eq!(pinging.reason().await, Reason::NO_ERROR);
    // This one says nothing, and does not answer GOAWAY either.
    let mut silent = raw(&app).await;
    silent.write_all(&[PREFACE, &SETTINGS].concat()).await.unwrap();
    assert_eq!(goaways(silent).await.first(), Some(&0), "it is told to take leave");
}

#[tokio::test]
async fn pings_keep_a_connection_for_later_calls_and_silence_ends_it() {
    let app = App::with(&[("LATCHKEY_SERVER__KEEP_ALIVE", "1")]).await;
    let mut wire = Http2::open(&app.url).await;
    assert_eq!(wire.get("/healthz", &[]).await.0, 200);
    for _ in 0..10 {
        sleep(Duration::from_millis(300)).await;
        assert!(wire.ping().await);
    }
    assert_eq!(wire.get("/healthz", &[]).await.0, 200);
    assert_eq!(wire.reason().await, Reason::NO_ERROR);
}

#[tokio::test]
async fn a_client_that_takes_no_answer_is_let_go() {
    let app = App::with(&[("LATCHKEY_SERVER__KEEP_ALIVE", "1")]).await;
    let mut stream = raw(&app).await;
    // SETTINGS_INITIAL_WINDOW_SIZE 0: nothing of a body may be sent.
    let settings = frame(4, 0, 0, &[0, 4, 0, 0, 0, 0]);
    let login = [&[0x82, 0x86, 0x04, 6][..], b"/login"].concat();
    let request = frame(1, 5, 1, &login);
    stream.write_all(&[PREFACE, &settings, &request].concat()).await.unwrap();
    assert_eq!(goaways(stream).await.first(), Some(&0));
}

#[tokio::test]
async fn pings_keep_no_connection_whose_answer_waits() {
    let app = App::with(&[("LATCHKEY_SERVER__KEEP_ALIVE", "1")]).await;
    let authority = app.url.trim_start_matches("http://").to_owned();
    let mut wire = Http2::taking(1, raw(&app).await, &authority).await;
    let mut requests = wire.requests.clone().ready().await.unwrap();
    let (answer, _) = requests.send_request(wire.request("GET", "/login", &[]), true).unwrap();
    let _held = answer.await.unwrap();
    let pings = timeout(Duration::from_secs(20), async {
        while wire.ping().await {
            sleep(Duration::from_millis(200)).await;
        }
    });
    pings.await.expect("it is let go");
}

#[tokio::test]
async fn pings_keep_no_place_that_others_wait_for() {
    let limits = [("LATCHKEY_SERVER__KEEP_ALIVE", "1"), ("LATCHKEY_SERVER__CONNECTIONS", "16")];
    let app = App::with(&limits).await;
    let mut wires = Vec::new();
    for _ in 0..12 {
        let mut wire = Http2::open(&app.url).await;
        assert_eq!(wire.get("/healthz", &[]).await.0, 200);
        wires.push(wire);
    }
    let _crowd = [raw(&app).await, raw(&app).await];
    let pings = timeout(Duration::from_secs(20), async {
        loop {
            for wire in &mut wires {
                if !wire.ping().await {
                    return;
                }
            }
            sleep(Duration::from_millis(100)).await;
        }
    });
    pings.await.expect("one is let go");
}

#[tokio::test]
async fn answers_that_are_not_taken_have_limited_room_and_others_are_served() {
    let app = App::with(&[("LATCHKEY_SERVER__CONNECTIONS", "16")]).await;
    let authority = app.url.trim_start_matches("http://").to_owned();
    let greedy = Http2::taking(1, raw(&app).await, &authority).await;
    let mut held = Vec::new();
    for _ in 0..40 {
        let mut requests = greedy.requests.clone().ready().await.unwrap();
        let (answer, _) =
            requests.send_request(greedy.request("GET", "/login", &[]), true).unwrap();
        held.push(answer.await.unwrap());
    }
    // One room is the connection's own, and 16 are shared, of which it leaves a quarter.
    let served = held.iter().filter(|answer| answer.status() == 200).count();
    let refused = held.iter().filter(|answer| answer.status() == 503).count();
    assert_eq!((served, refused), (14, 26));
    let mut other = Http2::open(&app.url).await;
    for _ in 0..5 {
        assert_eq!(other.get("/login", &[]).await.0, 200, "one after the other");
    }
    // Its rooms are given back with its connection.
    drop(held);
    greedy.end.abort();
    let asked_at_once = async || {
        let mut streams = JoinSet::new();
        for _ in 0..10 {
            let (request, requests) = (other.request("GET", "/login", &[]), other.requests.clone());
            streams.spawn(async move {
                let mut requests = requests.ready().await.unwrap();
                requests.send_request(request, true).unwrap().0.await.unwrap().status()
            });
        }
        streams.join_all().await.iter().all(|status| *status == 200)
    };
    let all = timeout(Duration::from_secs(20), async { while !asked_at_once().await {} });
    all.await.expect("ten at once are served");
}

#[tokio::test]
async fn a_server_that_stops_finishes_the_streams_in_hand() {
    let mut app = App::start().await;
    let mut wire = Http2::open(&app.url).await;
    let json = [("content-type", "application/json")];
    let request = wire.request("POST", "/api/auth/send-passwordless", &json);
    let (answer, mut sent) = wire.requests.send_request(request, false).unwrap();
    assert_eq!(wire.get("/healthz", &[]).await.0, 200);
    let last = async {
        sleep(Duration::from_millis(300)).await;
        sent.send_data(Bytes::from_static(br#"{"email":"ada@example.com"}"#), true).unwrap();
        answer.await.unwrap().status()
    };
    let ((), status) = tokio::join!(app.stop(), last);
    assert_eq!(status, 200);
    assert_eq!(wire.reason().await, Reason::NO_ERROR);
}

#[tokio::test]
async fn a_crowded_server_keeps_no_connection_for_later_streams() {
    let app = App::with(&[("LATCHKEY_SERVER__CONNECTIONS", "16")]).await;
    let mut wires = Vec::new();
    for _ in 0..13 {
        let mut wire = Http2::open(&app.url).await;
        assert_eq!(wire.get("/healthz", &[]).await.0, 200);
        wires.push(wire);
    }
    assert_eq!(wires.pop().unwrap().reason().await, Reason::NO_ERROR);
    assert_eq!(wires[0].get("/healthz", &[]).await.0, 200, "those before stay");
}
