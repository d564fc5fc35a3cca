//! Metrics: who may read them, and what they count.

use reqwest::Method;

use crate::support::App;

#[tokio::test]
async fn metrics_are_for_this_machine_or_a_token() {
    let app = App::start().await;
    app.signed_in("ada@example.com").await.get("/dashboard").await;
    let browser = app.browser();
    assert_eq!(browser.get("/a-path-somebody-made-up").await.status, 404);
    let metrics = browser.get("/metrics").await;
    assert_eq!(metrics.status, 200);
    assert!(!metrics.body.contains("made-up"), "{}", metrics.body);
    for line in [
        "latchkey_events_total{event=\"auth.verified\"",
        "latchkey_mails_queued ",
        "latchkey_sessions ",
        concat!("latchkey_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1\n"),
        "\nprocess_resident_memory_bytes ",
        "\nprocess_open_fds ",
        "\nprocess_max_fds ",
        "\nprocess_start_time_seconds ",
        "latchkey_request_seconds_bucket{method=\"GET\",route=\"/dashboard\",status=\"200\"",
        "latchkey_request_seconds_bucket{method=\"GET\",route=\"other\",status=\"404\"",
    ] {
        assert!(metrics.body.contains(line), "{line}: {}", metrics.body);
    }
    let through_proxy =
        || browser.request(Method::GET, "/metrics").header("x-forwarded-for", "127.0.0.1");
    assert_eq!(browser.send(through_proxy()).await.error(401), "unauthenticated");
    assert_eq!(
        browser.send(through_proxy().bearer_auth("another token of some kind")).await.error(401),
        "unauthenticated"
    );
    assert_eq!(
        browser.send(through_proxy().bearer_auth("a token for the metrics")).await.status,
        200
    );
}

#[tokio::test]
async fn metrics_need_the_token_in_production() {
    let app = App::with(&[("LATCHKEY_PUBLIC_URL", "https://login.example.com")]).await;
    let browser = app.browser();
    let asked = || browser.request(Method::GET, "/metrics");
    assert_eq!(
        browser.send(asked()).await.error(401),
        "unauthenticated",
        "a tunnel looks like this machine"
    );
    let with_token = asked().bearer_auth("a token for the metrics");
    assert_eq!(browser.send(with_token).await.status, 200);
}

#[tokio::test]
async fn a_made_up_method_creates_no_metrics_series() {
    let app = App::start().await;
    let browser = app.browser();
    browser.get("/login").await;
    browser.send(browser.request(Method::from_bytes(b"MADEUP").unwrap(), "/login")).await;
    let metrics = browser.get("/metrics").await.body;
    assert!(metrics.contains("method=\"GET\"") && !metrics.contains("MADEUP"), "{metrics}");
}
