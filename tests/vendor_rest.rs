//! The vendor's calls over REST: what a back end asks for is bound to it, and proves an address.

use latchkey::server::ground::clock::SECOND;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    App,
    backend::{CALLBACK, Rest, for_backends, id_of, refused},
    relying_party::{policy, with_policy_and},
};

#[tokio::test]
async fn a_back_end_sends_a_mail_and_learns_whose_code_it_was() {
    let app = for_backends("").await;
    let wiki = Rest::of(&app, "wiki").await;
    let body = json!({
        "email": "Ada@Example.com", "template": "SIGNUP", "magiclinkAuthUri": CALLBACK,
        "state": "a state", "expires_in": 120, "template_variables": { "plan": "gold" },
        "a_field_of_tomorrow": true,
    });
    let sent = wiki.call("send", body).await.json();
    assert_eq!(sent["expires_at"], "1767268920", "a text, as JSON has 64-bit numbers");
    assert_eq!(
        (&sent["expires_in"], &sent["passwordless_type"]),
        (&json!(120), &json!("LINK_OTP"))
    );
    let mail = app.inbox.first_to("ada@example.com").await;
    let proved =
        wiki.call("verify", json!({ "code": mail.code(), "auth_request_id": id_of(&sent) })).await;
    assert_eq!(
        proved.json(),
        json!({
            "email": "ada@example.com", "state": "a state", "template": "SIGNUP",
            "passwordless_type": "LINK_OTP"
        })
    );
    assert_eq!(proved.cookies_set(), [""; 0]);
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_sessions").await,
        0,
        "the app begins its own"
    );
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_users").await, 1);
    let events = app.texts("SELECT event FROM latchkey_audit_events ORDER BY id").await;
    assert!(events.contains(&"auth.verified".to_owned()), "{events:?}");
    assert!(!events.contains(&"session.issued".to_owned()), "{events:?}");
    let again = json!({ "code": mail.code(), "auth_request_id": id_of(&sent) });
    assert_eq!(refused(&wiki.call("verify", again).await, 400, 9, "expired"), "CODE_EXPIRED");
}

#[tokio::test]
async fn the_link_of_a_mail_leads_to_the_back_end_which_proves_it() {
    let app = for_backends("").await;
    let wiki = Rest::of(&app, "wiki").await;
    let sent = wiki.send("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let token = mail.link_token();
    assert_eq!(mail.link(), format!("{CALLBACK}&link_token={token}"));
    assert!(token.len() <= 100, "the vendor's descriptor allows no more");
    let alone = wiki.call("verify", json!({ "link_token": token })).await;
    assert_eq!(refused(&alone, 400, 3, "auth_request_id is required"), "MISSING_FIELD");
    let other = wiki.send("bea@example.com").await;
    let mixed = json!({ "link_token": token, "auth_request_id": id_of(&other) });
    assert_eq!(refused(&wiki.call("verify", mixed).await, 403, 7, "mismatch"), "WRONG_BROWSER");
    let body = json!({ "link_token": token, "auth_request_id": id_of(&sent) });
    let proved = wiki.call("verify", body.clone()).await.json();
    assert_eq!(
        (&proved["email"], &proved["state"]),
        (&json!("ada@example.com"), &json!("a state"))
    );
    assert_eq!(refused(&wiki.call("verify", body).await, 400, 9, "expired"), "LINK_USED");
}

#[tokio::test]
async fn a_link_needs_no_id_where_it_signs_in_wherever_it_is_opened() {
    let app = for_backends("same_browser = \"confirm\"").await;
    let wiki = Rest::of(&app, "wiki").await;
    wiki.send("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let proved = wiki.call("verify", json!({ "link_token": mail.link_token() })).await;
    assert_eq!(proved.json()["email"], "ada@example.com");
}

#[tokio::test]
async fn what_an_app_asked_for_is_unknown_to_everybody_else() {
    let app = for_backends("same_browser = \"confirm\"").await;
    let (wiki, shop) = (Rest::of(&app, "wiki").await, Rest::of(&app, "shop").await);
    let sent = wiki.send("ada@example.com").await;
    let (id, mail) = (id_of(&sent), app.inbox.first_to("ada@example.com").await);
    let by_code = json!({ "code": mail.code(), "auth_request_id": id });
    let by_link = json!({ "link_token": mail.link_token(), "auth_request_id": id });
    let unknown = shop.call("verify", by_code.clone()).await;
    assert_eq!(refused(&unknown, 404, 5, "not found"), "REQUEST_UNKNOWN");
    let unknown = shop.call("resend", json!({ "auth_request_id": id })).await;
    assert_eq!(refused(&unknown, 404, 5, "not found"), "REQUEST_UNKNOWN");
    let invalid = shop.call("verify", by_link.clone()).await;
    assert_eq!(refused(&invalid, 400, 3, "invalid"), "LINK_INVALID");

    let person = app.browser();
    assert_eq!(
        person.post_json("/api/auth/verify", by_code.clone()).await.error(410),
        "code_expired"
    );
    assert_eq!(person.post_json("/api/auth/verify", by_link).await.error(400), "link_invalid");
    let resend = json!({ "auth_request_id": id });
    let refusal = person.post_json("/api/auth/resend-passwordless", resend).await;
    assert_eq!(refusal.error(400), "invalid_request");
    person.set_cookie("auth-request", id);
    let page = person.get(&format!("/login/confirm?link_token={}", mail.link_token())).await.body;
    assert!(page.contains("not valid") && !page.contains("ada@example.com"), "{page}");
    assert_eq!(wiki.call("verify", by_code).await.status, 200, "and nothing was used up");

    person.ask_by_api("bea@example.com").await;
    let others = app.inbox.first_to("bea@example.com").await;
    let held = person.cookie("auth-request").unwrap();
    let id = held.split('.').next().unwrap();
    let taken = json!({ "code": others.code(), "auth_request_id": id });
    assert_eq!(refused(&wiki.call("verify", taken).await, 404, 5, "not found"), "REQUEST_UNKNOWN");
}

#[tokio::test]
async fn a_resend_keeps_the_id_even_after_all_has_expired() {
    let app = for_backends("").await;
    let wiki = Rest::of(&app, "wiki").await;
    let sent = wiki.send("ada@example.com").await;
    let resend = async || {
        let wiki = Rest::of(&app, "wiki").await;
        wiki.call("resend", json!({ "auth_request_id": id_of(&sent) })).await
    };
    let early = resend().await;
    assert_eq!(refused(&early, 429, 8, "rate"), "RATE_LIMITED");
    assert_eq!(early.header("retry-after"), "30");
    for (n, wait) in [(2, 31 * SECOND), (3, 601 * SECOND)] {
        app.clock.advance(wait);
        assert_eq!(resend().await.json()["auth_request_id"], id_of(&sent));
        app.inbox.nth_to("ada@example.com", n).await;
    }
    let mail = app.inbox.nth_to("ada@example.com", 3).await;
    let code = json!({ "code": mail.code(), "auth_request_id": id_of(&sent) });
    assert_eq!(Rest::of(&app, "wiki").await.call("verify", code).await.status, 200);
    app.clock.advance(31 * SECOND);
    assert_ne!(resend().await.json()["auth_request_id"], id_of(&sent), "a sign-in is over");
}

#[tokio::test]
async fn without_a_link_to_lead_to_a_mail_carries_a_code_alone() {
    let app = for_backends("").await;
    let wiki = Rest::of(&app, "wiki").await;
    let sent = wiki.call("send", json!({ "email": "ada@example.com" })).await.json();
    assert_eq!(sent["passwordless_type"], "OTP");
    let mail = app.inbox.first_to("ada@example.com").await;
    assert!(!mail.text.contains("link_token"), "{}", mail.text);
    let elsewhere =
        json!({ "email": "bea@example.com", "magiclink_auth_uri": "https://evil.example/" });
    let refusal = wiki.call("send", elsewhere).await;
    assert_eq!(refused(&refusal, 400, 3, "magiclink_origins"), "INVALID_REQUEST");

    let app = for_backends("mode = \"LINK\"").await;
    let wiki = Rest::of(&app, "wiki").await;
    let refusal = wiki.call("send", json!({ "email": "ada@example.com" })).await;
    assert_eq!(refused(&refusal, 400, 3, "magiclink_auth_uri is required"), "MISSING_FIELD");
}

#[tokio::test]
async fn a_wrong_code_sent_three_times_is_one_try() {
    let app = for_backends("").await;
    let wiki = Rest::of(&app, "wiki").await;
    let sent = wiki.send("ada@example.com").await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let try_code = async |code: &str| {
        wiki.call("verify", json!({ "code": code, "auth_request_id": id_of(&sent) })).await
    };
    for n in 1..=5 {
        let wrong = mail.wrong_code();
        let mut said = Vec::new();
        for _ in 0..3 {
            said.push(try_code(wrong).await);
        }
        assert!(said.iter().all(|answer| answer.body == said[0].body), "{said:?}");
        if n < 5 {
            assert_eq!(refused(&said[0], 400, 3, "invalid"), "CODE_WRONG");
            let left =
                if n == 4 { "One try is left".to_owned() } else { format!("{} tries", 5 - n) };
            assert!(said[0].body.contains(&left), "{said:?}");
        }
        assert_eq!(app.count("SELECT code_tries FROM latchkey_auth_requests").await, n);
        assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_failed_tries").await, n);
    }
    let off = try_code(mail.code()).await;
    assert_eq!(refused(&off, 429, 8, "too many"), "TOO_MANY_ATTEMPTS");
    let by_link = json!({ "link_token": mail.link_token(), "auth_request_id": id_of(&sent) });
    assert_eq!(wiki.call("verify", by_link).await.status, 200, "its link still works");
}

#[tokio::test]
async fn a_code_that_is_off_is_mailed_anew_under_another_id_where_there_is_no_link() {
    let limits = [("LATCHKEY_LIMITS__CODE_FAILURES_PER_HOUR", "100")];
    let app = with_policy_and(&policy(""), &limits).await;
    let wiki = Rest::of(&app, "wiki").await;
    let sent = wiki.call("send", json!({ "email": "ada@example.com" })).await.json();
    let mail = app.inbox.first_to("ada@example.com").await;
    for _ in 0..5 {
        let wrong = json!({ "code": mail.wrong_code(), "auth_request_id": id_of(&sent) });
        wiki.call("verify", wrong).await;
    }
    app.clock.advance(31 * SECOND);
    let again = wiki.call("resend", json!({ "auth_request_id": id_of(&sent) })).await.json();
    assert_ne!(id_of(&again), id_of(&sent));
    let mail = app.inbox.nth_to("ada@example.com", 2).await;
    let code = json!({ "code": mail.code(), "auth_request_id": id_of(&again) });
    assert_eq!(wiki.call("verify", code).await.status, 200);
}

#[tokio::test]
async fn every_refusal_is_in_the_vendors_envelope() {
    let app = for_backends("").await;
    let wiki = Rest::of(&app, "wiki").await;
    let bad = wiki.call("send", json!({ "email": "ada" })).await;
    assert_eq!(refused(&bad, 400, 3, "email is invalid"), "INVALID_EMAIL");
    let violation = &bad.json()["details"][0]["validation_error_info"]["field_violations"][0];
    assert_eq!(violation["field"], "email");
    for (name, body, word, error) in [
        ("send", json!({}), "email is required", "MISSING_FIELD"),
        ("send", json!({ "email": 7 }), "invalid", "INVALID_REQUEST"),
        ("send", json!({ "email": "ada@example.com", "expires_in": 10 }), "60", "INVALID_REQUEST"),
        (
            "send",
            json!({ "email": "ada@example.com", "template_variables": { "otp": "1" } }),
            "template_variables",
            "INVALID_REQUEST",
        ),
        ("resend", json!({}), "auth_request_id is required", "MISSING_FIELD"),
        ("verify", json!({}), "code is required", "MISSING_FIELD"),
        ("verify", json!({ "code": "123456" }), "auth_request_id is required", "MISSING_FIELD"),
        (
            "verify",
            json!({ "code": "1".repeat(21), "auth_request_id": "a" }),
            "20",
            "INVALID_REQUEST",
        ),
        ("verify", json!({ "code": "1", "link_token": "a" }), "not both", "INVALID_REQUEST"),
        ("verify", json!({ "link_token": "a", "auth_request_id": "a" }), "invalid", "LINK_INVALID"),
    ] {
        let answer = wiki.call(name, body.clone()).await;
        assert_eq!(refused(&answer, 400, 3, word), error, "{body}");
    }
    let unknown = json!({ "code": "123456", "auth_request_id": "nobody" });
    assert_eq!(
        refused(&wiki.call("verify", unknown).await, 404, 5, "not found"),
        "REQUEST_UNKNOWN"
    );
    let large = json!({ "email": "x".repeat(70_000) });
    assert_eq!(refused(&wiki.call("send", large).await, 413, 8, "too large"), "PAYLOAD_TOO_LARGE");
    let nobody = app.browser();
    let foreign = nobody
        .request(Method::POST, "/api/v1/passwordless/email/send")
        .header("origin", "https://evil.example")
        .json(&json!({}));
    assert_eq!(refused(&nobody.send(foreign).await, 403, 7, "forbidden"), "FORBIDDEN_ORIGIN");
    app.store.close().await;
    let down = wiki.call("send", json!({ "email": "ada@example.com" })).await;
    assert_eq!(refused(&down, 503, 14, "unavailable"), "UNAVAILABLE");
}

#[tokio::test]
async fn the_description_of_the_api_has_the_calls_of_back_ends() {
    let app = App::start().await;
    let description = app.browser().get("/api/openapi.json").await.json();
    for name in ["send", "resend", "verify"] {
        let call = &description["paths"][format!("/api/v1/passwordless/email/{name}")]["post"];
        assert!(call["requestBody"].is_object(), "{name}: {call}");
    }
    assert!(description["paths"]["/api/v1/logs/authentication/requests"]["get"].is_object());
    let paths = description["paths"].as_object().unwrap().values();
    let calls = paths.flat_map(|path| path.as_object().unwrap().values());
    let mut names: Vec<&str> = calls.map(|call| call["operationId"].as_str().unwrap()).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "each call has a name of its own: {names:?}");
}
