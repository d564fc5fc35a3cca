//! A user's sessions.

use latchkey::server::clock::{HOUR, MINUTE};

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
async fn the_dashboard_lists_them_with_browser_network_and_times() {
    let app = App::start().await;
    signed_in_with_firefox(&app).await;
    app.clock.advance(3 * HOUR);
    let ada = app.signed_in("ada@example.com").await;
    let page = ada.get("/dashboard").await.body;
    assert!(page.contains("Firefox on Linux"), "{page}");
    assert!(
        page.contains("127.0.0.*</bdi> · last used 3 hours ago · started 3 hours ago"),
        "{page}"
    );
    assert_eq!(page.matches("this one").count(), 1);
}

#[tokio::test]
async fn the_one_in_use_is_shown_beside_a_hundred_and_fifty_newer_ones() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let many = "INSERT INTO latchkey_sessions (id, user_id, address, subject, user_agent, ip_prefix, created_at, last_seen_at, expires_at) \
        WITH RECURSIVE g (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < 150) \
        SELECT 'newer' || n, user_id, address, subject, user_agent, ip_prefix, created_at + n, last_seen_at + n, expires_at FROM latchkey_sessions, g";
    app.run_sql(many).await;
    let page = ada.get("/dashboard").await.body;
    assert_eq!((page.matches("value=\"newer").count(), page.matches("this one").count()), (150, 1));
}

#[tokio::test]
async fn one_of_them_can_be_ended() {
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
async fn nobody_ends_anothers_session() {
    let app = App::start().await;
    let (ada, eve) =
        (app.signed_in("ada@example.com").await, app.signed_in("eve@example.com").await);
    let id = ada.get("/api/auth/session").await.json()["session_id"].as_str().unwrap().to_owned();
    eve.post_form("/actions/sign-out", &[("which", &id)]).await;
    assert!(ada.signed_in_as().await.is_some());
    assert!(eve.get("/dashboard").await.body.contains("there is no such session"));
}

#[tokio::test]
async fn the_others_can_be_ended_and_this_one_kept() {
    let app = App::start().await;
    let (phone, laptop) =
        (app.signed_in("ada@example.com").await, app.signed_in("ada@example.com").await);
    laptop.post_form("/actions/sign-out", &[("which", "others")]).await;
    assert_eq!(phone.signed_in_as().await, None);
    assert!(laptop.signed_in_as().await.is_some());
}

#[tokio::test]
async fn use_is_noted_at_most_once_a_minute() {
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
