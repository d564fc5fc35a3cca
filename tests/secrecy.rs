//! Contents of the log, and secrets that it never contains.

use std::{
    io::{Result, Write},
    sync::{Arc, Mutex, OnceLock},
};
use tracing_subscriber::fmt::MakeWriter;

use crate::support::App;

/// Everything the server logs, down to TRACE, over all stories of this process.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Log;

    fn make_writer(&'a self) -> Log {
        self.clone()
    }
}

pub fn log() -> &'static Log {
    static LOG: OnceLock<Log> = OnceLock::new();
    LOG.get_or_init(|| {
        let log = Log::default();
        let subscriber = tracing_subscriber::fmt()
            .json()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(log.clone());
        let _ = subscriber.try_init();
        log
    })
}

impl Log {
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn no_log_line_database_row_or_page_holds_a_secret() {
    let log = log();
    let app = App::with(&[("LATCHKEY_AUTH__PASSWORDS", "optional")]).await;
    let ada = app.browser();
    let mut seen = ada.ask_for_mail("secrecy-ada@example.com").await.body;
    let mail = app.inbox.first_to("secrecy-ada@example.com").await;
    let id = ada.cookie("auth-request").unwrap();
    let wrong = mail.wrong_code();
    seen += &ada.type_code(wrong).await.body;
    seen += &ada.get("/login/code").await.body;
    seen += &app.browser().get(mail.link()).await.body;
    seen += &ada.get(mail.link()).await.body;
    let jwt = ada.cookie("session").unwrap();
    let device = ada.cookie("device").unwrap();
    ada.post_form("/actions/set-password", &[("password", "correct horse battery")]).await;
    seen += &ada.get("/dashboard").await.body;
    ada.post_form("/actions/sign-out", &[]).await;

    let text = log.text();
    assert!(
        text.contains("auth.verified") && text.contains("s***@example.com"),
        "the log was captured"
    );
    assert!(!text.contains("secrecy-ada@example.com"), "addresses are masked");
    assert!(
        !app.texts("SELECT event FROM latchkey_audit_events").await.is_empty(),
        "the audit table was searched, too"
    );
    let code = format!("\"{}\"", mail.code());
    for secret in [
        mail.link_token(),
        &code,
        &jwt,
        &device,
        &id,
        "correct horse battery",
        crate::support::SECRET,
    ] {
        let line = text.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "the log holds {secret}");
        assert!(!seen.contains(secret), "a page holds {secret}");
    }
    for secret in [mail.link_token(), mail.code(), &jwt, &device, "correct horse battery"] {
        assert!(!app.database_holds(secret).await, "the database holds {secret}");
    }
}

#[tokio::test]
async fn every_answer_has_a_correlation_id_and_keeps_a_plain_one_of_the_caller() {
    let app = App::start().await;
    let browser = app.browser();
    let with_id =
        |id: &str| browser.request(reqwest::Method::GET, "/healthz").header("x-request-id", id);
    assert_eq!(browser.send(with_id("shop-42.a_b")).await.header("x-request-id"), "shop-42.a_b");
    for odd in ["a b", "<script>", &"x".repeat(65)] {
        let given = browser.send(with_id(odd)).await;
        assert_eq!(given.header("x-request-id").len(), 22, "{odd}");
    }
}

#[tokio::test]
async fn line_breaks_and_colours_in_input_make_one_clean_log_line() {
    let log = log();
    let app = App::start().await;
    let browser = app.browser();
    let asking = browser
        .request(reqwest::Method::POST, "/actions/sign-in")
        .form(&[("email", "lines@example.com\r\n\x1b[31mfake")]);
    browser.send(asking.header("user-agent", "tab\there")).await;
    browser.get("/login%0d%0afake-line%1b[31m").await;
    let text = log.text();
    assert!(!text.contains('\x1b'), "no colours");
    assert!(text.lines().all(|line| line.starts_with('{')), "every line is one event");
}

#[tokio::test]
async fn a_refused_request_is_logged() {
    let log = log();
    let app = App::start().await;
    let browser = app.browser();
    let request = browser
        .request(reqwest::Method::POST, "/api/auth/logout")
        .header("x-request-id", "turned-away-1");
    browser.send(request.header("sec-fetch-site", "cross-site")).await;
    let line = log
        .text()
        .lines()
        .find(|line| line.contains("turned-away-1") && line.contains("request.refused"))
        .map(str::to_owned);
    let line = line.expect("a line");
    assert!(line.contains("403") && line.contains("/api/auth/logout"), "{line}");
}
