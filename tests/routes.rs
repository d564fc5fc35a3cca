//! Paths, methods and hosts of requests.

use reqwest::Method;

use crate::support::App;

#[tokio::test]
async fn an_unknown_path_is_a_page_for_people_and_json_for_programs() {
    let app = App::start().await;
    let page = app.browser().get("/nothing/here").await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("There is no such page"));
    assert_eq!(app.browser().get("/api/nothing").await.error(404), "invalid_request");
    assert_eq!(app.browser().get("/actions/nothing").await.error(404), "invalid_request");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_alike_everywhere() {
    let app = App::start().await;
    for path in ["/actions/sign-in", "/api/auth/send-passwordless", "/login", "/nothing"] {
        let browser = app.browser();
        let answer =
            browser.send(browser.request(Method::POST, path).body("x".repeat(65 * 1024))).await;
        assert_eq!(answer.error(413), "payload_too_large", "{path}");
    }
}

#[tokio::test]
async fn files_outside_the_site_are_not_served() {
    let app = App::start().await;
    for path in [
        "/.git/config",
        "/pkg/",
        "/pkg/../Cargo.toml",
        "/pkg/%2e%2e/Cargo.toml",
        "/Cargo.toml",
        "/data/latchkey.db",
        "/.env",
    ] {
        let answer = app.browser().get(path).await;
        assert!([404, 308].contains(&answer.status.as_u16()), "{path}: {answer:?}");
        assert!(!answer.body.contains("[package]"));
    }
}

#[tokio::test]
async fn a_page_under_another_host_name_redirects_to_the_public_one() {
    let app = App::with(&[("LATCHKEY_PUBLIC_URL", "https://login.example.com")]).await;
    let ada = app.browser();
    let asked = |path: &str, host: &str| ada.request(Method::GET, path).header("host", host);
    let moved = ada.send(asked("/login?next=%2Fdashboard%2Fa", "www.example.com")).await;
    assert_eq!(moved.status, 307);
    assert_eq!(moved.header("location"), "https://login.example.com/login?next=%2Fdashboard%2Fa");
    // A proxy that changes the host name would send people round in circles.
    assert_eq!(ada.send(asked("/login", "www.example.com")).await.status, 200);

    let page = |host: &'static str| {
        let stranger = app.browser();
        async move {
            let request = stranger.request(Method::GET, "/login").header("host", host);
            stranger.send(request).await.status
        }
    };
    assert_eq!(page("www.example.com:8443").await, 307);
    for public_or_internal in [
        "login.example.com",
        "LOGIN.example.com",
        "login.example.com:443",
        "127.0.0.1:3000",
        "[2001:db8::1]:3000",
        "latchkey:3000",
        "localhost",
    ] {
        assert_eq!(page(public_or_internal).await, 200, "{public_or_internal}");
    }
    let stranger = app.browser();
    let behind = stranger
        .request(Method::GET, "/login")
        .header("host", "latchkey.internal:3000")
        .header("x-forwarded-host", "login.example.com, proxy.internal");
    assert_eq!(stranger.send(behind).await.status, 200);
    for path in ["/api/auth/session", "/healthz", "/readyz"] {
        let request = stranger.request(Method::GET, path).header("host", "www.example.com");
        assert_ne!(stranger.send(request).await.status, 307, "{path}");
    }
}

#[tokio::test]
async fn a_trailing_slash_never_leads_to_another_site() {
    let app = App::start().await;
    let address = app.url.trim_start_matches("http://").to_owned();
    for path in ["/\\evil.example/", "//evil.example/", "/%5Cevil.example/", "/login/"] {
        let mut wire = tokio::net::TcpStream::connect(&address).await.unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        tokio::io::AsyncWriteExt::write_all(&mut wire, request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        tokio::io::AsyncReadExt::read_to_end(&mut wire, &mut answer).await.unwrap();
        let answer = String::from_utf8_lossy(&answer).to_ascii_lowercase();
        let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
        assert_eq!(location, (path == "/login/").then_some("/login"), "{path}");
    }
}

#[tokio::test]
async fn an_asset_of_another_version_is_missing_and_the_page_still_works() {
    let app = App::start().await;
    let missing = app.browser().get("/pkg/latchkey.AnotherHash.js").await;
    assert_eq!((missing.status.as_u16(), missing.body.as_str()), (404, ""));
    assert_eq!(missing.header("cache-control"), "no-store");
    let page = app.browser().get("/login").await.body;
    let form = page.split_once("<form").unwrap().1.split_once('>').unwrap().0;
    assert!(form.contains("method=\"post\"") && form.contains("action=\"/actions/sign-in\""));
}
