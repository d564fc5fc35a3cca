//! Effects of overrides beyond their own keys, and where else they count.

use latchkey::server::ground::clock::{HOUR, MINUTE};
use std::fs;

use crate::{
    overrides::{set, steered, until_filed, with_file},
    support::{App, START},
};

#[tokio::test]
async fn an_act_that_brings_a_left_out_override_back_is_told_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.toml");
    let file = |days, age| format!("[audit]\nkeep_days = {days}\n[session]\nmax_age = {age}\n");
    let app = with_file(&path, &file(90, 86_400)).await;
    steered(&app, &[set("session.token_ttl", "80000")]).await.unwrap();
    fs::write(&path, file(91, 3_600)).unwrap();
    until_filed(&app, 91).await;
    assert_eq!(app.auth.policy().session.token_ttl, 1_800, "it does not go with the file");
    app.clock.advance(MINUTE);
    steered(&app, &[set("session.max_age", "100000")]).await.unwrap();
    assert_eq!(app.auth.policy().session.token_ttl, 80_000);
    let changes = "SELECT key || ' ' || new FROM latchkey_policy_changes \
        WHERE changed_by <> '' ORDER BY at, key";
    assert_eq!(
        app.texts(changes).await,
        ["session.token_ttl 80000", "session.max_age 100000", "session.token_ttl 80000"]
    );
    let known = app.auth.policy_at(START + MINUTE).await.unwrap().unwrap();
    assert_eq!(known["session.token_ttl"], "80000");
}

#[tokio::test]
async fn commands_act_by_the_policy_that_is_in_force_on_the_servers() {
    let app = App::with(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    steered(&app, &[set("sign_up.invitation_expires_in", "3600")]).await.unwrap();
    let (code, said) = app.command(&["users", "invite", "eva@example.com"]).await;
    assert_eq!(code, 0, "{said}");
    let lives = "SELECT expires_at - created_at FROM latchkey_invitations";
    assert_eq!(app.count(lives).await, HOUR);
}

#[tokio::test]
async fn the_policy_of_an_earlier_time_is_shown_by_a_command() {
    let app = App::start().await;
    app.until("SELECT COUNT(*) FROM latchkey_policy_states", 1).await;
    app.clock.advance(MINUTE);
    steered(&app, &[set("auth.expires_in", "300")]).await.unwrap();
    let show = async |at: &str| app.command(&["policy", "show", "--at", at]).await;
    let (code, said) = show("2026-01-01T12:00:30Z").await;
    assert!(code == 0 && said.contains("auth.expires_in = 600"), "{said}");
    assert!(show("2026-01-01T12:02:00Z").await.1.contains("auth.expires_in = 300"));
    let (code, said) = show("2025-12-31").await;
    assert!(code == 1 && said.contains("it is not known what was in force then"), "{said}");
    assert!(show("yesterday").await.1.contains("is no time"));
}
