//! Operations on a running server: its health, stopping it, replacing its secret, purging its rows.

use std::time::Duration;

use crate::{
    ledger::sealed,
    support::{App, SECRET, Teller, client},
};
use latchkey::server::{
    auth::ledger,
    ground::{
        clock::{DAY, MINUTE},
        keys::Keys,
    },
};

const NEW: &str = "Qw8eR5tY2uI9oP4aS7dF1gH6jK3lZ0xC";

/// Waits until a path answers with this status, each time over a new connection.
async fn until_status(address: &str, path: &str, status: u16) {
    for _ in 0..2_000 {
        let answer = client().get(format!("http://{address}{path}")).send().await;
        if answer.is_ok_and(|answer| answer.status() == status) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{path} did not answer {status}");
}

#[tokio::test]
async fn a_stopping_server_drains_as_not_ready_and_a_second_signal_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Teller::start(folder.path(), &[("LATCHKEY_SERVER__DRAIN_DELAY", "300")]);
    let address = server.address();
    until_status(&address, "/readyz", 200).await;
    server.signal("-TERM");
    until_status(&address, "/readyz", 503).await;
    until_status(&address, "/healthz", 200).await;
    server.signal("-INT");
    assert_eq!(server.ended(), Some(1), "it ends at once, and not successfully");
}

#[tokio::test]
async fn hosts_one_step_apart_in_a_secret_rotation_act_as_one_server() {
    let mut app = App::start().await;
    let mut browsers = vec![app.signed_in("ada0@example.com").await];
    // Moves from one host to the next and back, at each of the three steps.
    let steps: [&[&str]; 4] = [&[SECRET], &[SECRET, NEW], &[NEW, SECRET], &[NEW]];
    for (n, step) in steps.windows(2).enumerate() {
        for here in [1, 0, 1] {
            app.restart_with_secrets(step[here]).await;
            for browser in browsers.iter().skip(if n == 2 { 2 } else { 0 }) {
                assert!(browser.signed_in_as().await.is_some(), "step {n}, host {here}");
            }
            if here == 1 && browsers.len() < n + 2 {
                let ada = format!("ada{}@example.com", n + 1);
                browsers.push(app.signed_in(&ada).await);
            }
        }
    }
}

#[tokio::test]
async fn check_fingerprints_the_secrets_so_that_hosts_can_be_compared() {
    let app = App::start().await;
    let (_, said) = app.command(&["check"]).await;
    let expected = format!("secrets: 1: {}", Keys::new(&[SECRET.to_owned()]).fingerprints());
    assert!(said.contains(&expected) && !said.contains(SECRET), "{said}");
}

#[tokio::test]
async fn health_and_readiness_are_reported() {
    let app = App::start().await;
    assert_eq!(app.browser().get("/healthz").await.body, "ok");
    assert_eq!(app.browser().get("/readyz").await.status, 200);
}

#[tokio::test]
async fn visitors_are_told_to_try_again_while_the_database_is_down() {
    let app = App::start().await;
    let ada = app.browser();
    ada.ask_for_mail("ada@example.com").await;
    ada.get(app.inbox.first_to("ada@example.com").await.link()).await;
    app.store.close().await;
    let page = ada.get("/dashboard").await;
    assert_eq!(page.status, 503);
    assert!(page.body.contains("We cannot do this right now."));
    assert_eq!(ada.get("/readyz").await.error(503), "unavailable");
    assert_eq!(ada.get("/healthz").await.status, 200);
    let sent = app.browser().ask_by_api("bea@example.com").await;
    assert_eq!(sent.error(503), "unavailable");
    assert_eq!(sent.header("retry-after"), "5");
}

#[tokio::test]
async fn expired_rows_are_purged_but_not_the_rows_that_limits_count() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    ada.post_form("/actions/sign-out", &[]).await;
    let rows = |table: &'static str| app.count(table);
    app.store.purge(DAY + app.clock.now(), 7 * DAY).await.unwrap();
    assert_eq!(
        rows("SELECT COUNT(*) FROM latchkey_auth_requests").await,
        1,
        "an old link can be explained for a day"
    );
    app.store.purge(app.clock.now() + 30 * MINUTE, 7 * DAY).await.unwrap();
    assert_eq!(rows("SELECT COUNT(*) FROM latchkey_sessions").await, 1);
    app.store.purge(app.clock.now() + 15 * DAY, 7 * DAY).await.unwrap();
    sealed(&app).await;
    app.clock.advance(15 * DAY);
    ledger::purge(&app.auth, 7 * DAY).await.unwrap();
    for table in [
        "SELECT COUNT(*) FROM latchkey_auth_requests",
        "SELECT COUNT(*) FROM latchkey_auth_credentials",
        "SELECT COUNT(*) FROM latchkey_outbox",
        "SELECT COUNT(*) FROM latchkey_sessions",
        "SELECT COUNT(*) FROM latchkey_audit_events",
    ] {
        assert_eq!(rows(table).await, 0, "{table}");
    }
    assert_eq!(rows("SELECT COUNT(*) FROM latchkey_users").await, 1);
}
