//! The owner of an address can stop a sign-in that they did not ask for.

use crate::support::{App, Mail};

/// The path of "this was not me" in the mail.
fn not_you(mail: &Mail) -> &str {
    let at = mail.text.find("/login/not-you?request=").unwrap_or_else(|| panic!("{}", mail.text));
    mail.text[at..].split_whitespace().next().unwrap()
}

/// The token that the button on that page posts.
fn request(path: &str) -> &str {
    path.split_once('=').unwrap().1
}

#[tokio::test]
async fn a_mail_says_who_asked_for_it_and_when() {
    let app = App::start().await;
    app.browser().ask_for_mail("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    for text in [&mail.text, &mail.html] {
        assert!(
            text.contains(
                "Asked for ada@example.com, in an unknown browser, from IP address\u{a0}127.0.0.*, on \
                 January 1, 2026, 12:00 UTC."
            ),
            "{text}"
        );
    }
    assert!(mail.header("X-Entity-Ref-ID").is_some());
}

#[tokio::test]
async fn opening_the_page_changes_nothing_and_one_press_ends_the_sign_in() {
    let app = App::start().await;
    let (stranger, ada) = (app.browser(), app.browser());
    stranger.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;

    let page = ada.get(not_you(&mail)).await.body;
    assert!(page.contains("Was this not you?") && page.contains("ada@example.com"), "{page}");
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_auth_requests WHERE ended_at IS NULL").await,
        1
    );

    let stopped = ada.post_form("/actions/not-you", &[("request", request(not_you(&mail)))]).await;
    assert!(ada.get(stopped.goes_to()).await.body.contains("Stopped"));
    let page = stranger.type_code(mail.code()).await.goes_to().to_owned();
    assert!(stranger.get(&page).await.body.contains("This code can no longer be used."));
    let page = stranger.get(mail.link()).await.goes_to().to_owned();
    assert!(stranger.get(&page).await.body.contains("This link has expired"));
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'auth.cancelled'")
            .await,
        1
    );
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_sessions").await, 0);
    let dashboard = app.signed_in("ada@example.com").await.get("/dashboard").await.body;
    assert!(dashboard.contains("Sign-in stopped"), "{dashboard}");
}

#[tokio::test]
async fn a_finished_sign_in_cannot_be_stopped_and_the_page_says_so() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    ada.get(mail.link()).await;
    assert!(ada.get(not_you(&mail)).await.body.contains("It is already over"));
    let late = ada.post_form("/actions/not-you", &[("request", request(not_you(&mail)))]).await;
    assert!(ada.get(late.goes_to()).await.body.contains("It is already over"));
    assert!(ada.signed_in_as().await.is_some(), "the session continues");
}

#[tokio::test]
async fn the_not_you_token_in_the_mail_is_not_the_id_that_binds_the_browser() {
    let app = App::start().await;
    let ada = app.browser();
    ada.ask_for_mail("ada@example.com").await;
    let id = ada.cookie("auth-request").unwrap();
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(!mail.text.contains(&id) && !mail.html.contains(&id));
    for odd in ["", "nonsense", &id, &"A".repeat(80)] {
        let page = app.browser().get(&format!("/login/not-you?request={odd}")).await;
        assert_eq!(page.status, 400, "{odd}");
    }
}

const NOTICES: (&str, &str) = ("LATCHKEY_MAIL__NEW_DEVICE_NOTICE", "true");

/// The `n`th mail to Ada.
async fn nth(app: &App, n: usize) -> Mail {
    app.inbox.nth_to("ada@example.com", n).await
}

#[tokio::test]
async fn a_sign_in_in_a_new_browser_is_reported_by_mail_and_one_press_ends_it() {
    let app = App::with(&[NOTICES]).await;
    let ada = app.signed_in("ada@example.com").await;
    let thief = app.browser();
    thief.ask_for_mail("ada@example.com").await;
    thief.get(nth(&app, 2).await.link()).await;
    assert!(thief.signed_in_as().await.is_some());

    let notice = nth(&app, 3).await;
    assert_eq!(notice.subject, "New sign-in to Latchkey");
    assert!(
        notice.text.contains("ada@example.com, with an unknown browser, from IP address 127.0.0.*"),
        "{}",
        notice.text
    );
    let at = notice.text.find("/login/not-you?session=").unwrap();
    let path = notice.text[at..].split_whitespace().next().unwrap();
    assert!(app.browser().get(path).await.body.contains("Sign them out"));
    assert!(thief.signed_in_as().await.is_some(), "looking changes nothing");

    let ended = app.browser().post_form("/actions/not-you", &[("session", request(path))]).await;
    assert!(app.browser().get(ended.goes_to()).await.body.contains("They are signed out"));
    assert_eq!(thief.signed_in_as().await, None);
    assert!(ada.signed_in_as().await.is_some(), "the owner's own session continues");
}

#[tokio::test]
async fn the_first_sign_in_and_one_in_a_known_browser_cause_no_notice() {
    let app = App::with(&[NOTICES]).await;
    let ada = app.signed_in("ada@example.com").await;
    ada.post_form("/actions/sign-out", &[]).await;
    ada.ask_for_mail("ada@example.com").await;
    ada.get(nth(&app, 2).await.link()).await;
    assert!(ada.signed_in_as().await.is_some());
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_outbox").await,
        2,
        "the two mails that were asked for"
    );
}

#[tokio::test]
async fn a_notice_counts_against_no_mail_limit() {
    let app = App::with(&[NOTICES, ("LATCHKEY_LIMITS__MAILS_PER_MINUTE", "2")]).await;
    app.signed_in("ada@example.com").await;
    let elsewhere = app.browser();
    elsewhere.ask_for_mail("ada@example.com").await;
    elsewhere.get(nth(&app, 2).await.link()).await;
    assert_eq!(nth(&app, 3).await.subject, "New sign-in to Latchkey");
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_outbox WHERE bucket = 'ada@example.com'").await,
        2
    );
}
