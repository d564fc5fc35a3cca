//! Sessions of programs that send their token in the header `Authorization`.

use latchkey::server::ground::clock::MINUTE;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{Answer, App, Browser};

/// Begins a session whose token travels in the header, and returns the token.
async fn bearer_token(app: &App) -> String {
    let program = app.browser();
    let sent = program.ask_by_api("ada@example.com").await.json();
    let code = app.inbox.first_to("ada@example.com").await.code().to_owned();
    let verify = json!({
        "code": code, "auth_request_id": sent["auth_request_id"], "session": "bearer",
    });
    let verified = program.post_json("/api/auth/verify", verify).await.json();
    verified["session"]["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_bearer_session_in_use_gets_fresh_tokens_until_it_ends() {
    let app = App::with(&[("LATCHKEY_SESSION__MAX_AGE", "7200")]).await;
    let program = app.browser();
    let mut token = bearer_token(&app).await;
    let ask = |token: &str| {
        program.send(program.request(Method::GET, "/api/auth/session").bearer_auth(token))
    };
    assert_eq!(
        ask(&token).await.json()["token"],
        Value::Null,
        "no new token before half of its lifetime"
    );
    let first = token.clone();
    let mut asked = 0;
    loop {
        app.clock.advance(16 * MINUTE);
        let answer = ask(&token).await;
        if answer.status != 200 {
            break;
        }
        assert!(answer.cookies_set().is_empty());
        asked += 1;
        // The last token ends with the session and is not renewed.
        if let Some(fresh) = answer.json()["token"].as_str() {
            token = fresh.to_owned();
        }
    }
    assert_eq!(asked, 7, "120 minutes");
    assert_eq!(ask(&first).await.error(401), "unauthenticated");
}

async fn send(browser: Browser, request: RequestBuilder) -> Answer {
    browser.send(request).await
}

#[tokio::test]
async fn only_the_bearer_scheme_authenticates_in_upper_or_lower_case() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let with = |browser: &Browser, value: &str| {
        let request = browser.request(Method::GET, "/api/auth/session");
        send(browser.clone(), request.header("authorization", value))
    };
    for other in ["Basic c3RhZ2luZzpzZWNyZXQ=", "Negotiate abc", "Bearish abc", ""] {
        assert_eq!(with(&ada, other).await.status, 200, "{other}");
        assert_eq!(with(&app.browser(), other).await.error(401), "unauthenticated");
    }
    let token = ada.cookie("session").unwrap();
    for scheme in ["Bearer", "bearer", "BEARER", "Bearer "] {
        assert_eq!(with(&app.browser(), &format!("{scheme} {token}")).await.status, 200);
    }
    for bad in ["Bearer", "bearer ", "Bearer nonsense"] {
        assert_eq!(with(&ada, bad).await.error(401), "unauthenticated", "{bad}");
    }
    let two = ada.request(Method::GET, "/api/auth/session");
    let two = two.bearer_auth(&token).header("authorization", format!("bearer {token}"));
    assert_eq!(ada.send(two).await.error(401), "unauthenticated", "two tokens are ambiguous");
    let both = app.browser().request(Method::GET, "/api/auth/session");
    let both = both.header("authorization", "Basic abc").bearer_auth(&token);
    assert_eq!(app.browser().send(both).await.status, 200);
}
