//! Tokens that a service of the team verifies by the key set alone.

use jsonwebtoken::{Algorithm, decode_header};
use latchkey::server::ground::clock::{HOUR, SECOND};
use reqwest::Method;
use serde_json::json;

use crate::support::relying_party::{error, refusal, user_info, verified, with_policy};

const TWO: &str = "[session]\naudiences = [\"https://api.example.com\", \"billing\"]\n";

#[tokio::test]
async fn a_service_verifies_a_token_by_the_key_set_alone() {
    let app = with_policy(TWO).await;
    let ada = app.signed_in("ada@example.com").await;
    let who = ada.get("/api/auth/session").await.json();
    let asked = ada.post_json("/api/auth/token", json!({ "audience": "billing" })).await;
    assert_eq!((asked.status.as_u16(), asked.header("cache-control")), (200, "no-store"));
    let given = asked.json();
    let token = given["token"].as_str().unwrap();
    assert_eq!(decode_header(token).unwrap().alg, Algorithm::RS256);
    let claims = verified(&app, token, "service+jwt", "billing").await;
    assert_eq!((&claims["sub"], &claims["sid"]), (&who["user_id"], &who["session_id"]));
    assert_eq!(claims["email"], "ada@example.com");
    let end = app.clock.now() / SECOND + 300;
    assert_eq!((&claims["exp"], &given["expires_at"]), (&json!(end), &json!(end)));
}

#[tokio::test]
async fn a_program_gets_one_by_its_bearer_token_and_without_a_body_if_there_is_one_audience() {
    let app = with_policy("[session]\naudiences = [\"billing\"]\n").await;
    let ada = app.signed_in("ada@example.com").await;
    let bearer = ada.cookie("session").unwrap();
    let program = app.browser();
    let request = program.request(Method::POST, "/api/auth/token").bearer_auth(bearer);
    assert_eq!(program.send(request).await.json()["audience"], "billing");
}

#[tokio::test]
async fn nobody_gets_a_token_without_a_session_or_for_an_unknown_service() {
    let app = with_policy(TWO).await;
    let (ada, nobody) = (app.signed_in("ada@example.com").await, app.browser());
    let ask = json!({ "audience": "billing" });
    assert_eq!(
        nobody.post_json("/api/auth/token", ask.clone()).await.error(401),
        "unauthenticated"
    );
    let refused = ada.post_json("/api/auth/token", json!({ "audience": "shop" })).await;
    assert_eq!(refused.error(400), "invalid_request");
    assert!(refused.body.contains("session.audiences"), "{refused:?}");
    let unnamed = ada.post_json("/api/auth/token", json!({})).await;
    assert_eq!(unnamed.error(400), "missing_field");
    let from_elsewhere = ada.request(Method::POST, "/api/auth/token").json(&ask);
    let refused = ada.send(from_elsewhere.header("sec-fetch-site", "cross-site")).await;
    assert_eq!(refused.error(403), "forbidden_origin");
    ada.post_form("/actions/sign-out", &[]).await;
    assert_eq!(ada.post_json("/api/auth/token", ask).await.error(401), "unauthenticated");
}

#[tokio::test]
async fn a_token_for_a_service_opens_nothing_here() {
    let app = with_policy(TWO).await;
    let ada = app.signed_in("ada@example.com").await;
    let given = ada.post_json("/api/auth/token", json!({ "audience": "billing" })).await.json();
    let token = given["token"].as_str().unwrap();
    let program = app.browser();
    let request = program.request(Method::GET, "/api/auth/session").bearer_auth(token);
    assert_eq!(program.send(request).await.error(401), "unauthenticated");
    assert_eq!(error(&user_info(&app, token).await, 401), "invalid_token");
}

#[tokio::test]
async fn a_token_ends_with_its_session_at_the_latest() {
    let hour = "token_ttl = 3600\nmax_age = 3600\n";
    let app = with_policy(&format!("[session]\naudiences = [\"a\"]\n{hour}")).await;
    let ada = app.signed_in("ada@example.com").await;
    let end = app.clock.now() + HOUR;
    app.clock.advance(HOUR - 60 * SECOND);
    let given = ada.post_json("/api/auth/token", json!({})).await.json();
    assert_eq!(given["expires_at"], end / SECOND);
}

#[test]
fn an_audience_is_a_text_that_is_there_once() {
    let audiences = |list: &str| refusal(&format!("[session]\naudiences = {list}"));
    assert_eq!(audiences("[\"billing\", \"https://api.example.com\"]"), "");
    let host =
        "[server]\ntrusted_proxies = [\"127.0.0.1\"]\n[[forward_auth]]\nhost = \"a.example\"\n";
    let refused = refusal(&format!("{host}[session]\naudiences = [\"a.example\"]"));
    assert!(refused.contains("is also an app, a guarded host"), "{refused}");
    for bad in ["[\"\"]", "[\"a\", \"a\"]", "[\"a b\"]"] {
        assert!(audiences(bad).contains("session.audiences"), "{bad}: {}", audiences(bad));
    }
}
