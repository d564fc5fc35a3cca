//! TLS by the server itself: what it agrees to, and which certificate it shows.

use latchkey::server::ground::clock::{DAY, SECOND};
use reqwest::{StatusCode, Version};
use std::{fs, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::{
    client::TlsStream,
    rustls::version::{TLS12, TLS13},
};

use crate::support::{App, Browser, Certificates, Http2, Made, Port, Teller, borrowed};

const NAMES: [&str; 3] = ["127.0.0.1", "localhost", "login.example.com"];
const PLAIN: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

async fn app(certificates: &Certificates, others: &[(&str, &str)]) -> App {
    App::with(&borrowed(&certificates.variables(others))).await
}

fn address(app: &App) -> &str {
    app.url.trim_start_matches("https://")
}

async fn raw(app: &App) -> TcpStream {
    TcpStream::connect(address(app)).await.unwrap()
}

/// Reads everything until the server hangs up.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = timeout(Duration::from_secs(30), stream.read_to_end(&mut bytes)).await;
    let _ = read.expect("the server hangs up");
    bytes
}

/// Asks once more on a connection that is open.
async fn is_alive(stream: &mut TlsStream<TcpStream>) -> bool {
    stream.write_all(PLAIN.as_bytes()).await.unwrap();
    let mut bytes = [0; 2048];
    let read = timeout(Duration::from_secs(20), stream.read(&mut bytes)).await.unwrap().unwrap();
    bytes[..read].starts_with(b"HTTP/1.1 200")
}

/// The certificate that a new connection is shown; none if it is not one of these.
async fn shown<'a>(address: &str, known: &[&'a Made]) -> Option<&'a Made> {
    for made in known {
        if made.shake(address, &[&TLS13], &[]).await.is_ok() {
            return Some(made);
        }
    }
    None
}

#[tokio::test]
async fn http2_and_http1_are_agreed_upon_and_a_whole_sign_in_works_over_tls() {
    let made = Made::of(&NAMES);
    let app = app(&Certificates::of(&made), &[]).await;
    for (version, client, email) in [
        (Version::HTTP_2, made.client(), "ada@example.com"),
        (Version::HTTP_11, made.client().http1_only(), "bob@example.com"),
    ] {
        let client = client.build().unwrap();
        let page = client.get(format!("{}/login", app.url)).send().await.unwrap();
        assert_eq!((page.version(), page.status()), (version, StatusCode::OK));
        assert!(page.headers().contains_key("strict-transport-security"));
        let browser = Browser::by(client, &app.url);
        browser.ask_for_mail(email).await;
        let mail = app.inbox.first_to(email).await;
        let answer = browser.type_code(mail.code()).await;
        assert_eq!(answer.goes_to(), "/dashboard");
        let cookies = answer.cookies_set();
        assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-session=")), "{cookies:?}");
        assert!(cookies.iter().all(|cookie| cookie.contains("; Secure")), "{cookies:?}");
        assert_eq!(browser.signed_in_as().await.as_deref(), Some(email));
    }
    let metrics = made.client().build().unwrap().get(format!("{}/metrics", app.url));
    let metrics = metrics.bearer_auth("a token for the metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("\nlatchkey_certificate_expires_seconds "), "{metrics}");
}

#[tokio::test]
async fn only_tls_1_2_and_1_3_are_spoken() {
    let made = Made::of(&NAMES);
    let app = app(&Certificates::of(&made), &[]).await;
    for version in [&TLS12, &TLS13] {
        let mut stream = made.shake(address(&app), &[version], &["http/1.1"]).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        assert!(is_alive(&mut stream).await);
    }
    assert!(made.shake(address(&app), &[&TLS13], &["spdy/3"]).await.is_err());
    // TLS 1.0 and 1.1: 03 01 and 03 02.
    for minor in [1, 2] {
        let suites = [0xc0, 0x13, 0xc0, 0x09, 0x00, 0x2f];
        let body = [&[3, minor][..], &[7; 32], &[0, 0, 6], &suites, &[1, 0]].concat();
        let length = u8::try_from(body.len()).unwrap();
        let hello = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat();
        let mut stream = raw(&app).await;
        stream.write_all(&hello).await.unwrap();
        let answer = rest(&mut stream).await;
        // A fatal alert, handshake_failure or protocol_version (RFC 8446, 6.2), and no more.
        assert!(matches!(answer[..], [21, 3, _, 0, 2, 2, 40 | 70]), "{answer:?}");
    }
}

#[tokio::test]
async fn http_without_tls_is_told_what_is_spoken_here() {
    let made = Made::of(&NAMES);
    let app = app(&Certificates::of(&made), &[]).await;
    for plain in [PLAIN.to_owned(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), {
        let body = "x".repeat(20_000);
        format!("POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n{body}")
    }] {
        let mut stream = raw(&app).await;
        stream.write_all(plain.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = String::from_utf8(rest(&mut stream).await).unwrap();
        assert!(
            answer.starts_with("HTTP/1.1 400") && answer.contains("This port speaks TLS"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_client_that_does_not_shake_hands_delays_nobody_and_is_let_go() {
    let made = Made::of(&NAMES);
    let app = app(&Certificates::of(&made), &[]).await;
    let mut slow = Vec::new();
    for n in 0..100 {
        let mut stream = raw(&app).await;
        if n % 2 == 0 {
            stream.write_all(&[22, 3, 1, 1, 0, 1]).await.unwrap();
        }
        slow.push(stream);
    }
    let mut shaken = made.shake(address(&app), &[&TLS13], &[]).await.unwrap();
    let page = made.client().build().unwrap().get(format!("{}/login", app.url)).send().await;
    assert_eq!(page.unwrap().status(), 200, "others are served");
    for mut stream in slow {
        assert_eq!(rest(&mut stream).await, b"", "it is let go");
    }
    let mut bytes = Vec::new();
    let end = timeout(Duration::from_secs(20), shaken.read_to_end(&mut bytes)).await;
    let _ = end.expect("who shakes hands and asks nothing is let go, too");
    assert_eq!(bytes, b"");
}

#[tokio::test]
async fn handshakes_count_as_connections() {
    let made = Made::of(&NAMES);
    let app = app(&Certificates::of(&made), &[("LATCHKEY_SERVER__CONNECTIONS", "16")]).await;
    let mut silent = Vec::new();
    for _ in 0..16 {
        silent.push(raw(&app).await);
    }
    let versions = [&TLS13];
    let mut next = Box::pin(made.shake(address(&app), &versions, &[]));
    assert!(timeout(Duration::from_millis(300), &mut next).await.is_err());
    silent.clear();
    assert!(is_alive(&mut next.await.unwrap()).await);
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_new_connections_while_open_ones_go_on() {
    let (old, new) = (Made::of(&NAMES), Made::of(&NAMES));
    let certificates = Certificates::of(&old);
    let app = app(&certificates, &[]).await;
    let mut http1 = old.shake(address(&app), &[&TLS13], &["http/1.1"]).await.unwrap();
    let http2 = old.shake(address(&app), &[&TLS12], &["h2"]).await.unwrap();
    let mut http2 = Http2::over(http2, address(&app)).await;
    assert!(is_alive(&mut http1).await);
    certificates.put(&new);
    for _ in 0..200 {
        if shown(address(&app), &[&new]).await.is_some() {
            break;
        }
        sleep(Duration::from_millis(100)).await;
    }
    assert!(shown(address(&app), &[&new]).await.is_some(), "new connections have the new one");
    assert!(shown(address(&app), &[&old]).await.is_none());
    assert!(is_alive(&mut http1).await);
    assert_eq!(http2.get("/healthz", &[]).await.0, 200);
}

#[tokio::test]
async fn a_pair_that_clients_would_refuse_is_not_taken_and_the_log_says_why() {
    let (folder, old) = (tempfile::tempdir().unwrap(), Made::of(&NAMES));
    let certificates = Certificates::of(&old);
    let server = Teller::start(folder.path(), &borrowed(&certificates.variables(&[])));
    let address = server.address();
    let other = Made::of(&NAMES);
    let expired = Made::lasting(&NAMES, -30, -1);
    let early = Made::lasting(&NAMES, 1, 30);
    let garbage = Made { certificate: "garbage".to_owned(), ..other.clone() };
    let cut = Made { certificate: old.certificate[..200].to_owned(), ..other.clone() };
    let mismatched = Made { key: other.key.clone(), ..old.clone() };
    for (pair, says) in [
        (&garbage, "fullchain.pem, which holds no certificate"),
        (&cut, "fullchain.pem, which is no PEM"),
        (&mismatched, "privkey.pem, which does not belong to the first certificate in"),
        (&expired, "The new certificate expired on"),
        (&early, "The new certificate is not valid before"),
    ] {
        certificates.put(pair);
        let line = server.until("certificate.rejected");
        assert!(line["fields"]["error"].as_str().unwrap().contains(says), "{line}");
        assert!(
            line["fields"]["message"].as_str().unwrap().contains("put a certificate"),
            "{line}"
        );
        assert!(shown(&address, &[&old]).await.is_some(), "{says}");
    }
    fs::remove_file(certificates.key()).unwrap();
    let line = server.until("certificate.rejected");
    assert!(line["fields"]["error"].as_str().unwrap().contains("server.tls_key"), "{line}");
    certificates.put(&other);
    server.until("certificate.taken");
    assert!(shown(&address, &[&other]).await.is_some());
}

#[tokio::test]
async fn a_certificate_that_begins_later_is_taken_then() {
    let (folder, old) = (tempfile::tempdir().unwrap(), Made::of(&NAMES));
    let certificates = Certificates::of(&old);
    let server = Teller::start(folder.path(), &borrowed(&certificates.variables(&[])));
    let address = server.address();
    let next = Made::between(&NAMES, 8 * SECOND, 30 * DAY);
    certificates.put(&next);
    server.until("certificate.rejected");
    assert!(shown(&address, &[&old]).await.is_some());
    server.until("certificate.taken");
    assert!(shown(&address, &[&next]).await.is_some());
}

#[tokio::test]
async fn a_link_that_is_swapped_as_certbot_does_is_followed() {
    let (folder, old, new) = (tempfile::tempdir().unwrap(), Made::of(&NAMES), Made::of(&NAMES));
    let path = |name: &str| folder.path().join(name);
    fs::create_dir(path("archive")).unwrap();
    fs::create_dir(path("live")).unwrap();
    let point = |version: usize| {
        for file in ["fullchain", "privkey"] {
            let beside = path("live").join("beside");
            std::os::unix::fs::symlink(format!("../archive/{file}{version}.pem"), &beside).unwrap();
            fs::rename(beside, path("live").join(format!("{file}.pem"))).unwrap();
        }
    };
    for (version, made) in [(1, &old), (2, &new)] {
        let file = |file: &str| path("archive").join(format!("{file}{version}.pem"));
        fs::write(file("fullchain"), &made.certificate).unwrap();
        fs::write(file("privkey"), &made.key).unwrap();
    }
    point(1);
    let live = |file: &str| path("live").join(file).to_str().unwrap().to_owned();
    let server = Teller::start(
        folder.path(),
        &[
            ("LATCHKEY_SERVER__TLS_CERTIFICATE", &live("fullchain.pem")),
            ("LATCHKEY_SERVER__TLS_KEY", &live("privkey.pem")),
        ],
    );
    let address = server.address();
    assert!(shown(&address, &[&old]).await.is_some());
    point(2);
    server.until("certificate.taken");
    assert!(shown(&address, &[&new]).await.is_some());
}

#[tokio::test]
async fn the_second_address_leads_every_request_to_the_public_url() {
    let (made, held) = (Made::of(&NAMES), Port::held());
    let listens_on = format!("127.0.0.1:{}", held.number);
    let app = app(
        &Certificates::of(&made),
        &[
            ("LATCHKEY_SERVER__REDIRECT_LISTEN", &listens_on),
            ("LATCHKEY_PUBLIC_URL", "https://login.example.com"),
        ],
    )
    .await;
    for (line, location) in [
        ("GET /login?next=%2Fdashboard HTTP/1.1", "/login?next=%2Fdashboard"),
        ("GET http://evil.example/login HTTP/1.1", "/login"),
        ("GET //evil.example HTTP/1.1", "//evil.example"),
        ("POST /api/auth/verify HTTP/1.1\r\nContent-Length: 0", "/api/auth/verify"),
        ("OPTIONS * HTTP/1.1", "/"),
    ] {
        let mut stream = TcpStream::connect(&listens_on).await.unwrap();
        let request = format!("{line}\r\nHost: evil.example\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        // It ends with the answer: the connection is not kept.
        let answer = String::from_utf8(rest(&mut stream).await).unwrap();
        assert!(answer.starts_with("HTTP/1.1 308"), "{line}: {answer}");
        let location = format!("location: https://login.example.com{location}\r\n");
        assert!(answer.contains(&location), "{line}: {answer}");
        assert!(!answer.contains("strict-transport-security"), "{answer}");
    }
    let mut http2 = Http2::open(&format!("http://{listens_on}")).await;
    let request = http2.request("GET", "/login", &[]);
    let (status, headers, _) = http2.send(request, None).await.unwrap();
    assert_eq!(
        (status.as_u16(), &headers["location"]),
        (308, &"https://login.example.com/login".parse().unwrap())
    );
    drop(app);
}

#[tokio::test]
async fn a_silent_client_of_the_second_address_is_let_go() {
    let (made, held) = (Made::of(&NAMES), Port::held());
    let listens_on = format!("127.0.0.1:{}", held.number);
    let redirect = [("LATCHKEY_SERVER__REDIRECT_LISTEN", listens_on.as_str())];
    let app = app(&Certificates::of(&made), &redirect).await;
    let mut silent = TcpStream::connect(&listens_on).await.unwrap();
    assert_eq!(rest(&mut silent).await, b"");
    drop(app);
}
