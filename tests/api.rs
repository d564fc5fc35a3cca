//! The JSON API.

use reqwest::Method;
use serde_json::json;

use crate::support::{App, START};

#[tokio::test]
async fn a_program_signs_in_with_three_calls() {
    let app = App::start().await;
    let program = app.browser();
    let sent = program.ask_by_api("Ada@Example.com").await.json();
    assert_eq!(sent["expires_in"], 600);
    assert_eq!(sent["expires_at"], START / 1_000 + 600);
    assert_eq!(sent["passwordless_type"], "LINK_OTP");

    let code = app.inbox.first_to("ada@example.com").await.code().to_owned();
    // Another program without the cookie: the id binds the code to the request.
    let other = app.browser();
    let body =
        json!({ "code": code, "authRequestId": sent["auth_request_id"], "session": "bearer" });
    let answer = other.post_json("/api/auth/verify", body).await;
    assert!(answer.cookies_set().is_empty());
    let verified = answer.json();
    assert_eq!(verified["email"], "ada@example.com");

    let token = verified["session"]["token"].as_str().unwrap();
    let bearer = |method, path| {
        other.request(method, path).header("authorization", format!("Bearer {token}"))
    };
    let session = other.send(bearer(Method::GET, "/api/auth/session")).await.json();
    assert_eq!(session["user_id"], verified["user_id"]);
    assert_eq!(session["expires_at"], verified["session"]["expires_at"]);
    assert_eq!(other.send(bearer(Method::POST, "/api/auth/logout")).await.status, 204);
    assert_eq!(
        other.send(bearer(Method::GET, "/api/auth/session")).await.error(401),
        "unauthenticated"
    );
}

#[tokio::test]
async fn a_link_is_verified_by_the_program_that_asked_for_it() {
    let app = App::start().await;
    let sent = app.browser().ask_by_api("ada@example.com").await.json();
    let mail = app.inbox.first_to("ada@example.com").await;
    let verify =
        |id: serde_json::Value| json!({ "link_token": mail.link_token(), "auth_request_id": id });
    let foreign =
        app.browser().post_json("/api/auth/verify", verify(json!("someoneelsesrequestid1"))).await;
    assert_eq!(foreign.error(403), "wrong_browser");
    let answer =
        app.browser().post_json("/api/auth/verify", verify(sent["auth_request_id"].clone())).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.cookies_set().len(), 2, "the cookies of the session and of the known device");
    assert!(answer.json()["session"]["token"].is_null());
}

#[tokio::test]
async fn a_body_that_is_not_the_expected_json_is_refused_with_a_reason() {
    let app = App::start().await;
    let browser = app.browser();
    let send = |content_type: &'static str, body: &'static str| {
        let request = browser
            .request(Method::POST, "/api/auth/send-passwordless")
            .header("content-type", content_type);
        browser.send(request.body(body))
    };
    for (content_type, body, code) in [
        ("application/json", "{}", "missing_field"),
        ("application/json", r#"{"email":""}"#, "missing_field"),
        ("application/json", r#"{"email":"ada"}"#, "invalid_email"),
        ("application/json", r#"{"email":7}"#, "invalid_request"),
        (
            "application/json",
            r#"{"email":"ada@example.com","email":"eve@example.com"}"#,
            "invalid_request",
        ),
        ("application/json", r#"{"email":"ada@example.com","colour":"red"}"#, "invalid_request"),
        ("application/json", "{", "invalid_request"),
        ("application/json", "", "invalid_request"),
        ("text/plain", r#"{"email":"ada@example.com"}"#, "invalid_request"),
        ("application/x-www-form-urlencoded", "email=ada@example.com", "invalid_request"),
    ] {
        assert_eq!(send(content_type, body).await.error(400), code, "{content_type} {body}");
    }
    assert_eq!(send("application/json", "{}").await.json()["error"]["field"], "email");
    assert_eq!(app.inbox.count(), 0);
}

#[tokio::test]
async fn deeply_nested_json_is_refused() {
    let app = App::start().await;
    let browser = app.browser();
    let request = browser
        .request(Method::POST, "/api/auth/send-passwordless")
        .header("content-type", "application/json");
    assert_eq!(browser.send(request.body("[".repeat(60_000))).await.error(400), "invalid_request");
}

#[tokio::test]
async fn the_description_names_every_path_of_the_api() {
    let app = App::start().await;
    let description = app.browser().get("/api/openapi.json").await.json();
    let paths = description["paths"].as_object().unwrap().keys().map(String::as_str);
    // The desk's have a table of their own.
    let paths: Vec<&str> = paths.filter(|path| !path.starts_with("/api/desk/")).collect();
    let own = ["logout", "resend-passwordless", "send-passwordless", "session", "token", "verify"];
    let own = own.map(|name| format!("/api/auth/{name}"));
    let vendors = ["resend", "send", "verify"];
    let vendors = vendors.map(|name| format!("/api/v1/passwordless/email/{name}"));
    let log = ["/api/v1/logs/authentication/requests".to_owned()];
    assert_eq!(paths, [&own[..], &log, &vendors].concat());
    assert!(description["paths"]["/api/auth/verify"]["get"].is_object());
    assert!(
        description["components"]["schemas"]["Send"]["properties"]["magiclink_auth_uri"]
            .is_object()
    );
}

#[tokio::test]
async fn a_code_and_a_link_at_once_are_refused() {
    let app = App::start().await;
    let both = json!({ "code": "123456", "link_token": "A".repeat(43), "auth_request_id": "A".repeat(22) });
    assert_eq!(
        app.browser().post_json("/api/auth/verify", both).await.error(400),
        "invalid_request"
    );
}

#[tokio::test]
async fn sql_in_a_value_is_not_executed() {
    let app = App::start().await;
    let ada = app.browser();
    let state = "'; DROP TABLE latchkey_users; --";
    ada.post_json(
        "/api/auth/send-passwordless",
        json!({ "email": "o'hara'--@example.com", "state": state }),
    )
    .await;
    let code = app.inbox.first_to("o'hara'--@example.com").await.code().to_owned();
    let answer = ada.post_json("/api/auth/verify", json!({ "code": code })).await.json();
    assert_eq!(
        (answer["email"].as_str(), answer["state"].as_str()),
        (Some("o'hara'--@example.com"), Some(state))
    );
    for id in ["' OR '1'='1", "x'; DELETE FROM latchkey_sessions; --"] {
        let answer = ada
            .post_json("/api/auth/verify", json!({ "code": "123456", "auth_request_id": id }))
            .await;
        assert_eq!(answer.error(410), "code_expired", "{id}");
    }
    assert!(ada.signed_in_as().await.is_some());
}

#[tokio::test]
async fn signing_out_everywhere_by_the_api_ends_all_sessions() {
    let app = App::start().await;
    let (phone, laptop) =
        (app.signed_in("ada@example.com").await, app.signed_in("ada@example.com").await);
    assert_eq!(
        laptop.post_json("/api/auth/logout", json!({ "everywhere": true })).await.status,
        204
    );
    assert_eq!((phone.signed_in_as().await, laptop.signed_in_as().await), (None, None));
}

#[tokio::test]
async fn every_answer_that_sets_a_cookie_is_kept_out_of_caches() {
    let app = App::start().await;
    let ada = app.browser();
    let mut answers = vec![ada.ask_by_api("ada@example.com").await];
    let code = app.inbox.first_to("ada@example.com").await.code().to_owned();
    answers.push(ada.post_json("/api/auth/verify", json!({ "code": code })).await);
    answers.push(ada.ask_for_mail("ada@example.com").await);
    answers.push(ada.post_json("/api/auth/logout", json!({})).await);
    for answer in answers {
        assert!(!answer.cookies_set().is_empty(), "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    }
}

#[tokio::test]
async fn a_nul_character_is_refused_in_every_field_of_every_endpoint() {
    let app = App::start().await;
    let ada = app.browser();
    let nul = "a\0b";
    let send = |field: &str, value: serde_json::Value| {
        let mut body = json!({ "email": "ada@example.com" });
        body[field] = value;
        ("/api/auth/send-passwordless", body)
    };
    for (path, body) in [
        send("email", json!("ada\0@example.com")),
        send("next", json!(nul)),
        send("state", json!(nul)),
        send("template_variables", json!({ "team": nul })),
        send("template_variables", json!({ nul: "team" })),
        send("magiclink_auth_uri", json!(nul)),
        ("/api/auth/resend-passwordless", json!({ "auth_request_id": nul })),
        ("/api/auth/verify", json!({ "code": "123456", "auth_request_id": nul })),
        ("/api/auth/verify", json!({ "code": nul, "auth_request_id": "A".repeat(22) })),
        ("/api/auth/verify", json!({ "link_token": nul, "auth_request_id": "A".repeat(22) })),
    ] {
        let answer = ada.post_json(path, body.clone()).await;
        assert_eq!(answer.error(400), "invalid_request", "{path} {body}");
    }
    for (action, field) in [
        ("sign-in", "email"),
        ("sign-in", "next"),
        ("sign-in", "password"),
        ("verify-code", "request"),
        ("verify-code", "code"),
        ("resend-from-link", "link_token"),
        ("sign-out", "which"),
        ("not-you", "request"),
        ("set-language", "back"),
    ] {
        let path = format!("/actions/{action}");
        let form = ada.request(Method::POST, &path).form(&[(field, nul)]);
        assert_eq!(ada.send(form).await.error(400), "invalid_request", "{action} {field}");
    }
    for path in [
        "/login?next=/%00",
        "/login/code?request=%00",
        "/login/not-you?request=%00",
        "/actions/progress?request=%00",
    ] {
        let answer = ada.send(ada.request(Method::GET, path)).await;
        assert_eq!(answer.error(400), "invalid_request", "{path}");
        assert_eq!(ada.get(path).await.status, 400, "{path}");
    }
    assert_eq!(app.inbox.count(), 0);

    // The six characters `\u0000` written out as text are no NUL.
    let state = "a\\u0000b%00";
    let (path, body) = send("state", json!(state));
    ada.post_json(path, body).await;
    let code = app.inbox.first_to("ada@example.com").await.code().to_owned();
    let verified = ada.post_json("/api/auth/verify", json!({ "code": code })).await.json();
    assert_eq!(verified["state"], state);
}

#[tokio::test]
async fn the_description_names_every_error_code_and_describes_every_answer() {
    let app = App::start().await;
    let description = app.browser().get("/api/openapi.json").await.json();
    let text = description.to_string();
    let codes =
        include_str!("../docs/errors.md").lines().filter_map(|line| line.strip_prefix("| `"));
    let mut named = 0;
    for code in codes.map(|row| row.split('`').next().unwrap()) {
        assert!(text.contains(code), "{code}");
        named += 1;
    }
    assert!(named > 15);
    let paths = description["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    for operation in operations {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert_ne!(parameter["in"], "path", "no path has parameters: {parameter}");
        }
        for (status, answer) in operation["responses"].as_object().unwrap() {
            let said = answer["description"].as_str().unwrap_or_default();
            assert!(!said.is_empty(), "{status} of {operation}");
        }
    }
}
