//! Operations on a running server: stopping it, and replacing its secret.

use std::time::Duration;

use crate::support::{App, SECRET, Teller};
use latchkey::server::ground::keys::Keys;

const NEW: &str = "Qw8eR5tY2uI9oP4aS7dF1gH6jK3lZ0xC";

/// Waits until a path answers with this status, each time over a new connection.
async fn until_status(address: &str, path: &str, status: u16) {
    for _ in 0..2_000 {
        let answer = reqwest::get(format!("http://{address}{path}")).await;
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
