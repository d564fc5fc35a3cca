//! Rules of links.

use latchkey::server::ground::clock::SECOND;
use reqwest::Method;

use crate::support::{Answer, App, Browser};

/// The page that explains why a link does not sign in.
async fn explanation(browser: &Browser, link: &str) -> Answer {
    let page = browser.get(link).await.goes_to().to_owned();
    assert!(page.starts_with("/login/confirm?link_token="), "{page}");
    browser.get(&page).await
}

#[tokio::test]
async fn scanners_previews_and_prefetches_change_nothing() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    let scanner = app.browser();
    for _ in 0..10 {
        scanner.get(mail.link()).await;
        let head = ada.send(ada.request(Method::HEAD, mail.link())).await;
        assert_eq!(head.status, 204);
        assert!(head.cookies_set().is_empty());
        let prefetch = ada
            .send(ada.request(Method::GET, mail.link()).header("sec-purpose", "prefetch;prerender"))
            .await;
        assert_eq!(prefetch.status, 204);
    }
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn a_link_opened_in_another_browser_signs_in_neither() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    let other = app.browser();
    let page = explanation(&other, mail.link()).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("This is a different browser"));
    assert_eq!(other.signed_in_as().await, None);
    assert_eq!(ada.signed_in_as().await, None);
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn an_attacker_who_requests_a_link_is_not_signed_in_by_the_victims_click() {
    let app = App::start().await;
    let (stranger, me) = (app.browser(), app.browser());
    let code_page = stranger.ask_for_mail("ada@example.com").await.goes_to().to_owned();
    let mail = app.inbox.first_to("ada@example.com").await;
    explanation(&me, mail.link()).await;
    assert_eq!(stranger.signed_in_as().await, None);
    assert_eq!(stranger.get(&code_page).await.status, 200, "the attacker's page keeps waiting");
}

#[tokio::test]
async fn an_attackers_own_link_does_not_sign_the_victim_in_as_the_attacker() {
    let app = App::start().await;
    let (stranger, me) = (app.browser(), app.browser());
    stranger.ask_for_mail("eve@example.com").await;
    explanation(&me, app.inbox.first_to("eve@example.com").await.link()).await;
    assert_eq!(me.signed_in_as().await, None);
}

#[tokio::test]
async fn a_link_works_until_the_second_it_expires() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    app.clock.advance(600 * SECOND - 1);
    assert_eq!(ada.copy().get(mail.link()).await.goes_to(), "/dashboard");

    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    app.clock.advance(600 * SECOND);
    let page = explanation(&ada, mail.link()).await;
    assert_eq!(page.status, 410);
    assert!(page.body.contains("This link has expired"));
}

#[tokio::test]
async fn an_expired_link_leads_to_one_button_that_sends_a_fresh_mail() {
    let app = App::start().await;
    let ada = app.browser();
    ada.post_form("/actions/sign-in", &[("email", "ada@example.com"), ("next", "/dashboard?a=1")])
        .await;
    let old = app.inbox.first_to("ada@example.com").await;
    app.clock.advance(601 * SECOND);
    explanation(&ada, old.link()).await;

    let sent =
        ada.post_form("/actions/resend-from-link", &[("link_token", old.link_token())]).await;
    assert!(sent.goes_to().starts_with("/login/code?request="));
    let fresh = app.inbox.nth_to("ada@example.com", 2).await;
    assert_eq!(
        ada.get(fresh.link()).await.goes_to(),
        "/dashboard?a=1",
        "address and destination are kept"
    );
}

#[tokio::test]
async fn a_used_link_is_refused() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    let before = ada.copy();
    ada.get(mail.link()).await;
    let page = explanation(&before, mail.link()).await;
    assert_eq!(page.status, 410);
    assert!(page.body.contains("This link was used already"));
}

#[tokio::test]
async fn a_used_link_opened_again_in_the_signed_in_browser_goes_to_the_destination() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    ada.get(mail.link()).await;
    let again = ada.get(mail.link()).await;
    assert_eq!(again.goes_to(), "/dashboard");
    assert!(again.cookies_set().is_empty());
}

#[tokio::test]
async fn every_invalid_link_token_gets_the_same_answer() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    let token = mail.link_token();
    let flipped = format!("{}{}", if token.starts_with('A') { 'B' } else { 'A' }, &token[1..]);
    for bad in ["", &flipped, &token[..40], "%00", "%ff%fe", &"A".repeat(8_000)] {
        let page = explanation(&ada, &format!("/api/auth/verify?link_token={bad}")).await;
        assert_eq!(page.status, 400, "{bad}");
        assert!(page.body.contains("This link is not valid"));
    }
    assert_eq!(
        ada.get("/api/auth/verify").await.status,
        303,
        "a missing token is treated as a wrong one"
    );
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn using_the_link_ends_the_code_and_using_the_code_ends_the_link() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    ada.get(mail.link()).await;
    let id = ada.cookie("auth-request").unwrap();
    let body = serde_json::json!({ "code": mail.code(), "auth_request_id": id });
    assert_eq!(app.browser().post_json("/api/auth/verify", body).await.error(410), "code_expired");

    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    let before = ada.copy();
    ada.type_code(mail.code()).await;
    assert_eq!(explanation(&before, mail.link()).await.status, 410);
}

#[tokio::test]
async fn a_sign_in_ends_every_other_pending_request_of_the_address() {
    let app = App::start().await;
    let (ada, phone) = (app.browser(), app.browser());
    ada.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.nth_to("ada@example.com", 1).await;
    phone.ask_for_mail("ada@example.com").await;
    let other = app.inbox.nth_to("ada@example.com", 2).await;
    ada.get(mail.link()).await;
    assert_eq!(explanation(&phone, other.link()).await.status, 410);
}

#[tokio::test]
async fn forged_hosts_never_reach_the_mailed_link() {
    let app = App::start().await;
    let ada = app.browser();
    let request = ada
        .request(Method::POST, "/api/auth/send-passwordless")
        .json(&serde_json::json!({ "email": "ada@example.com" }));
    let forged = request
        .header("host", "evil.example")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "host=evil.example");
    assert_eq!(ada.send(forged).await.status, 200);
    assert!(app.inbox.first_to("ada@example.com").await.link().starts_with(&app.url));
}

#[tokio::test]
async fn nothing_in_the_database_is_a_usable_link_or_code() {
    let app = App::start().await;
    let (_, mail) = app.asked("ada@example.com").await;
    assert!(app.database_holds("ada@example.com").await, "the search of the dump works");
    assert!(!app.database_holds(mail.link_token()).await);
    assert!(!app.database_holds(mail.code()).await);
}
