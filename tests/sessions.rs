//! A user's sessions.

use latchkey::server::{
    ground::clock::{HOUR, MINUTE, SECOND},
    store::Store,
};

use crate::support::{App, Browser};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

async fn signed_in_with_firefox(app: &App) -> Browser {
    let browser = app.browser();
    let n = app.inbox.count_to("ada@example.com");
    browser.ask_for_mail("ada@example.com").await;
    let mail = app.inbox.nth_to("ada@example.com", n + 1).await;
    browser
        .send(browser.request(reqwest::Method::GET, mail.link()).header("user-agent", FIREFOX))
        .await;
    browser
}

#[tokio::test]
async fn the_dashboard_lists_sessions_with_browser_network_and_times() {
    let app = App::with(&[("LATCHKEY_SESSION__TOKEN_TTL", "86400")]).await;
    signed_in_with_firefox(&app).await;
    app.clock.advance(3 * HOUR);
    let ada = app.signed_in("ada@example.com").await;
    let page = ada.get("/dashboard").await.body;
    assert!(page.contains("Firefox on Linux"), "{page}");
    assert!(
        page.contains("IP\u{a0}127.0.0.*</bdi> · last active 3 hours ago · signed in 3 hours ago"),
        "{page}"
    );
    assert_eq!(page.matches("This device").count(), 1);
}

#[tokio::test]
async fn the_session_in_use_is_shown_beside_a_hundred_and_fifty_newer_ones() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let many = "INSERT INTO latchkey_sessions (id, user_id, address, subject, device, user_agent, \
        ip_prefix, created_at, last_seen_at, token_expires_at, expires_at) \
        WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 150) \
        SELECT 'newer' || n, user_id, address, subject, device, user_agent, ip_prefix, \
        created_at + n, last_seen_at + n, token_expires_at, expires_at FROM latchkey_sessions, g";
    app.run_sql(many).await;
    let page = ada.get("/dashboard").await.body;
    assert_eq!(
        (page.matches("value=\"newer").count(), page.matches("This device").count()),
        (150, 1)
    );
}

#[tokio::test]
async fn one_session_can_be_ended() {
    let app = App::start().await;
    let (phone, laptop) =
        (app.signed_in("ada@example.com").await, app.signed_in("ada@example.com").await);
    let id = phone.get("/api/auth/session").await.json()["session_id"].as_str().unwrap().to_owned();
    assert_eq!(
        laptop.post_form("/actions/sign-out", &[("which", &id)]).await.goes_to(),
        "/dashboard"
    );
    assert_eq!(phone.signed_in_as().await, None);
    assert!(laptop.signed_in_as().await.is_some());
}

#[tokio::test]
async fn nobody_can_end_another_users_session() {
    let app = App::start().await;
    let (ada, eve) =
        (app.signed_in("ada@example.com").await, app.signed_in("eve@example.com").await);
    let id = ada.get("/api/auth/session").await.json()["session_id"].as_str().unwrap().to_owned();
    eve.post_form("/actions/sign-out", &[("which", &id)]).await;
    assert!(ada.signed_in_as().await.is_some());
    assert!(eve.get("/dashboard").await.body.contains("There is no such session"));
}

#[tokio::test]
async fn the_other_sessions_can_be_ended_and_this_one_kept() {
    let app = App::start().await;
    let (phone, laptop) =
        (app.signed_in("ada@example.com").await, app.signed_in("ada@example.com").await);
    laptop.post_form("/actions/sign-out", &[("which", "others")]).await;
    assert_eq!(phone.signed_in_as().await, None);
    assert!(laptop.signed_in_as().await.is_some());
}

#[tokio::test]
async fn the_use_of_a_session_is_recorded_at_most_once_a_minute() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let seen = || app.count("SELECT last_seen_at FROM latchkey_sessions");
    let begun = seen().await;
    app.clock.advance(30_000);
    ada.get("/dashboard").await;
    assert_eq!(seen().await, begun);
    app.clock.advance(MINUTE);
    ada.get("/dashboard").await;
    assert_eq!(seen().await, begun + 90_000);
}

#[tokio::test]
async fn a_session_whose_last_token_has_expired_counts_as_ended() {
    let app = App::with(&[("LATCHKEY_SESSION__TOKEN_TTL", "60")]).await;
    let phone = app.signed_in("ada@example.com").await;
    app.clock.advance(45 * SECOND);
    phone.get("/dashboard").await;
    app.clock.advance(45 * SECOND);
    assert!(phone.signed_in_as().await.is_some(), "the session was renewed, and so was its row");
    assert_eq!(app.store.count_sessions(app.clock.now()).await, Ok(1));
    app.clock.advance(61 * SECOND);
    let ada = app.signed_in("ada@example.com").await;
    assert_eq!(phone.signed_in_as().await, None);
    let page = ada.get("/dashboard").await.body;
    assert_eq!((page.matches("This device").count(), page.matches("active now").count()), (1, 1));
    assert!(!page.contains("Sign out on other devices") && !page.contains("last used"), "{page}");
    assert_eq!(app.store.count_sessions(app.clock.now()).await, Ok(1));
}

#[tokio::test]
async fn a_sign_in_on_a_known_device_replaces_its_earlier_session() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    // The session's cookie was lost or belongs to another address by now.
    let same = app.browser();
    same.set_cookie("device", &ada.cookie("device").unwrap());
    same.ask_for_mail("ada@example.com").await;
    same.get(app.inbox.nth_to("ada@example.com", 2).await.link()).await;
    assert_eq!((ada.signed_in_as().await, same.signed_in_as().await.is_some()), (None, true));
    assert_eq!(
        app.texts("SELECT reason FROM latchkey_audit_events WHERE event = 'session.revoked'").await,
        ["replaced"]
    );
    let elsewhere = app.signed_in("ada@example.com").await;
    assert!(same.signed_in_as().await.is_some() && elsewhere.signed_in_as().await.is_some());
}

#[tokio::test]
async fn a_page_does_not_fail_when_the_use_cannot_be_recorded() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    app.run_sql(match app.store {
        Store::Sqlite { .. } => {
            "CREATE TRIGGER full BEFORE UPDATE ON latchkey_sessions \
             BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        }
        Store::Postgres(_) => {
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$; \
             CREATE TRIGGER full_disk BEFORE UPDATE ON latchkey_sessions \
             FOR EACH ROW EXECUTE FUNCTION no()"
        }
    })
    .await;
    for minutes in [2, 18] {
        app.clock.advance(minutes * MINUTE);
        for page in ["/dashboard", "/api/auth/session"] {
            let answer = ada.get(page).await;
            assert_eq!((answer.status.as_u16(), answer.cookies_set().len()), (200, 0), "{page}");
        }
    }
    app.clock.advance(11 * MINUTE);
    assert_eq!(ada.signed_in_as().await, None, "its last token has expired");
}
