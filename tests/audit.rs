//! The audit table: which events it records, and who may see them.

use serde_json::{Value, json};

use crate::support::{
    App, Browser, Manners,
    backend::{Rest, for_backends, id_of},
};

/// The names of the events of a story, oldest first.
async fn events(app: &App) -> Vec<String> {
    app.texts("SELECT event FROM latchkey_audit_events ORDER BY id").await
}

#[tokio::test]
async fn each_step_of_a_sign_in_is_an_audit_row_with_its_correlation_id() {
    let app = App::start().await;
    let ada = app.browser();
    let asking = ada
        .request(reqwest::Method::POST, "/api/auth/send-passwordless")
        .json(&json!({ "email": "ada@example.com" }));
    ada.send(asking.header("x-request-id", "asked-1")).await;
    let mail = app.inbox.first_to("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.sent'", 1).await;
    let wrong = mail.wrong_code();
    ada.type_code(wrong).await;
    ada.type_code(mail.code()).await;
    ada.post_form("/actions/sign-out", &[]).await;
    let mut told = events(&app).await;
    told[3..5].sort(); // the sign-in and its session have the same time
    assert_eq!(
        told,
        [
            "auth.requested",
            "mail.sent",
            "auth.failed",
            "auth.verified",
            "session.issued",
            "session.revoked"
        ]
    );
    assert_eq!(
        app.texts("SELECT reason FROM latchkey_audit_events WHERE event = 'auth.failed'").await,
        ["code_wrong"]
    );
    assert_eq!(
        app.texts("SELECT DISTINCT address FROM latchkey_audit_events").await,
        ["a***@example.com"]
    );
    assert_eq!(
        app.texts(
            "SELECT event FROM latchkey_audit_events WHERE request_id = 'asked-1' ORDER BY id"
        )
        .await,
        ["auth.requested", "mail.sent"]
    );
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_audit_events WHERE request_id = ''").await,
        0
    );
    assert_eq!(app.count("SELECT COUNT(DISTINCT subject) FROM latchkey_audit_events").await, 1);
}

#[tokio::test]
async fn a_mail_withheld_from_a_non_user_looks_sent_and_is_audited_as_failed() {
    let app = App::with(&[("LATCHKEY_AUTH__SIGN_UP", "closed")]).await;
    app.browser().ask_for_mail("nobody@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent'", 1).await;
    assert_eq!(
        app.texts("SELECT event || ' ' || reason FROM latchkey_audit_events ORDER BY id").await,
        ["auth.requested ", "mail.failed not_a_user"]
    );
}

#[tokio::test]
async fn a_refused_request_for_a_mail_is_audited_under_its_address() {
    let app = App::with(&[("LATCHKEY_LIMITS__MAILS_PER_MINUTE", "1")]).await;
    app.browser().ask_for_mail("ada@example.com").await;
    app.browser().ask_for_mail("ada@example.com").await;
    assert_eq!(
        app.texts("SELECT reason FROM latchkey_audit_events WHERE event = 'auth.failed'").await,
        ["rate_limited"]
    );
    assert_eq!(app.count("SELECT COUNT(DISTINCT subject) FROM latchkey_audit_events").await, 1);
}

#[tokio::test]
async fn the_dashboard_shows_only_events_of_the_users_own_address() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let stranger = app.browser();
    stranger.ask_for_mail("ada@example.com").await;
    app.inbox.nth_to("ada@example.com", 2).await;
    stranger.type_code("000000").await;
    app.signed_in("bob@example.com").await.post_form("/actions/sign-out", &[]).await;
    let page = ada.get("/dashboard").await.body;
    for told in
        ["Recent activity", "Signed in with a link", "Sign-in email requested", "Wrong code typed"]
    {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("Signed out"), "bob signed out, not ada");
}

#[tokio::test]
async fn no_number_of_refusals_hides_a_sign_in() {
    let app = App::with(&[("LATCHKEY_LIMITS__MAILS_PER_MINUTE", "2")]).await;
    let ada = app.signed_in("ada@example.com").await;
    for _ in 0..14 {
        app.browser().ask_for_mail("ada@example.com").await;
    }
    let page = ada.get("/dashboard").await.body;
    for told in [
        "Signed in with a link",
        "Too many emails requested, 13 times",
        "Sign-in email requested, 2 times",
    ] {
        assert_eq!(page.matches(told).count(), 1, "{told}: {page}");
    }
    for _ in 0..40 {
        app.browser().ask_for_mail("ada@example.com").await;
    }
    let page = ada.get("/dashboard").await.body;
    assert!(page.contains("Signed in with a link"), "{page}");
    assert!(page.contains("Too many emails requested, at least 50 times"), "{page}");
}

#[tokio::test]
async fn the_dashboard_shows_events_from_before_and_after_a_secret_rotation() {
    let mut app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let (old, new) = ("Zk3vQ9x7Lw2mN8rT5yB1cD4fGh6jK0pS", "Qw8eR5tY2uI9oP4aS7dF1gH6jK3lZ0xC");
    app.restart_with_secrets(&[new, old]).await;
    let stranger = app.browser();
    stranger.ask_for_mail("ada@example.com").await;
    app.inbox.nth_to("ada@example.com", 2).await;
    stranger.type_code("000000").await;
    assert_eq!(app.count("SELECT COUNT(DISTINCT subject) FROM latchkey_audit_events").await, 2);
    let told_of_both = async |browser: &Browser| {
        let page = browser.get("/dashboard").await.body;
        page.contains("Signed in with a link") && page.contains("Wrong code typed")
    };
    assert!(told_of_both(&ada).await);
    // A session from before sessions had a subject. Events without a known address have an empty
    // subject as well.
    app.run_sql("UPDATE latchkey_sessions SET subject = ''").await;
    app.run_sql(
        "INSERT INTO latchkey_audit_events (at, event, reason, request_id, subject, address, \
         user_agent, ip_prefix, list) \
         VALUES (1767268800000, 'auth.failed', 'link_invalid', '', '', '', '', '', 'attempts')",
    )
    .await;
    assert!(told_of_both(&ada).await);
    assert!(!ada.get("/dashboard").await.body.contains("A link that no longer works was opened"));
}

#[tokio::test]
async fn a_second_click_in_the_signed_in_browser_is_not_a_failure() {
    let app = App::start().await;
    let (ada, mail) = app.asked("ada@example.com").await;
    ada.get(mail.link()).await;
    ada.get(mail.link()).await;
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'auth.failed'").await,
        0
    );
    app.browser().get(mail.link()).await;
    assert_eq!(
        app.texts("SELECT reason FROM latchkey_audit_events WHERE event = 'auth.failed'").await,
        ["link_used"]
    );
}

#[tokio::test]
async fn a_session_replaced_by_a_sign_in_is_audited_as_revoked() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    ada.ask_for_mail("eve@example.com").await;
    ada.get(app.inbox.first_to("eve@example.com").await.link()).await;
    let revoked = "SELECT address || ' ' || reason FROM latchkey_audit_events WHERE event = 'session.revoked'";
    assert_eq!(app.texts(revoked).await, ["a***@example.com replaced"]);
}

#[tokio::test]
async fn the_reply_of_a_mail_server_does_not_unmask_an_address() {
    let app = App::start().await;
    app.inbox.behave(Manners::RefusesForGood);
    app.browser().ask_for_mail("ada@example.com").await;
    app.until("SELECT COUNT(*) FROM latchkey_audit_events WHERE event = 'mail.failed'", 1).await;
    let reason =
        app.texts("SELECT reason FROM latchkey_audit_events WHERE event = 'mail.failed'").await;
    assert!(reason[0].contains("550") && !reason[0].to_lowercase().contains("ada"), "{reason:?}");
}

#[tokio::test]
async fn a_made_up_link_or_request_is_counted_but_leaves_no_audit_row() {
    let app = App::start().await;
    let stranger = app.browser();
    stranger.get(&format!("/api/auth/verify?link_token={}", "A".repeat(43))).await;
    let body = serde_json::json!({ "code": "123456", "auth_request_id": "nobodynobodynobodyno12" });
    assert_eq!(stranger.post_json("/api/auth/verify", body).await.error(410), "code_expired");
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_audit_events").await, 0);
    let metrics = stranger.get("/metrics").await.body;
    let counted = "latchkey_events_total{event=\"auth.failed\",reason=\"link_invalid\"}";
    assert!(metrics.contains(counted), "{metrics}");
}

#[tokio::test]
async fn what_an_app_asks_for_names_the_app() {
    let app = for_backends("").await;
    let wiki = Rest::of(&app, "wiki").await;
    let sent = wiki.send("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let code = |code| json!({ "code": code, "auth_request_id": id_of(&sent) });
    wiki.call("verify", code(mail.wrong_code())).await;
    assert_eq!(wiki.call("verify", code(mail.code())).await.status, 200);
    app.signed_in("bea@example.com").await;
    let named = "SELECT event || ' ' || COALESCE(app_id, 'none') FROM latchkey_audit_events \
        WHERE event LIKE 'auth.%' ORDER BY id";
    assert_eq!(
        app.texts(named).await,
        [
            "auth.requested wiki",
            "auth.failed wiki",
            "auth.verified wiki",
            "auth.requested none",
            "auth.verified none"
        ]
    );
    let exported = app.said_by(&["audit", "export", "--event", "auth.verified"], "").await;
    let lines = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let apps: Vec<Value> = lines.map(|line| line["app_id"].clone()).collect();
    assert_eq!(apps, [json!("wiki"), Value::Null]);
}
