//! Apps at the vendor's doors: their tokens, their limits, and the log of what they asked for.

use latchkey::server::ground::clock::{DAY, SECOND};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    backend::{Rest, for_backends, id_of, refused, token_of},
    relying_party::{code, error, policy, tokens, verified, with_policy_and},
};

#[tokio::test]
async fn a_token_of_an_app_itself_opens_the_door_and_no_other() {
    let app = for_backends("").await;
    let token = token_of(&app, "wiki").await;
    let claims = verified(&app, &token, "at+jwt", &app.url).await;
    assert_eq!((&claims["sub"], &claims["iss"]), (&json!("wiki"), &json!(app.url)));
    let ada = app.signed_in("ada@example.com").await;
    let code = code(&ada, &[]).await;
    let users = tokens(&app, &code).await.json()["access_token"].as_str().unwrap().to_owned();
    let ask = async |token: &str| {
        Rest::with_token(&app, token).call("send", json!({ "email": "bea@example.com" })).await
    };
    for token in ["", "x", "a.b.c", &users, &token[..token.len() - 3]] {
        let refusal = ask(token).await;
        assert_eq!(refused(&refusal, 401, 16, "token"), "UNAUTHENTICATED", "{token}");
        assert_eq!(refusal.header("www-authenticate"), "Bearer");
    }
    let nobody = app.browser().post_json("/api/v1/passwordless/email/verify", json!({})).await;
    assert_eq!(refused(&nobody, 401, 16, "token"), "UNAUTHENTICATED", "before anything is read");
    assert_eq!(ask(&token).await.status, 200);
    app.clock.advance(601 * SECOND);
    assert_eq!(refused(&ask(&token).await, 401, 16, "token"), "UNAUTHENTICATED", "it has expired");
    let program = app.browser();
    let wrong = program.request(Method::POST, "/oauth/token").form(&[
        ("grant_type", "client_credentials"),
        ("client_id", "wiki"),
        ("client_secret", "wrong"),
    ]);
    assert_eq!(error(&program.send(wrong).await, 401), "invalid_client");
}

#[tokio::test]
async fn a_back_end_that_speaks_for_all_its_users_has_the_room_of_a_hundred_and_a_bound() {
    let limits = ["SENDS_PER_MINUTE", "VERIFIES_PER_MINUTE"];
    let limits = limits.map(|name| (format!("LATCHKEY_LIMITS__{name}"), "1".to_owned()));
    let limits = limits.each_ref().map(|(name, value)| (name.as_str(), value.as_str()));
    let app = with_policy_and(&policy(""), &limits).await;
    let (wiki, shop) = (Rest::of(&app, "wiki").await, Rest::of(&app, "shop").await);
    let person = app.browser();
    assert_eq!(person.ask_by_api("ada@example.com").await.status, 200);
    assert_eq!(person.ask_by_api("bea@example.com").await.error(429), "rate_limited");
    let unknown = || json!({ "code": "123456", "auth_request_id": "nobody" });
    for n in 0..100 {
        let body = json!({ "email": format!("ada{n}@example.com") });
        assert_eq!(wiki.call("send", body).await.status, 200, "{n}");
        assert_eq!(wiki.call("verify", unknown()).await.status, 404, "{n}");
    }
    let more = wiki.call("send", json!({ "email": "one-more@example.com" })).await;
    assert_eq!(refused(&more, 429, 8, "rate"), "RATE_LIMITED");
    assert_eq!(refused(&wiki.call("verify", unknown()).await, 429, 8, "rate"), "RATE_LIMITED");
    let others = shop.call("send", json!({ "email": "one-more@example.com" })).await;
    assert_eq!(others.status, 200, "another app has room of its own");
}

#[tokio::test]
async fn the_limits_of_an_address_hold_for_back_ends() {
    let limits = [("LATCHKEY_LIMITS__MAILS_PER_MINUTE", "2")];
    let app = with_policy_and(&policy(""), &limits).await;
    let wiki = Rest::of(&app, "wiki").await;
    let ask = async || wiki.call("send", json!({ "email": "ada@example.com" })).await;
    for _ in 0..2 {
        assert_eq!(ask().await.status, 200);
    }
    assert_eq!(refused(&ask().await, 429, 8, "too many"), "RATE_LIMITED");
}

#[tokio::test]
async fn an_app_reads_the_log_of_its_own_requests_page_by_page() {
    let app = for_backends("").await;
    let (wiki, shop) = (Rest::of(&app, "wiki").await, Rest::of(&app, "shop").await);
    for n in 0..5 {
        let sent = wiki.send(&format!("ada{n}@example.com")).await;
        let mail = app.inbox.first_to(&format!("ada{n}@example.com")).await;
        let code = if n == 0 { mail.code() } else { mail.wrong_code() };
        if n < 2 {
            wiki.call("verify", json!({ "code": code, "auth_request_id": id_of(&sent) })).await;
        }
        app.clock.advance(SECOND);
    }
    shop.send("eve@example.com").await;
    app.browser().ask_by_api("people@example.com").await;
    let emails = |log: &serde_json::Value| -> Vec<String> {
        let lines = log["authRequests"].as_array().unwrap().iter();
        lines.map(|line| line["email"].as_str().unwrap()[..4].to_owned()).collect()
    };
    let all = wiki.log("").await.json();
    assert_eq!(emails(&all), ["ada4", "ada3", "ada2", "ada1", "ada0"]);
    let first = &all["authRequests"][4];
    assert_eq!((&first["status"], &first["client_id"]), (&json!("SUCCESS"), &json!("wiki")));
    assert_eq!(
        (&first["client_name"], &first["timestamp"]),
        (&json!("Team wiki"), &json!("2026-01-01T12:00:00Z"))
    );
    assert_eq!(all["next_page_token"], "");
    let (mut read, mut token) = (Vec::new(), String::new());
    for _ in 0..3 {
        let page = wiki.log(&format!("?page_size=2&page_token={token}")).await.json();
        read.extend(emails(&page));
        token = page["next_page_token"].as_str().unwrap().to_owned();
    }
    assert_eq!((read, token.as_str()), (emails(&all), ""));
    for (query, found) in [
        ("?status=success", vec!["ada0"]),
        ("?status=PENDING&status=SUCCESS", vec!["ada1", "ada0"]),
        ("?status=INITIATED", vec!["ada4", "ada3", "ada2"]),
        ("?status=FAILED", vec![]),
        ("?email=ADA3@example.com", vec!["ada3"]),
        ("?email=eve@example.com", vec![]),
        ("?start_time=2026-01-01T12:00:03Z", vec!["ada4", "ada3"]),
        ("?end_time=2026-01-01T13:00:01%2B01:00", vec!["ada0"]),
    ] {
        assert_eq!(emails(&wiki.log(query).await.json()), found, "{query}");
    }
    for bad in ["?status=LOST", "?page_token=x", "?page_size=101", "?start_time=now", "?email=x"] {
        let answer = wiki.log(bad).await;
        refused(&answer, 400, 3, "invalid");
    }
    let nobody = Rest::with_token(&app, "x").log("").await;
    assert_eq!(refused(&nobody, 401, 16, "token"), "UNAUTHENTICATED");
    app.clock.advance(DAY / 2);
    let wiki = Rest::of(&app, "wiki").await;
    assert_eq!(emails(&wiki.log("?status=FAILED").await.json()).len(), 4, "they have expired");
}

#[tokio::test]
async fn an_app_for_some_addresses_proves_no_others() {
    let app = for_backends("").await;
    let vault = Rest::of(&app, "vault").await;
    let refusal = vault.call("send", json!({ "email": "eve@example.com" })).await;
    assert_eq!(refused(&refusal, 400, 3, "only"), "INVALID_REQUEST");
    let sent = vault.send("eve@example.org").await;
    let mail = app.inbox.first_to("eve@example.org").await;
    let code = json!({ "code": mail.code(), "auth_request_id": id_of(&sent) });
    assert_eq!(vault.call("verify", code).await.json()["email"], "eve@example.org");
}

#[tokio::test]
async fn unknown_addresses_are_answered_alike_and_get_no_mail_where_sign_up_is_closed() {
    let app = for_backends("sign_up = \"closed\"").await;
    app.said_by(&["users", "add", "ada@example.com"], "").await;
    let wiki = Rest::of(&app, "wiki").await;
    let (known, unknown) = (wiki.send("ada@example.com").await, wiki.send("eve@example.com").await);
    for field in ["expires_at", "expires_in", "passwordless_type"] {
        assert_eq!(known[field], unknown[field]);
    }
    let mail = app.inbox.first_to("ada@example.com").await;
    let code = json!({ "code": mail.code(), "auth_request_id": id_of(&known) });
    assert_eq!(wiki.call("verify", code).await.status, 200);
    app.until("SELECT COUNT(*) FROM latchkey_outbox WHERE state = 'queued'", 0).await;
    assert_eq!(app.inbox.count_to("eve@example.com"), 0);
}
