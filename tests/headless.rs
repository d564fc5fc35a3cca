//! The API where it is for apps alone (`server.headless = "apps"`).

use reqwest::Method;
use serde_json::json;

use crate::support::{
    backend::Rest,
    relying_party::{policy, refusal, with_policy},
};

const HEADLESS: &str = "[server]\nheadless = \"apps\"\n[auth]\n\
    magiclink_origins = [\"http://localhost:8080\"]";

#[tokio::test]
async fn only_apps_begin_and_end_sign_ins_by_a_closed_api() {
    let app = with_policy(&policy(HEADLESS)).await;
    for name in ["send-passwordless", "resend-passwordless", "verify"] {
        let answer = app.browser().post_json(&format!("/api/auth/{name}"), json!({})).await;
        assert_eq!(answer.error(401), "app_needed", "{name}");
        assert!(answer.body.contains("POST /oauth/token"), "{}", answer.body);
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        let answer = Rest::with_token(&app, "a.b.c").call_json(name, json!({})).await;
        assert_eq!(answer.error(401), "app_needed", "{name}");
    }
    let wiki = Rest::of(&app, "wiki").await;
    let body = json!({
        "email": "ada@example.com", "magiclink_auth_uri": "http://localhost:8080/verify"
    });
    let sent = wiki.call_json("send-passwordless", body).await.json();
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(mail.link().starts_with("http://localhost:8080/verify?link_token="));
    let code = json!({
        "code": mail.code(), "auth_request_id": sent["auth_request_id"], "session": "bearer"
    });
    let shop = Rest::of(&app, "shop").await;
    let refused = shop.call_json("verify", code.clone()).await;
    assert_eq!(refused.error(404), "request_unknown");
    let signed_in = wiki.call_json("verify", code).await.json();
    let session = signed_in["session"]["token"].as_str().unwrap();
    let program = app.browser();
    let request = program.request(Method::GET, "/api/auth/session").bearer_auth(session);
    assert_eq!(program.send(request).await.json()["email"], "ada@example.com");
}

#[tokio::test]
async fn the_pages_go_on_where_the_api_is_closed() {
    let app = with_policy(&policy(HEADLESS)).await;
    assert_eq!(
        app.signed_in("ada@example.com").await.signed_in_as().await.as_deref(),
        Some("ada@example.com")
    );
    let (bea, mail) = app.asked("bea@example.com").await;
    assert_eq!(bea.type_code(mail.code()).await.goes_to(), "/dashboard");
}

#[test]
fn an_api_for_apps_alone_needs_an_app_that_can_prove_who_it_is() {
    let why = refusal("[server]\nheadless = \"apps\"\n");
    assert!(why.contains("server.headless") && why.contains("latchkey apps"), "{why}");
    assert_eq!(refusal(&policy(HEADLESS)), "");
}
