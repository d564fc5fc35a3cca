//! Clients that hang up once their request is in hand: what they asked for is done all the same,
//! and at once; and its place is not free before.

use axum::body::Bytes;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use std::time::Duration;
use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::support::{
    App, Browser, Http2,
    backend::{for_backends, token_of},
    client,
    database::while_nothing_is_written,
    http2_client,
};

/// Time in which a request comes in hand, and in which a hang-up is noticed.
const SOON: Duration = Duration::from_millis(500);

/// Sends a request that waits for the database, and hangs up before it has its turn.
async fn given_up(app: &App, request: RequestBuilder) {
    let story = async {
        let answer = timeout(SOON, request.send()).await;
        assert!(answer.is_err(), "{answer:?}");
        sleep(SOON).await;
    };
    while_nothing_is_written(&app.store, story).await;
}

/// Browsers over either protocol.
fn browsers(app: &App) -> [(&'static str, Browser); 2] {
    let by = |client| Browser::by(client, &app.url);
    [("http1", by(client())), ("http2", by(http2_client()))]
}

#[tokio::test]
async fn a_mail_that_was_asked_for_comes_at_once_though_its_client_hung_up() {
    let app = for_backends("").await;
    let token = token_of(&app, "wiki").await;
    for (protocol, browser) in browsers(&app) {
        let post = |path: &str| browser.request(Method::POST, path);
        let to = |door: &str| format!("{door}-{protocol}@example.com");
        let body = |door: &str| json!({ "email": to(door) });
        let rest = "/api/v1/passwordless/email/send";
        for (door, request) in [
            ("form", post("/actions/sign-in").form(&[("email", to("form"))])),
            ("json", post("/api/auth/send-passwordless").json(&body("json"))),
            ("rest", post(rest).bearer_auth(&token).json(&body("rest"))),
        ] {
            given_up(&app, request).await;
            app.inbox.first_to(&to(door)).await;
        }
    }
}

#[tokio::test]
async fn a_link_that_was_opened_signs_in_though_its_browser_hung_up() {
    let app = App::start().await;
    for (protocol, ada) in browsers(&app) {
        let address = format!("ada-{protocol}@example.com");
        ada.ask_for_mail(&address).await;
        let mail = app.inbox.first_to(&address).await;
        given_up(&app, ada.request(Method::GET, mail.link())).await;
    }
    app.until("SELECT COUNT(*) FROM latchkey_sessions", 2).await;
}

#[tokio::test]
async fn who_hangs_up_takes_a_place_until_the_work_has_ended() {
    let app = App::with(&[("LATCHKEY_SERVER__CONNECTIONS", "16")]).await;
    let story = async {
        let mut callers = JoinSet::new();
        for n in 0..16 {
            let browser = app.browser();
            callers.spawn(async move {
                let ask = async || browser.ask_by_api(&format!("ada{n}@example.com")).await;
                timeout(SOON, ask()).await.is_err()
            });
        }
        assert!(callers.join_all().await.into_iter().all(|has_hung_up| has_hung_up));
        let next = timeout(2 * SOON, app.browser().get("/healthz")).await;
        assert!(next.is_err(), "there is no place before the work of the others has ended");
    };
    while_nothing_is_written(&app.store, story).await;
    assert_eq!(app.browser().get("/healthz").await.status, 200);
    for n in 0..16 {
        app.inbox.first_to(&format!("ada{n}@example.com")).await;
    }
}

#[tokio::test]
async fn who_resets_streams_gets_no_more_of_them_until_the_work_has_ended() {
    let app = App::with(&[("LATCHKEY_SERVER__CONNECTIONS", "16")]).await;
    let mut wire = Http2::open(&app.url).await;
    let story = async {
        let mut answers = Vec::new();
        // As many as have room on one connection.
        for n in 0..14 {
            let json = [("content-type", "application/json")];
            let request = wire.request("POST", "/api/auth/send-passwordless", &json);
            let mut requests = wire.requests.clone().ready().await.unwrap();
            let (answer, mut sent) = requests.send_request(request, false).unwrap();
            let body = json!({ "email": format!("ada{n}@example.com") }).to_string();
            sent.send_data(Bytes::from(body), true).unwrap();
            answers.push(answer);
        }
        sleep(SOON).await;
        drop(answers);
        assert!(wire.ping().await);
        sleep(SOON).await;
        assert_eq!(wire.get("/login", &[]).await.0, 503);
    };
    while_nothing_is_written(&app.store, story).await;
    for n in 0..14 {
        app.inbox.first_to(&format!("ada{n}@example.com")).await;
    }
    assert_eq!(wire.get("/login", &[]).await.0, 200);
}
