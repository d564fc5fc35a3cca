//! Test people: they sign in with a code of the policy, no mail is sent to them, and it is loud.

use reqwest::Method;
use serde_json::json;
use std::{fs, time::Duration};
use tempfile::TempDir;

use crate::{
    secrecy::log,
    support::{
        App,
        desk::{operator, with_desk},
        relying_party::refusal,
    },
};

const REVIEWER: &str = "reviewer@shop.example";
const CODE: &str = "402918";

fn entry(address: &str, code: &str) -> String {
    format!("[[test_people]]\naddress = \"{address}\"\ncode = \"{code}\"\n")
}

/// A server with one test person, and a policy of its own.
async fn with_reviewer(more: &str) -> (App, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    fs::write(&path, format!("{more}{}", entry(REVIEWER, CODE))).unwrap();
    (App::with_file(&path).await, folder)
}

#[tokio::test]
async fn a_test_person_signs_in_with_the_fixed_code_on_the_page_and_over_the_api() {
    let (app, _folder) = with_reviewer("").await;
    for _ in 0..2 {
        let browser = app.browser();
        browser.ask_for_mail(REVIEWER).await;
        assert_eq!(browser.type_code(CODE).await.goes_to(), "/dashboard");
        assert_eq!(browser.signed_in_as().await.as_deref(), Some(REVIEWER));
        assert!(browser.get("/dashboard").await.body.contains("Signed in with a code"));
    }
    let program = app.browser();
    let asked = program.ask_by_api("Reviewer@Shop.Example").await.json();
    let body = json!({ "code": CODE, "auth_request_id": asked["auth_request_id"] });
    assert_eq!(app.browser().post_json("/api/auth/verify", body).await.json()["email"], REVIEWER);
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'", 3).await;
    assert_eq!(app.inbox.count(), 0, "no mail is sent to them");
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_outbox WHERE payload IS NOT NULL").await,
        0
    );
    let reasons = "SELECT event || ' ' || reason FROM latchkey_audit_events \
        WHERE reason <> '' GROUP BY event, reason ORDER BY event";
    assert_eq!(
        app.texts(reasons).await,
        ["auth.verified test_person", "mail.failed test_person", "session.issued test_person"]
    );
}

#[tokio::test]
async fn the_fixed_code_is_for_its_address_and_its_request_alone() {
    let (app, _folder) = with_reviewer("").await;
    let (ada, mail) = app.asked("ada@shop.example").await;
    assert_ne!(mail.code(), CODE);
    ada.type_code(CODE).await;
    assert_eq!(ada.signed_in_as().await, None);
    let reviewer = app.browser();
    reviewer.type_code(CODE).await;
    assert_eq!(reviewer.signed_in_as().await, None, "nothing was asked for");
    reviewer.ask_for_mail(REVIEWER).await;
    app.clock.advance(600_000);
    reviewer.type_code(CODE).await;
    assert_eq!(reviewer.signed_in_as().await, None, "it is too late");
}

#[tokio::test]
async fn tries_and_limits_hold_for_a_test_person() {
    let (app, _folder) =
        with_reviewer("[auth]\ncode_tries = 2\n[limits]\ncode_failures_per_hour = 4\n").await;
    let reviewer = app.browser();
    reviewer.ask_for_mail(REVIEWER).await;
    for wrong in ["000001", "000002", CODE] {
        reviewer.type_code(wrong).await;
        assert_eq!(reviewer.signed_in_as().await, None, "{wrong}");
    }
    app.clock.advance(31_000);
    reviewer.post_form("/actions/resend-passwordless", &[]).await;
    reviewer.type_code(CODE).await;
    assert_eq!(reviewer.signed_in_as().await, None, "a resend gives no tries back");
    // One network has half of what an hour allows.
    let again = app.browser();
    let asked = again.ask_by_api(REVIEWER).await.json();
    let body = json!({ "code": CODE, "auth_request_id": asked["auth_request_id"] });
    let paused = again.post_json("/api/auth/verify", body.clone()).await;
    assert_eq!(paused.error(429), "codes_paused");
    app.clock.advance(3_600_000);
    again.ask_for_mail(REVIEWER).await;
    assert_eq!(again.type_code(CODE).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn the_fixed_code_is_good_after_a_resend() {
    let (app, _folder) = with_reviewer("").await;
    let reviewer = app.browser();
    reviewer.ask_for_mail(REVIEWER).await;
    app.clock.advance(31_000);
    reviewer.post_form("/actions/resend-passwordless", &[]).await;
    assert_eq!(reviewer.type_code(CODE).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn a_test_person_is_admitted_while_sign_up_is_closed() {
    let (app, _folder) = with_reviewer("[auth]\nsign_up = \"closed\"\n").await;
    let (reviewer, stranger) = (app.browser(), app.browser());
    reviewer.ask_for_mail(REVIEWER).await;
    stranger.ask_for_mail("stranger@shop.example").await;
    assert_eq!(reviewer.type_code(CODE).await.goes_to(), "/dashboard");
    stranger.type_code(CODE).await;
    assert_eq!(stranger.signed_in_as().await, None);
    assert_eq!(app.texts("SELECT address FROM latchkey_users").await, [REVIEWER]);
}

#[tokio::test]
async fn a_banned_test_person_stays_out() {
    let (app, _folder) = with_reviewer("").await;
    assert_eq!(app.command(&["users", "disable", REVIEWER]).await.0, 0);
    let reviewer = app.browser();
    reviewer.ask_for_mail(REVIEWER).await;
    reviewer.type_code(CODE).await;
    assert_eq!(reviewer.signed_in_as().await, None);
}

#[tokio::test]
async fn whoever_waits_cannot_tell_that_no_mail_was_sent() {
    let (app, _folder) = with_reviewer("").await;
    for address in ["ada@shop.example", REVIEWER] {
        let browser = app.browser();
        browser.ask_for_mail(address).await;
        let ended = match address {
            REVIEWER => {
                "SELECT COUNT(*) FROM latchkey_outbox WHERE sent_at > 0 AND transport IS NULL"
            }
            _ => "SELECT COUNT(*) FROM latchkey_outbox WHERE sent_at > 0 AND transport IS NOT NULL",
        };
        app.until(ended, 1).await;
        app.clock.advance(3_000);
        let page = browser.get("/login/code").await.body;
        assert!(page.contains("Sent: the mail system has taken the email."), "{address}");
    }
}

#[tokio::test]
async fn test_people_are_loud_and_their_code_is_told_nowhere() {
    let log = log();
    let (code, address) = ("718293", "loud-reviewer@shop.example");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    fs::write(&path, entry(address, code)).unwrap();
    let app = App::with_file(&path).await;
    let browser = app.browser();
    browser.ask_for_mail(address).await;
    browser.type_code(code).await;
    fs::write(&path, entry(address, "605142") + &entry("zoe@shop.example", "381904")).unwrap();
    for _ in 0..200 {
        if log.text().contains("z***@shop.example") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let text = log.text();
    let warns = |event: &str| {
        let is_it = |line: &&str| line.contains(event) && line.contains("l***@shop.example");
        text.lines().find(is_it).is_some_and(|line| line.contains("\"level\":\"WARN\""))
    };
    for event in ["test_person.admitted", "test_person.signed_in", "policy.changed"] {
        assert!(warns(event), "{event}");
    }
    for secret in [code, "605142", "381904"] {
        let line = text.lines().find(|line| line.contains(&format!("\"{secret}")));
        assert_eq!(line, None, "the log holds {secret}");
    }
    assert!(!app.database_holds(code).await, "the database holds the code");
}

#[tokio::test]
async fn test_people_who_are_removed_from_the_file_are_out_at_once() {
    let (app, folder) = with_reviewer("[brand]\nname = \"Before\"\n").await;
    fs::write(folder.path().join("policy.toml"), "[brand]\nname = \"After\"\n").unwrap();
    let reviewer = app.browser();
    for _ in 0..200 {
        if reviewer.get("/login").await.body.contains("Sign in to After") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    reviewer.ask_for_mail(REVIEWER).await;
    let mail = app.inbox.first_to(REVIEWER).await;
    assert_ne!(mail.code(), CODE);
    reviewer.type_code(CODE).await;
    assert_eq!(reviewer.signed_in_as().await, None);
}

#[tokio::test]
async fn check_names_test_people_and_is_louder_in_production() {
    let (app, folder) = with_reviewer("").await;
    let (_, said) = app.command(&["check"]).await;
    assert!(said.contains("note test people: r***@shop.example"), "{said}");
    assert!(!said.contains(CODE), "{said}");
    let loud = App::with_file_and(
        &folder.path().join("policy.toml"),
        &[
            ("LATCHKEY_ENV", "production"),
            ("LATCHKEY_MAIL__FROM", "Example <no-reply@example.com>"),
            ("SMTP_URL", "smtp://INBOX"),
        ],
    )
    .await;
    let (_, said) = loud.command(&["check"]).await;
    assert!(said.contains("WARN TEST PEOPLE IN PRODUCTION: r***@shop.example"), "{said}");
}

#[tokio::test]
async fn an_entry_for_a_real_address_prevents_the_start_and_says_what_to_take() {
    let app = App::start().await;
    let path = app.folder().join("Leptos.toml");
    fs::write(&path, entry("ada@gmail.com", CODE)).unwrap();
    let (code, said) = app.command(&["check"]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("Leptos.toml, line 2") && said.contains("example.com"), "{said}");
    assert!(!said.contains("ada@gmail.com") && !said.contains(CODE), "{said}");
}

#[tokio::test]
async fn a_test_person_is_no_operator() {
    let entries = format!("{{ address = \"{REVIEWER}\", role = \"look\" }}");
    let why = refusal(&format!("[desk]\noperators = [{entries}]\n{}", entry(REVIEWER, CODE)));
    assert!(why.contains("an operator's of the desk") && !why.contains(CODE), "{why}");
    let (app, folder) = with_reviewer("[desk]\nenabled = true\n").await;
    let (code, said) = app.command(&["desk", "invite", REVIEWER]).await;
    assert!(code == 1 && said.contains("Test people cannot be operators"), "{said}");
    // Invited before the entry was added.
    let path = folder.path().join("policy.toml");
    fs::write(&path, "[desk]\nenabled = true\n").unwrap();
    assert_eq!(app.command(&["desk", "invite", REVIEWER]).await.0, 0);
    fs::write(&path, format!("[desk]\nenabled = true\n{}", entry(REVIEWER, CODE))).unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let reviewer = app.browser();
    reviewer.ask_for_mail(REVIEWER).await;
    assert_eq!(reviewer.type_code(CODE).await.goes_to(), "/dashboard");
    assert_eq!(reviewer.get("/desk").await.status, 404);
}

#[tokio::test]
async fn the_desk_says_on_every_page_that_there_are_test_people() {
    let app = with_desk(&entry(REVIEWER, CODE)).await;
    let page = operator(&app, "look").await.get("/desk/people").await.body;
    assert!(page.contains("Test people sign in with a fixed code"), "{page}");
    assert!(page.contains("r***@shop.example") && !page.contains(CODE), "{page}");
    let app = with_desk("").await;
    let page = operator(&app, "look").await.get("/desk/people").await.body;
    assert!(!page.contains("Test people"), "{page}");
}

#[tokio::test]
async fn the_api_answers_a_test_person_as_everybody() {
    let (app, _folder) = with_reviewer("").await;
    let mut answers = Vec::new();
    for address in [REVIEWER, "ada@shop.example"] {
        let browser = app.browser();
        let request = browser.request(Method::POST, "/api/auth/send-passwordless");
        let mut answer = browser.send(request.json(&json!({ "email": address }))).await;
        answer.headers.remove("set-cookie");
        let mut body = answer.json();
        body["auth_request_id"].take();
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        answers.push((answer.status, body, names));
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn a_test_person_sets_no_password_that_would_outlive_the_entry() {
    let (app, _folder) = with_reviewer("[auth]\npasswords = \"optional\"\n").await;
    let browser = app.browser();
    browser.ask_for_mail(REVIEWER).await;
    browser.type_code(CODE).await;
    let password = [("password", "correct horse battery staple")];
    let refused = browser.post_form("/actions/set-password", &password).await;
    let page = browser.get(refused.goes_to()).await.body;
    assert!(page.contains("Test people have no password"), "{page}");
    let kept = "SELECT COUNT(*) FROM latchkey_users WHERE password IS NOT NULL";
    assert_eq!(app.count(kept).await, 0);
}
