//! Passwords as a second way to sign in beside the mail.

use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use latchkey::server::ground::clock::{HOUR, MINUTE};
use reqwest::Method;
use std::time::Duration;
use tokio::time::timeout;

use crate::support::{Answer, App, Browser, database::while_nothing_is_written};

const PASSWORD: &str = "correct horse battery";

async fn app() -> App {
    App::with(&[("LATCHKEY_AUTH__PASSWORDS", "optional")]).await
}

async fn type_password(browser: &Browser, address: &str, password: &str) -> Answer {
    browser
        .post_form(
            "/actions/sign-in",
            &[("email", address), ("password", password), ("with_password", "true")],
        )
        .await
}

/// The message of the page after a form came back to it.
async fn sentence(browser: &Browser, answer: &Answer) -> String {
    let page = browser.get(answer.goes_to()).await.body;
    let from = page.find("role=\"alert\"").expect("a message");
    page[from..].split('>').nth(1).unwrap().split('<').next().unwrap().trim().to_owned()
}

#[tokio::test]
async fn a_password_set_on_the_dashboard_signs_in() {
    let app = app().await;
    let ada = app.signed_in("ada@example.com").await;
    assert_eq!(
        ada.post_form("/actions/set-password", &[("password", PASSWORD)]).await.goes_to(),
        "/dashboard"
    );
    let phone = app.browser();
    assert_eq!(type_password(&phone, "Ada@Example.com", PASSWORD).await.goes_to(), "/dashboard");
    assert_eq!(phone.signed_in_as().await.as_deref(), Some("ada@example.com"));

    ada.post_form("/actions/set-password", &[]).await;
    let answer = type_password(&app.browser(), "ada@example.com", PASSWORD).await;
    assert_eq!(answer.goes_to(), "/login", "a removed password no longer works");
}

#[tokio::test]
async fn setting_or_removing_a_password_is_reported_and_ends_other_sessions() {
    let app = app().await;
    let (ada, phone) =
        (app.signed_in("ada@example.com").await, app.signed_in("ada@example.com").await);
    ada.post_form("/actions/set-password", &[]).await;
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_outbox").await,
        2,
        "there was no password to remove"
    );
    assert!(phone.signed_in_as().await.is_some());

    ada.post_form("/actions/set-password", &[("password", PASSWORD)]).await;
    assert_eq!((phone.signed_in_as().await, ada.signed_in_as().await.is_some()), (None, true));
    let told = app.inbox.nth_to("ada@example.com", 3).await;
    assert_eq!(told.subject, "Your password for Latchkey was set");
    assert!(told.text.contains("ada@example.com was just set, with an unknown browser, from IP"));
    ada.post_form("/actions/set-password", &[]).await;
    let told = app.inbox.nth_to("ada@example.com", 4).await;
    assert_eq!(told.subject, "Your password for Latchkey was removed");
    let noted = "SELECT event || ' ' || reason FROM latchkey_audit_events \
        WHERE event LIKE 'password%' OR reason = 'password' ORDER BY id";
    let noted = app.texts(noted).await;
    assert_eq!(noted, ["session.revoked password", "password.set ", "password.removed "]);
    let page = ada.get("/dashboard").await.body;
    assert!(page.contains("Password set") && page.contains("Password removed"));
    // A password manager needs a username field in the page.
    assert!(page.contains(r#"autocomplete="username" value="ada@example.com" readonly"#), "{page}");
}

#[tokio::test]
async fn one_press_removes_an_attackers_password_and_signs_the_attacker_out() {
    let app = app().await;
    let thief = app.signed_in("ada@example.com").await;
    thief.post_form("/actions/set-password", &[("password", PASSWORD)]).await;
    let told = app.inbox.nth_to("ada@example.com", 2).await;
    let at = told.text.find("/login/not-you?password_change=").unwrap();
    let path = told.text[at..].split_whitespace().next().unwrap();
    let ada = app.browser();
    let page = ada.get(path).await.body;
    assert!(page.contains("set or removed your password"), "{page}");
    assert!(thief.signed_in_as().await.is_some(), "looking changes nothing");
    let token = path.split_once('=').unwrap().1;
    let gone = ada.post_form("/actions/not-you", &[("password_change", token)]).await;
    assert!(ada.get(gone.goes_to()).await.body.contains("They are signed out"));
    assert_eq!(thief.signed_in_as().await, None);
    type_password(&thief, "ada@example.com", PASSWORD).await;
    assert_eq!(thief.signed_in_as().await, None);
    let late = thief.post_form("/actions/set-password", &[("password", PASSWORD)]).await;
    assert_eq!(late.goes_to(), "/dashboard", "the dashboard leads to the sign-in page");
    let left = "SELECT COUNT(*) FROM latchkey_users WHERE password IS NOT NULL";
    assert_eq!(app.count(left).await, 0);
}

#[tokio::test]
async fn a_password_try_counts_whether_or_not_its_caller_waits_for_the_answer() {
    let app = App::with(&[
        ("LATCHKEY_AUTH__PASSWORDS", "optional"),
        // One network gets half of them.
        ("LATCHKEY_LIMITS__CODE_FAILURES_PER_HOUR", "6"),
    ])
    .await;
    let ada = app.signed_in("ada@example.com").await;
    ada.post_form("/actions/set-password", &[("password", PASSWORD)]).await;
    for tried in 1..4 {
        let thief = app.browser();
        let form =
            [("email", "ada@example.com"), ("password", "not this one"), ("with_password", "true")];
        let request = thief.request(Method::POST, "/actions/sign-in").form(&form);
        let asked = async { timeout(Duration::from_millis(500), request.send()).await };
        assert!(while_nothing_is_written(&app.store, asked).await.is_err(), "it has hung up");
        let counted = "SELECT COUNT(*) FROM latchkey_failed_tries";
        app.until(counted, tried).await;
    }
    let phone = app.browser();
    type_password(&phone, "ada@example.com", PASSWORD).await;
    assert_eq!(phone.signed_in_as().await, None, "its network has used up its share");
}

#[tokio::test]
async fn a_password_hashed_with_weaker_parameters_is_rehashed_at_sign_in() {
    let app = app().await;
    app.signed_in("ada@example.com").await;
    let weak =
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8, 1, 1, None).unwrap());
    let weak = weak.hash_password_with_salt(PASSWORD.as_bytes(), &[7; 16]).unwrap();
    let keep = format!("UPDATE latchkey_users SET password = '{weak}'");
    app.run_sql(keep.leak()).await;
    let kept = || app.texts("SELECT password FROM latchkey_users");
    type_password(&app.browser(), "ada@example.com", "not this one").await;
    assert_eq!(kept().await, [weak.to_string()]);
    for _ in 0..2 {
        let answer = type_password(&app.browser(), "ada@example.com", PASSWORD).await;
        assert_eq!(answer.goes_to(), "/dashboard");
        assert!(kept().await[0].starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }
}

#[tokio::test]
async fn an_empty_password_sends_a_mail_and_the_second_button_refuses_it() {
    let app = app().await;
    let browser = app.browser();
    let answer = browser
        .post_form("/actions/sign-in", &[("email", "ada@example.com"), ("password", "")])
        .await;
    assert!(answer.goes_to().starts_with("/login/code"));
    let answer = type_password(&browser, "ada@example.com", "").await;
    assert_eq!(sentence(&browser, &answer).await, "Enter your password.");
    assert!(browser.get("/login").await.body.contains("Sign in with password"));
}

#[tokio::test]
async fn unknown_addresses_and_wrong_passwords_get_the_same_answer() {
    let app = app().await;
    let ada = app.signed_in("ada@example.com").await;
    ada.post_form("/actions/set-password", &[("password", PASSWORD)]).await;
    app.signed_in("bea@example.com").await;
    let mut told = Vec::new();
    for address in ["ada@example.com", "bea@example.com", "nobody@example.com"] {
        let browser = app.browser();
        let answer = type_password(&browser, address, "not this one").await;
        told.push((answer.status, sentence(&browser, &answer).await));
    }
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
    assert!(told[0].1.starts_with("Address and password do not match."));
}

#[tokio::test]
async fn ten_wrong_passwords_in_an_hour_pause_passwords_but_never_the_link() {
    let app = app().await;
    let ada = app.signed_in("ada@example.com").await;
    ada.post_form("/actions/set-password", &[("password", PASSWORD)]).await;
    let thief = app.browser();
    for _ in 0..10 {
        type_password(&thief, "ada@example.com", "not this one").await;
    }
    let answer = type_password(&thief, "ada@example.com", PASSWORD).await;
    assert!(sentence(&thief, &answer).await.starts_with("Too many wrong codes for this address."));
    app.inbox.nth_to("ada@example.com", 2).await; // reports that the password was set
    app.signed_in("ada@example.com").await;
    app.clock.advance(HOUR);
    assert_eq!(type_password(&thief, "ada@example.com", PASSWORD).await.goes_to(), "/dashboard");
}

#[tokio::test]
async fn setting_a_password_needs_a_recent_sign_in() {
    let app = app().await;
    let ada = app.signed_in("ada@example.com").await;
    app.clock.advance(11 * MINUTE);
    let answer = ada.post_form("/actions/set-password", &[("password", PASSWORD)]).await;
    assert!(sentence(&ada, &answer).await.contains("needs a fresh sign-in"));
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_users WHERE password IS NOT NULL").await,
        0
    );
}

#[tokio::test]
async fn a_password_has_at_least_eight_characters() {
    let app = app().await;
    let ada = app.signed_in("ada@example.com").await;
    let answer = ada.post_form("/actions/set-password", &[("password", "seven77")]).await;
    assert!(sentence(&ada, &answer).await.contains("8 to 128 characters: this one has 7"));
}

#[tokio::test]
async fn no_password_is_asked_for_or_accepted_where_passwords_are_off() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    assert!(!ada.get("/login").await.body.contains("type=\"password\""));
    let answer = ada.post_form("/actions/set-password", &[("password", PASSWORD)]).await;
    assert!(sentence(&ada, &answer).await.contains("This site has no passwords"));
    let browser = app.browser();
    let answer = type_password(&browser, "ada@example.com", PASSWORD).await;
    assert!(sentence(&browser, &answer).await.contains("This site has no passwords"));
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one() {
    let app = app().await;
    let ada = app.signed_in("ada@example.com").await;
    for password in ["correct horse battery", "staple of another kind"] {
        ada.post_form("/actions/set-password", &[("password", password)]).await;
    }
    let old = app.browser();
    type_password(&old, "ada@example.com", "correct horse battery").await;
    assert_eq!(old.signed_in_as().await, None);
    let new = app.browser();
    type_password(&new, "ada@example.com", "staple of another kind").await;
    assert!(new.signed_in_as().await.is_some());
}

#[tokio::test]
async fn a_password_counts_exactly_as_it_was_typed_and_may_be_long() {
    let app = app().await;
    let ada = app.signed_in("ada@example.com").await;
    let password = format!(" Ünïcode {} ", "and long ".repeat(12));
    ada.post_form("/actions/set-password", &[("password", &password)]).await;
    for other in [password.trim(), &password.to_lowercase(), &password[..password.len() - 2]] {
        let browser = app.browser();
        type_password(&browser, "ada@example.com", other).await;
        assert_eq!(browser.signed_in_as().await, None, "{other:?}");
    }
    let browser = app.browser();
    type_password(&browser, "ada@example.com", &password).await;
    assert!(browser.signed_in_as().await.is_some());
}

#[tokio::test]
async fn a_password_is_stored_as_argon2id_with_owasps_parameters() {
    let app = app().await;
    let ada = app.signed_in("ada@example.com").await;
    ada.post_form("/actions/set-password", &[("password", "correct horse battery")]).await;
    let kept = app.texts("SELECT password FROM latchkey_users").await;
    assert!(kept[0].starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept:?}");
}

#[tokio::test]
async fn a_password_that_anyone_would_try_is_refused() {
    let app = app().await;
    let ada = app.signed_in("ada.lovelace@example.com").await;
    for common in [
        "password",
        "12345678",
        "qwertyuiop",
        "Password1",
        "Latchkey",
        "lovelace",
        "ada.lovelace@example.com",
    ] {
        let answer = ada.post_form("/actions/set-password", &[("password", common)]).await;
        let page = ada.get(answer.goes_to()).await.body;
        assert!(page.contains("among the first that anyone would try"), "{common}: {page}");
    }
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_users WHERE password IS NOT NULL").await,
        0
    );
    ada.post_form("/actions/set-language", &[("language", "de")]).await;
    let answer = ada.post_form("/actions/set-password", &[("password", "password")]).await;
    let page = ada.get(answer.goes_to()).await.body;
    assert!(page.contains("Dieses gehört zu den ersten"), "{page}");
}
