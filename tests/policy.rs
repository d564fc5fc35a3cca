//! The operator's file, and what policy does to links.

use latchkey::server::ground::clock::SECOND;
use serde_json::json;
use std::{fs, time::Duration};

use crate::support::{App, Browser, Mail};

/// Waits until the page shows the brand's name, as it does once a saved file is applied.
async fn until_branded(browser: &Browser, name: &str) {
    for _ in 0..200 {
        if browser.get("/login").await.body.contains(&format!("Sign in to {name}")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the policy was not applied");
}

#[tokio::test]
async fn saving_the_file_applies_it_and_a_bad_edit_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    fs::write(&path, "[brand]\nname = \"Before\"\n").unwrap();
    let app = App::with_file(&path).await;
    let browser = app.browser();
    until_branded(&browser, "Before").await;

    fs::write(&path, "[brand]\nname = \"After\"\n").unwrap();
    until_branded(&browser, "After").await;

    fs::write(&path, "[brand]\nname = \"Bad\"\ncolour = \"red\"\n").unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    until_branded(&browser, "After").await;

    // Some editors save by replacing the file with another.
    fs::write(
        folder.path().join("policy.tmp"),
        "[brand]\nname = \"Replaced\"\n[auth]\nmode = \"OTP\"\n",
    )
    .unwrap();
    fs::rename(folder.path().join("policy.tmp"), &path).unwrap();
    until_branded(&browser, "Replaced").await;
    let sent = browser.ask_by_api("ada@example.com").await;
    assert_eq!(sent.json()["passwordless_type"], "OTP");
    assert!(browser.get("/login").await.body.contains("Send code"), "the button says what is sent");
}

/// An app whose policy asks before it signs in another browser: with the browser that asked, its
/// mail, and another browser.
async fn asked_where_elsewhere_is_confirmed() -> (App, Browser, Mail, Browser) {
    let app = App::with(&[("LATCHKEY_AUTH__SAME_BROWSER", "confirm")]).await;
    let ada = app.browser();
    let asking = ada
        .request(reqwest::Method::POST, "/actions/sign-in")
        .form(&[("email", "ada@example.com")]);
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
    ada.send(asking.header("user-agent", firefox).header("accept", "text/html")).await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let phone = app.browser();
    (app, ada, mail, phone)
}

#[tokio::test]
async fn another_browser_is_asked_and_signed_in_by_a_press_under_confirm() {
    let (app, ada, mail, phone) = asked_where_elsewhere_is_confirmed().await;
    app.clock.advance(180_000);
    let page = phone.get(mail.link()).await.goes_to().to_owned();
    let page = phone.get(&page).await;
    assert_eq!(page.status, 200);
    for fact in
        ["Sign in here?", "ada@example.com", "Firefox on Linux", "127.0.0.*", "3 minutes ago"]
    {
        assert!(page.body.contains(fact), "{fact}: {}", page.body);
    }
    assert_eq!(phone.signed_in_as().await, None, "opening it changes nothing");

    let pressed =
        phone.post_form("/actions/confirm-link", &[("link_token", mail.link_token())]).await;
    assert_eq!(pressed.goes_to(), "/dashboard");
    assert_eq!(phone.signed_in_as().await.as_deref(), Some("ada@example.com"));
    assert_eq!(ada.signed_in_as().await, None, "the browser that asked is not signed in by it");
    let used = ada.get(mail.link()).await.goes_to().to_owned();
    assert_eq!(ada.get(&used).await.status, 410);
}

#[tokio::test]
async fn the_requesting_browser_needs_no_press_under_confirm() {
    let (_app, ada, mail, _phone) = asked_where_elsewhere_is_confirmed().await;
    assert_eq!(ada.get(mail.link()).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn a_press_from_another_site_does_nothing_under_confirm() {
    let (_app, _ada, mail, phone) = asked_where_elsewhere_is_confirmed().await;
    let form = phone
        .request(reqwest::Method::POST, "/actions/confirm-link")
        .form(&[("link_token", mail.link_token())]);
    assert_eq!(
        phone.send(form.header("sec-fetch-site", "cross-site")).await.error(403),
        "forbidden_origin"
    );
    assert_eq!(phone.signed_in_as().await, None);
}

#[tokio::test]
async fn a_press_does_nothing_under_enforce() {
    let app = App::start().await;
    app.browser().ask_for_mail("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let phone = app.browser();
    let pressed =
        phone.post_form("/actions/confirm-link", &[("link_token", mail.link_token())]).await;
    assert!(pressed.goes_to().starts_with("/login/confirm"));
    assert_eq!(phone.signed_in_as().await, None);
}

#[tokio::test]
async fn a_method_withdrawn_by_policy_is_neither_sent_again_nor_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    let before =
        "[brand]\nname = \"Before\"\n[auth]\nmagiclink_origins = [\"https://app.example.com\"]\n";
    fs::write(&path, before).unwrap();
    let app = App::with_file(&path).await;
    let (ada, bob, eve) = (app.browser(), app.browser(), app.browser());
    let ask =
        json!({ "email": "ada@example.com", "magiclink_auth_uri": "https://app.example.com/in" });
    ada.post_json("/api/auth/send-passwordless", ask).await;
    let to_app = app.inbox.first_to("ada@example.com").await;
    assert!(to_app.link().starts_with("https://app.example.com/"));
    bob.ask_for_mail("bob@example.com").await;
    let with_both = app.inbox.first_to("bob@example.com").await;
    eve.ask_for_mail("eve@example.com").await;
    let eves = app.inbox.first_to("eve@example.com").await;

    fs::write(&path, "[brand]\nname = \"Codes\"\n[auth]\nmode = \"OTP\"\nexpires_in = 300\n")
        .unwrap();
    until_branded(&bob, "Codes").await;
    app.clock.advance(31 * SECOND);

    // An app that is no longer listed gets neither a fresh mail nor a working old link.
    let again = ada.post_json("/api/auth/resend-passwordless", json!({})).await;
    assert_eq!(again.error(400), "invalid_request");
    let taken = json!({ "link_token": to_app.link_token() });
    assert_eq!(ada.post_json("/api/auth/verify", taken).await.error(410), "link_expired");
    let from_link = [("link_token", to_app.link_token())];
    ada.post_form("/actions/resend-from-link", &from_link).await;
    let fresh = app.inbox.nth_to("ada@example.com", 2).await;
    assert!(!fresh.text.contains("app.example.com") && !fresh.text.contains("link_token"));

    // Links are no longer sent.
    assert!(bob.get(with_both.link()).await.goes_to().starts_with("/login/confirm"));
    assert_eq!(bob.signed_in_as().await, None);
    bob.post_form("/actions/resend-passwordless", &[]).await;
    let fresh = app.inbox.nth_to("bob@example.com", 2).await;
    assert!(!fresh.text.contains("link_token") && fresh.text.contains("5 minutes"));
    bob.type_code(fresh.code()).await;
    assert!(bob.signed_in_as().await.is_some());

    fs::write(&path, "[brand]\nname = \"Links\"\n[auth]\nmode = \"LINK\"\nexpires_in = 300\n")
        .unwrap();
    until_branded(&eve, "Links").await;
    let code = json!({ "code": eves.code() });
    assert_eq!(eve.post_json("/api/auth/verify", code).await.error(410), "code_expired");
    assert_eq!(eve.get(eves.link()).await.goes_to(), "/dashboard");
}
