//! Deleting an account.

use latchkey::server::ground::clock::{DAY, MINUTE};

use crate::support::App;

#[tokio::test]
async fn deleting_an_account_removes_it_and_signs_the_user_out_everywhere() {
    let app = App::start().await;
    let (ada, elsewhere) =
        (app.signed_in("ada@example.com").await, app.signed_in("ada@example.com").await);
    let grace = app.signed_in("grace@example.com").await;
    ada.ask_for_mail("ada@example.com").await;
    let answer = ada.post_form("/actions/delete-account", &[]).await;
    assert_eq!(answer.goes_to(), "/goodbye");
    assert!(ada.get("/goodbye").await.body.contains("Your account is deleted"));
    assert_eq!((ada.signed_in_as().await, elsewhere.signed_in_as().await), (None, None));
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_users WHERE address = 'ada@example.com'").await,
        0
    );
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_auth_requests WHERE address = 'ada@example.com' AND ended_at IS NULL").await, 0);
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_outbox WHERE address = 'ada@example.com'").await,
        0
    );
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_outbox WHERE address = 'grace@example.com'").await,
        1
    );
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'user.deleted'").await,
        1
    );
    assert!(grace.signed_in_as().await.is_some(), "only this account is deleted");
}

#[tokio::test]
async fn a_deleted_account_leaves_only_masked_audit_rows_after_two_days() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    ada.ask_for_mail("ada@example.com").await;
    ada.type_code("000000").await;
    ada.post_form("/actions/delete-account", &[]).await;
    app.clock.advance(2 * DAY);
    app.store.purge(app.clock.now(), 90 * DAY).await.unwrap();
    for left in [
        "SELECT COUNT(*) FROM latchkey_users",
        "SELECT COUNT(*) FROM latchkey_sessions",
        "SELECT COUNT(*) FROM latchkey_auth_requests",
        "SELECT COUNT(*) FROM latchkey_outbox",
        "SELECT COUNT(*) FROM latchkey_failed_tries",
    ] {
        assert_eq!(app.count(left).await, 0, "{left}");
    }
    assert!(app.count("SELECT COUNT(*) FROM latchkey_audit_events WHERE address <> ''").await > 0);
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_audit_events WHERE address LIKE 'ada@%'").await,
        0
    );
}

#[tokio::test]
async fn deleting_an_account_needs_a_recent_sign_in() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    app.clock.advance(11 * MINUTE);
    assert!(!ada.get("/dashboard").await.body.contains("/actions/delete-account"));
    let refused = ada.post_form("/actions/delete-account", &[]).await;
    assert!(
        ada.get(refused.goes_to()).await.body.contains("Deleting an account needs a fresh sign-in")
    );
    assert!(ada.signed_in_as().await.is_some());
}

#[tokio::test]
async fn nobody_deletes_an_account_without_being_signed_in() {
    let app = App::start().await;
    app.signed_in("ada@example.com").await;
    let stranger = app.browser();
    let refused = stranger.post_form("/actions/delete-account", &[]).await;
    assert_eq!(refused.goes_to(), "/dashboard");
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_users").await, 1);
}
