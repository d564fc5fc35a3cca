//! The bounds of an app's calls: which apps may call, and what theirs and others' requests are to
//! each other.

use latchkey::server::{config::app_values::SecretHash, ground::clock::SECOND};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    backend::{Grpc, Rest, asking, for_backends, id_of, refused, token_of},
    relying_party::{SECRET, policy, with_policy},
};

#[tokio::test]
async fn an_app_that_signs_people_in_may_not_call_unless_the_policy_says_so() {
    let hash = String::from(SecretHash::of(SECRET));
    let sheet = format!(
        "[[apps]]\nid = \"sheet\"\nsecrets = [\"{hash}\"]\n\
         redirect_uris = [\"https://sheet.example.com/cb\"]\nfirst_party = true"
    );
    let app = with_policy(&policy(&sheet)).await;
    let refusal = Rest::of(&app, "sheet").await.call("send", json!({ "email": "a@b.org" })).await;
    assert_eq!(refused(&refusal, 401, 16, "token"), "UNAUTHENTICATED");
    let token = token_of(&app, "sheet").await;
    let program = app.browser();
    let ask = program.request(Method::POST, "/api/auth/send-passwordless").bearer_auth(&token);
    let answer = program.send(ask.json(&json!({ "email": "ada@example.com" }))).await;
    assert_eq!(answer.error(401), "app_needed");
}

#[tokio::test]
async fn an_app_whose_token_has_ended_is_not_taken_for_anybody() {
    let app = for_backends("").await;
    let token = token_of(&app, "wiki").await;
    let ask = async |token: &str| {
        let program = app.browser();
        let ask = program.request(Method::POST, "/api/auth/send-passwordless").bearer_auth(token);
        program.send(ask.json(&json!({ "email": "ada@example.com" }))).await
    };
    assert_eq!(ask(&token[..token.len() - 3]).await.error(401), "app_needed");
    app.clock.advance(601 * SECOND);
    assert_eq!(ask(&token).await.error(401), "app_needed");
    let ada = app.signed_in("ada@example.com").await;
    let session = ada.cookie("session").unwrap();
    assert_eq!(ask(&session).await.status, 200, "a token of a session is none of an app");
}

#[tokio::test]
async fn a_browser_neither_sees_nor_ends_what_an_app_asked_for() {
    let app = for_backends("").await;
    let wiki = Rest::of(&app, "wiki").await;
    let sent = wiki.send("ada@example.com").await;
    let code = app.inbox.first_to("ada@example.com").await.code().to_owned();
    let eve = app.browser();
    eve.set_cookie("auth-request", id_of(&sent));
    let page = eve.get("/login/code").await;
    assert!(!page.body.contains("ada@example.com"), "{}", page.body);
    assert_eq!(eve.ask_by_api("ada@example.com").await.status, 200);
    let body = json!({ "code": code, "auth_request_id": id_of(&sent) });
    assert_eq!(wiki.call("verify", body).await.json()["email"], "ada@example.com");
}

#[tokio::test]
async fn a_mail_is_asked_for_again_only_for_those_an_app_is_for() {
    let app = for_backends("").await;
    let sent = Rest::of(&app, "wiki").await.send("eve@example.com").await;
    app.run_sql("UPDATE latchkey_auth_requests SET app_id = 'vault'").await;
    app.clock.advance(60 * SECOND);
    let vault = Rest::of(&app, "vault").await;
    let again = vault.call("resend", json!({ "auth_request_id": id_of(&sent) })).await;
    assert_eq!(refused(&again, 400, 3, "only"), "INVALID_REQUEST");
}

#[tokio::test]
async fn the_log_counts_a_right_code_of_somebody_kept_out_as_a_failure() {
    let app = for_backends("").await;
    let wiki = Rest::of(&app, "wiki").await;
    let sent = wiki.send("eve@example.com").await;
    let mail = app.inbox.first_to("eve@example.com").await;
    assert_eq!(app.command(&["users", "disable", "eve@example.com"]).await.0, 0);
    let body = json!({ "code": mail.code(), "auth_request_id": id_of(&sent) });
    refused(&wiki.call("verify", body).await, 400, 9, "expired");
    assert_eq!(wiki.log("").await.json()["authRequests"][0]["status"], "FAILED");
}

#[tokio::test]
async fn what_a_caller_waits_for_no_longer_is_finished_all_the_same() {
    let app = for_backends("").await;
    let mut wiki = Grpc::of(&app, "wiki").await;
    for n in 1..20 {
        wiki = wiki.but("grpc-timeout", &format!("{n}m"));
        let _ = wiki.send(&asking(&format!("ada{n}@example.com"))).await;
    }
    // The clock stands still: a mail that was left leased would stay.
    let unsent = "SELECT (SELECT COUNT(*) FROM latchkey_auth_requests) \
        - (SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'sent')";
    assert!(wiki.but("grpc-timeout", "20S").send(&asking("bea@example.com")).await.is_ok());
    app.inbox.first_to("bea@example.com").await;
    app.until(unsent, 0).await;
}
