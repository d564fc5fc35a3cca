//! The desk's API: which programs may call it, and in which role.

use latchkey::server::ground::clock::MINUTE;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;

use crate::support::{
    App, Port,
    backend::token_of,
    desk::{apps_at_desk, ask_for_token, get, operator, policy, token, with_desk},
    relying_party::{SECRET, claims, error, refusal, until_there_are_keys, with_policy},
};

const ME: &str = "/api/desk/me";
const REFUSALS: &str = "SELECT operator || ' ' || app_id || ' ' || reason \
    FROM latchkey_audit_events WHERE event = 'operator.refused' ORDER BY id";

#[tokio::test]
async fn an_app_calls_the_desk_in_the_role_that_its_token_was_asked_for() {
    let app = with_desk(&apps_at_desk()).await;
    for (id, scopes, role) in [
        ("look", "desk:look", "look"),
        ("help", "desk:help", "help"),
        ("steer", "desk:steer", "steer"),
        ("steer", "desk:look", "look"),
        ("steer", "desk:look desk:help", "help"),
        ("help", "urn:of:others desk:help", "help"),
    ] {
        let given = ask_for_token(&app, id, scopes).await.json();
        assert_eq!(given["scope"], format!("desk:{role}"), "{id} {scopes}");
        let token = given["access_token"].as_str().unwrap();
        let me = get(&app, token, ME).await.json();
        assert_eq!(me["name"], format!("app:{id}"));
        assert_eq!(me["role"], role, "{id} {scopes}");
        assert_eq!(me["may_change"], true);
    }
    assert!(app.texts(REFUSALS).await.is_empty());
}

#[tokio::test]
async fn a_token_that_no_role_was_asked_for_does_nothing_at_the_desk() {
    let app = with_desk(&apps_at_desk()).await;
    for scopes in ["", "urn:vendor:everything", "openid"] {
        let given = ask_for_token(&app, "steer", scopes).await.json();
        assert_eq!(given["scope"], Value::Null, "{scopes}");
        let token = given["access_token"].as_str().unwrap();
        assert_eq!(claims(token)["scope"], Value::Null);
        let refused = get(&app, token, ME).await;
        assert_eq!(refused.error(403), "forbidden");
        assert_eq!(refused.header("www-authenticate"), "Bearer error=\"insufficient_scope\"");
    }
    assert_eq!(app.texts(REFUSALS).await, ["app:steer steer forbidden"; 3]);
}

#[tokio::test]
async fn an_app_gets_no_token_for_more_than_its_entry_allows() {
    let app = with_desk(&apps_at_desk()).await;
    for (id, scopes) in [
        ("look", "desk:help"),
        ("look", "desk:look desk:steer"),
        ("help", "desk:steer"),
        ("none", "desk:look"),
        ("steer", "desk:everything"),
        ("steer", "desk:"),
    ] {
        let refused = ask_for_token(&app, id, scopes).await;
        assert_eq!(error(&refused, 400), "invalid_scope", "{id} {scopes}");
    }
}

#[tokio::test]
async fn to_an_app_without_a_role_there_is_no_desk() {
    let app = with_desk(&apps_at_desk()).await;
    let token = token_of(&app, "none").await;
    assert_eq!(get(&app, &token, ME).await.error(404), "not_found");
    assert_eq!(app.texts(REFUSALS).await, ["app:none none not_found"]);
}

#[tokio::test]
async fn a_role_that_the_policy_takes_away_counts_no_more_in_tokens_that_are_out() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let before = policy(&apps_at_desk());
    std::fs::write(file.path(), &before).unwrap();
    let app = App::with_file(file.path()).await;
    until_there_are_keys(&app.browser()).await;
    let steer = token(&app, "steer", "desk:steer").await;
    let mut role = get(&app, &steer, ME).await;
    assert_eq!(role.json()["role"], "steer");
    assert_eq!(told(&app, "steer", &steer).await["scope"], "desk:steer");
    for (line, then) in [("desk = \"look\"", "\"role\":\"look\""), ("", "not_found")] {
        let lowered = before.replace("desk = \"steer\"", line);
        std::fs::write(file.path(), lowered).unwrap();
        for _ in 0..500 {
            role = get(&app, &steer, ME).await;
            if role.body.contains(then) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(role.body.contains(then), "{role:?}");
        let scope = (!line.is_empty()).then_some("desk:look");
        assert_eq!(told(&app, "steer", &steer).await["scope"].as_str(), scope);
    }
}

/// The answer that tells the app of its own token.
async fn told(app: &App, id: &str, token: &str) -> Value {
    let program = app.browser();
    let request = program.request(Method::POST, "/oauth/introspect");
    let form = [("client_id", id), ("client_secret", SECRET), ("token", token)];
    let told = program.send(request.form(&form)).await.json();
    assert_eq!(told["active"], true, "{told}");
    told
}

#[tokio::test]
async fn a_program_without_a_token_is_told_where_to_get_one_whatever_its_cookies() {
    let app = with_desk(&apps_at_desk()).await;
    let steer = operator(&app, "steer").await;
    for browser in [&app.browser(), &steer] {
        let refused = browser.get(ME).await;
        assert_eq!(refused.error(401), "app_needed");
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }
    let basic = steer.request(Method::GET, ME).header("authorization", "Basic abc");
    assert_eq!(steer.send(basic).await.error(401), "app_needed");
    for bad in ["nonsense", "", "a.b.c"] {
        let refused = get(&app, bad, ME).await;
        assert_eq!(refused.error(401), "unauthenticated", "{bad}");
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn an_operator_calls_with_a_session_token_in_the_same_role() {
    let app = with_desk(&apps_at_desk()).await;
    let look = operator(&app, "look").await.cookie("session").unwrap();
    let me = get(&app, &look, ME).await.json();
    assert_eq!(
        (me["name"].as_str(), me["role"].as_str()),
        (Some("look@example.com"), Some("look"))
    );
    assert_eq!(me["may_change"], true);
    app.clock.advance(16 * MINUTE);
    assert_eq!(get(&app, &look, ME).await.json()["may_change"], false);
    let ada = app.signed_in("ada@example.com").await.cookie("session").unwrap();
    assert_eq!(get(&app, &ada, ME).await.error(404), "not_found");
}

#[tokio::test]
async fn a_token_of_an_app_counts_until_it_expires() {
    let app = with_desk(&apps_at_desk()).await;
    let look = token(&app, "look", "desk:look").await;
    app.clock.advance(9 * MINUTE);
    assert_eq!(get(&app, &look, ME).await.status, 200);
    app.clock.advance(MINUTE);
    assert_eq!(get(&app, &look, ME).await.error(401), "app_needed");
}

#[tokio::test]
async fn there_is_no_api_of_a_desk_that_is_off_or_elsewhere() {
    let off = with_policy(&apps_at_desk()).await;
    let port = Port::held();
    let listen = format!("listen = \"127.0.0.1:{}\"\n{}", port.number, apps_at_desk());
    let elsewhere = with_desk(&listen).await;
    for app in [&off, &elsewhere] {
        let steer = token(app, "steer", "desk:steer").await;
        let unknown = get(app, &steer, "/api/nothing").await.body;
        assert_eq!(get(app, &steer, ME).await.error(404), "invalid_request");
        assert_eq!(get(app, &steer, ME).await.body, unknown);
        assert_eq!(app.browser().get(ME).await.body, unknown);
    }
    let steer = token(&elsewhere, "steer", "desk:steer").await;
    let inside = elsewhere.browser().at(&format!("http://localhost:{}", port.number));
    let host = elsewhere.url.trim_start_matches("http://").to_owned();
    let request = inside.request(Method::GET, ME).header("host", host).bearer_auth(&steer);
    assert_eq!(inside.send(request).await.json()["role"], "steer");
}

#[tokio::test]
async fn everybody_who_may_use_the_desk_is_listed_apps_included() {
    let app = with_desk(&apps_at_desk()).await;
    app.command(&["desk", "invite", "ada@example.com", "--role", "help"]).await;
    let look = token(&app, "look", "desk:look").await;
    let listed = get(&app, &look, "/api/desk/operators").await.json();
    let lines: Vec<String> = listed["operators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let text = |name: &str| one[name].as_str().unwrap().to_owned();
            [text("name"), text("role"), text("named_by")].join(" ")
        })
        .collect();
    assert_eq!(
        lines,
        [
            "look@example.com look file",
            "help@example.com help file",
            "steer@example.com steer file",
            "ada@example.com help command",
            "app:look look apps",
            "app:help help apps",
            "app:steer steer apps",
        ]
    );
    let page = operator(&app, "look").await.get("/desk/operators").await.body;
    assert!(page.contains("app:steer") && page.contains("[[apps]]"), "{page}");
    let (_, said) = app.command(&["desk", "list"]).await;
    assert!(said.contains("app:steer  steer  [[apps]]"), "{said}");
}

#[test]
fn an_app_that_proves_nothing_gets_no_role() {
    let entry = "[[apps]]\nid = \"phone\"\nauth_method = \"none\"\nredirect_uris = \
        [\"https://phone.example.com/cb\"]\ndesk = \"look\"\n";
    let said = refusal(entry);
    assert!(said.contains("by which it proves nothing"), "{said}");
    assert!(refusal(&entry.replace("\"look\"", "\"root\"")).contains("unknown variant `root`"));
}

#[tokio::test]
async fn an_app_steers_the_policy_and_its_name_and_reason_are_kept() {
    let app = with_desk(&apps_at_desk()).await;
    let steer = token(&app, "steer", "desk:steer").await;
    let change = async |body: Value| {
        let program = app.browser();
        let request = program.request(Method::POST, "/api/desk/policy").bearer_auth(&steer);
        program.send(request.json(&body)).await
    };
    let of = |policy: &Value, key: &str| {
        let keys = policy["keys"].as_array().unwrap();
        keys.iter().find(|one| one["key"] == key).cloned().unwrap_or_default()
    };
    let before = of(&get(&app, &steer, "/api/desk/policy").await.json(), "auth.mode");
    assert_eq!((&before["value"], &before["from"]), (&json!("\"LINK_OTP\""), &json!("default")));

    let codes = json!({ "set": { "auth.mode": "OTP" }, "reason": "Links are stripped." });
    let changed = of(&change(codes).await.json(), "auth.mode");
    assert_eq!((&changed["value"], &changed["from"]), (&json!("\"OTP\""), &json!("override")));
    assert_eq!(changed["override"]["set_by"], "app:steer");
    assert_eq!(changed["override"]["reason"], "Links are stripped.");
    let version = changed["override"]["version"].as_i64().unwrap();
    let kept = "SELECT operator || ' ' || reason || ' ' || note FROM latchkey_audit_events \
        WHERE event = 'policy.steered'";
    assert_eq!(app.texts(kept).await, ["app:steer auth.mode Links are stripped."]);

    for (body, says) in [
        (json!({ "set": { "desk.enabled": "false" }, "reason": "x" }), "desk.enabled is no key"),
        (json!({ "set": { "auth.code_tries": "0" }, "reason": "x" }), "auth.code_tries"),
        (
            json!({ "set": { "auth.mode": "LINK" }, "seen": { "auth.mode": 0 }, "reason": "x" }),
            "meanwhile",
        ),
        (json!({ "set": { "auth.mode": "LINK" }, "reason": "x".repeat(501) }), "500"),
        (json!({ "set": { "auth.mode": 7 }, "reason": "x" }), "The JSON does not fit"),
        (
            json!({ "set": { "auth.mode": "LINK" }, "take_back": ["auth.mode"], "reason": "x" }),
            "auth.mode is named twice",
        ),
    ] {
        let refused = change(body).await;
        assert_eq!(refused.error(400), "invalid_request", "{says}");
        assert!(refused.body.contains(says), "{says}: {}", refused.body);
    }
    let back = json!({
        "take_back": ["auth.mode"], "seen": { "auth.mode": version }, "reason": "It is over.",
    });
    assert_eq!(of(&change(back).await.json(), "auth.mode"), before);
    let history = get(&app, &steer, "/api/desk/policy/changes").await.json();
    let lines: Vec<String> = history["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            ["kind", "key", "changed_by", "reason"]
                .map(|name| one[name].as_str().unwrap())
                .join(" ")
        })
        .collect();
    assert_eq!(
        lines,
        [
            "taken_back auth.mode app:steer It is over.",
            "set auth.mode app:steer Links are stripped."
        ]
    );
}

#[tokio::test]
async fn an_app_finds_a_person_opens_them_and_acts_for_them() {
    let app = with_desk(&apps_at_desk()).await;
    let ada = app.signed_in("ada@example.com").await;
    let (look, help) =
        (token(&app, "look", "desk:look").await, token(&app, "help", "desk:help").await);
    let found = get(&app, &look, "/api/desk/people?q=ada%40exa").await.json();
    assert_eq!(found["people"][0]["address"], "a***@example.com");
    let key = found["people"][0]["key"].as_str().unwrap().to_owned();
    let opened = "SELECT operator FROM latchkey_audit_events WHERE event = 'desk.opened'";
    assert!(app.texts(opened).await.is_empty());

    let person = get(&app, &look, &format!("/api/desk/person?key={key}")).await.json();
    assert_eq!(person["address"], "ada@example.com");
    assert_eq!(person["sessions"].as_array().unwrap().len(), 1);
    let line = &person["timeline"][1];
    assert!(line["what"].is_string() && line["at"] == "2026-01-01T12:00:00.000Z", "{person}");
    assert_eq!(app.texts(opened).await, ["app:look"]);
    assert_eq!(get(&app, &look, "/api/desk/person").await.error(400), "missing_field");

    let act = async |token: &str, act: &str| {
        let body = json!({ "key": key, "act": act, "reason": "Her phone was stolen." });
        let program = app.browser();
        let request = program.request(Method::POST, "/api/desk/person").bearer_auth(token);
        program.send(request.json(&body)).await
    };
    assert_eq!(act(&look, "end-sessions").await.error(403), "forbidden");
    assert_eq!(act(&help, "delete").await.error(403), "forbidden");
    assert_eq!(act(&help, "promote").await.error(400), "invalid_request");
    assert_eq!(ada.signed_in_as().await.as_deref(), Some("ada@example.com"));
    assert_eq!(act(&help, "end-sessions").await.status, 204);
    assert_eq!(ada.signed_in_as().await, None);
    let kept = "SELECT operator || ': ' || note FROM latchkey_audit_events \
        WHERE event = 'session.revoked'";
    assert_eq!(app.texts(kept).await, ["app:help: Her phone was stolen."]);
}
