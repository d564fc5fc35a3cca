//! Promises to apps, proxies and monitoring beside the server.

use serde_json::json;
use std::{fs, path::Path, process::Command};

use crate::support::{App, Browser, Program};
use guarded_page::Latchkey;
use latchkey::server::ground::clock::MINUTE;

#[path = "../examples/guarded_page.rs"]
#[allow(dead_code)]
mod guarded_page;

#[tokio::test]
async fn a_link_passes_the_callers_state_to_its_destination() {
    let app = App::start().await;
    let ada = app.browser();
    let asking = json!({ "email": "ada@example.com", "next": "/dashboard?tab=a", "state": "7&ü" });
    ada.post_json("/api/auth/send-passwordless", asking).await;
    let mail = app.inbox.first_to("ada@example.com").await;
    for opened in ["once", "and again"] {
        let answer = ada.get(mail.link()).await;
        assert_eq!(answer.goes_to(), "/dashboard?tab=a&state=7%26%C3%BC", "{opened}");
    }
}

#[tokio::test]
async fn an_app_must_pass_the_renewed_cookie_on_to_its_visitor() {
    let app = App::start().await;
    let visitor = app.signed_in("ada@example.com").await;
    for _ in 0..3 {
        app.clock.advance(20 * MINUTE);
        let asking = visitor.copy();
        let answer = asking.get("/api/auth/session").await;
        assert_eq!(answer.json()["email"], "ada@example.com");
        assert_eq!(answer.cookies_set().len(), 1);
        visitor.set_cookie("session", &asking.cookie("session").unwrap());
    }
    // An app that does not pass it on signs its visitor out when the last token ends.
    app.clock.advance(20 * MINUTE);
    visitor.copy().get("/api/auth/session").await;
    app.clock.advance(20 * MINUTE);
    assert_eq!(visitor.signed_in_as().await, None);
}

#[tokio::test]
async fn the_guarded_app_of_the_examples_shows_its_page_to_signed_in_users_only() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
    let app = App::with(&[("LATCHKEY_PUBLIC_URL", &url)]).await;
    let guarded = guarded_page::app(Latchkey::new(&app.url).unwrap());
    tokio::spawn(async { axum::serve(listener, guarded).await });

    let ada = Browser::new(&url);
    assert_eq!(ada.get("/notes").await.goes_to(), "/login?next=/notes");
    assert_eq!(ada.get("/login?next=/notes").await.status, 200, "the sign-in page, by way of it");
    let asked = [("email", "ada@example.com"), ("next", "/notes")];
    assert!(ada.post_form("/actions/sign-in", &asked).await.goes_to().starts_with("/login/code"));
    let mail = app.inbox.first_to("ada@example.com").await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/notes");
    assert_eq!(ada.get("/notes").await.json()["email"], "ada@example.com");

    app.clock.advance(20 * MINUTE);
    let shown = ada.get("/notes").await;
    assert_eq!(shown.cookies_set().len(), 1, "a session in use is renewed");
    ada.post_form("/actions/sign-out", &[]).await;
    assert_eq!(ada.get("/notes").await.goes_to(), "/login?next=/notes");
}

#[tokio::test]
async fn the_images_health_check_passes_while_the_server_is_alive() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/Containerfile");
    let file = fs::read_to_string(file).unwrap();
    let line = file.lines().find(|line| line.starts_with("HEALTHCHECK")).unwrap();
    let command: Vec<String> = serde_json::from_str(line.split_once("CMD ").unwrap().1).unwrap();
    let mut program = Program::start().await;
    let port = program.port.to_string();
    let well = || {
        let (name, arguments) = command.split_first().unwrap();
        let here = arguments.iter().map(|argument| argument.replace("3000", &port));
        Command::new(name).args(here).output().unwrap().status.success()
    };
    assert!(well());
    program.kill();
    assert!(!well());
}
