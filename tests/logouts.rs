//! Apps are told when a session ends (OpenID Connect Back-Channel Logout 1.0).

use jsonwebtoken::{Algorithm, decode_header};
use latchkey::server::ground::clock::{HOUR, MINUTE, SECOND};
use reqwest::Method;
use serde_json::Value;
use std::{collections::BTreeSet, time::Duration};

use crate::support::{
    App, Browser, LogoutEndpoint, Program, database,
    relying_party::{
        BACK, SECRET, VERIFIER, authorize, brought, claims, code, follow, policy, refusal, tokens,
        until_there_are_keys, verified, with_apps, with_policy,
    },
};

/// Commands use the machine's clock, by which everything in a story is long past.
const ALIVE_BY_THE_MACHINES_CLOCK: &str =
    "UPDATE latchkey_sessions SET token_expires_at = 9000000000000";

/// The policy of the apps, with an endpoint for the wiki.
fn policy_with(endpoint: &LogoutEndpoint, more: &str) -> String {
    let uri = format!("id = \"wiki\"\nbackchannel_logout_uri = \"{}\"", endpoint.uri);
    policy(more).replace("id = \"wiki\"", &uri)
}

async fn app_with(endpoint: &LogoutEndpoint, more: &str) -> App {
    with_policy(&policy_with(endpoint, more)).await
}

/// Signs a user in to the wiki, and returns the claims of the ID token.
async fn at_wiki(app: &App, browser: &Browser) -> Value {
    let given = tokens(app, &code(browser, &[]).await).await.json();
    claims(given["id_token"].as_str().unwrap())
}

/// Presses a button of a page.
async fn press(browser: &Browser, action: &str, field: &str, value: &str) {
    browser.post_form(&format!("/actions/{action}"), &[(field, value)]).await.goes_to();
}

/// Runs a command of an operator.
async fn command(app: &App, arguments: &[&str]) {
    assert_eq!(app.command(arguments).await.0, 0);
}

#[tokio::test]
async fn an_app_is_told_by_a_token_that_it_can_verify() {
    let endpoint = LogoutEndpoint::start().await;
    let app = app_with(&endpoint, "").await;
    let ada = app.signed_in("ada@example.com").await;
    let known = at_wiki(&app, &ada).await;
    ada.post_form("/actions/sign-out", &[]).await;
    let token = endpoint.nth(1).await;
    assert_eq!(decode_header(&token).unwrap().alg, Algorithm::RS256);
    let told = verified(&app, &token, "logout+jwt", "wiki").await;
    let now = app.clock.now() / SECOND;
    assert_eq!(told["iat"], now);
    assert_eq!(told["exp"], now + 120);
    assert_eq!((&told["sub"], &told["sid"]), (&known["sub"], &known["sid"]));
    let event = "http://schemas.openid.net/event/backchannel-logout";
    assert_eq!(told["events"], serde_json::json!({ event: {} }));
    assert!(told["jti"].is_string() && told["nonce"].is_null(), "{told}");
    app.until("SELECT COUNT(*) FROM latchkey_logouts", 0).await;
    assert_eq!(endpoint.received().len(), 1);
}

#[tokio::test]
async fn whatever_ends_a_session_reaches_the_app() {
    let endpoint = LogoutEndpoint::start().await;
    let app = app_with(&endpoint, "[auth]\npasswords = \"optional\"").await;
    let mut told = 0;
    for way in [
        "sign out",
        "one from another device",
        "all others",
        "everywhere",
        "a password",
        "the app's access",
        "sign out by the app",
        "somebody else in the same browser",
        "an operator",
        "a ban",
        "everybody",
        "the account",
    ] {
        let address = format!("{}@example.com", way.replace([' ', '\''], "-"));
        let ada = app.signed_in(&address).await;
        let known = at_wiki(&app, &ada).await;
        app.clock.advance(SECOND);
        let phone = app.signed_in(&address).await;
        let sid = known["sid"].as_str().unwrap();
        app.run_sql(ALIVE_BY_THE_MACHINES_CLOCK).await;
        match way {
            "sign out" => press(&ada, "sign-out", "", "").await,
            "one from another device" => press(&phone, "sign-out", "which", sid).await,
            "all others" => press(&phone, "sign-out", "which", "others").await,
            "everywhere" => press(&phone, "sign-out", "which", "all").await,
            "a password" => {
                let password = "a long password that nobody guesses";
                press(&phone, "set-password", "password", password).await;
            }
            "the app's access" => press(&phone, "end-app", "app", "wiki").await,
            "sign out by the app" => {
                let given = tokens(&app, &code(&ada, &[]).await).await.json();
                let hint = given["id_token"].as_str().unwrap();
                follow(&ada, &format!("/oidc/logout?id_token_hint={hint}")).await;
            }
            "somebody else in the same browser" => {
                ada.ask_for_mail("eve@example.com").await;
                ada.get(app.inbox.first_to("eve@example.com").await.link()).await;
            }
            "an operator" => command(&app, &["sessions", "revoke", &address]).await,
            "a ban" => command(&app, &["users", "disable", &address]).await,
            "everybody" => command(&app, &["sessions", "revoke", "--all"]).await,
            _ => press(&phone, "delete-account", "", "").await,
        }
        told += 1;
        let token = claims(&endpoint.nth(told).await);
        assert_eq!((&token["sub"], &token["sid"]), (&known["sub"], &known["sid"]), "{way}");
        app.until("SELECT COUNT(*) FROM latchkey_logouts", 0).await;
        assert_eq!(endpoint.received().len(), told, "{way}: once");
    }
}

#[tokio::test]
async fn a_ban_reaches_the_app_even_if_no_session_is_ended_with_it() {
    let endpoint = LogoutEndpoint::start().await;
    let app = app_with(&endpoint, "").await;
    let known = at_wiki(&app, &app.signed_in("ada@example.com").await).await;
    app.run_sql("INSERT INTO latchkey_bans VALUES ('', 'ada@example.com', 1767268800000)").await;
    assert_eq!(claims(&endpoint.nth(1).await)["sid"], known["sid"]);
}

#[tokio::test]
async fn a_further_sign_in_ends_nothing_and_the_app_is_told_by_the_session_it_knows() {
    let endpoint = LogoutEndpoint::start().await;
    let app = app_with(&endpoint, "").await;
    let ada = app.signed_in("ada@example.com").await;
    let known = at_wiki(&app, &ada).await;
    app.clock.advance(MINUTE);
    ada.ask_for_mail("ada@example.com").await;
    ada.get(app.inbox.nth_to("ada@example.com", 2).await.link()).await;
    let again = at_wiki(&app, &ada).await;
    assert_ne!(known["sid"], again["sid"]);
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_logouts").await, 0);
    ada.post_form("/actions/sign-out", &[]).await;
    let mut told = [claims(&endpoint.nth(1).await), claims(&endpoint.nth(2).await)];
    told.sort_by_key(|token| token["sid"] != known["sid"]);
    assert_eq!((&told[0]["sid"], &told[1]["sid"]), (&known["sid"], &again["sid"]));
}

#[tokio::test]
async fn a_hint_of_before_a_further_sign_in_still_signs_out() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let given = tokens(&app, &code(&ada, &[]).await).await.json();
    ada.ask_for_mail("ada@example.com").await;
    ada.get(app.inbox.nth_to("ada@example.com", 2).await.link()).await;
    let hint = given["id_token"].as_str().unwrap();
    follow(&ada, &format!("/oidc/logout?id_token_hint={hint}")).await;
    assert_eq!(ada.signed_in_as().await, None);
}

#[tokio::test]
async fn an_app_that_gave_its_tokens_back_is_told_all_the_same() {
    let endpoint = LogoutEndpoint::start().await;
    let app = app_with(&endpoint, "").await;
    let ada = app.signed_in("ada@example.com").await;
    let given = tokens(&app, &code(&ada, &[]).await).await.json();
    let token = given["access_token"].as_str().unwrap();
    let form = [("client_id", "wiki"), ("client_secret", SECRET), ("token", token)];
    let program = app.browser();
    let revoked = program.send(program.request(Method::POST, "/oauth/revoke").form(&form)).await;
    assert_eq!(revoked.status, 200);
    ada.post_form("/actions/sign-out", &[]).await;
    let told = claims(&endpoint.nth(1).await);
    assert_eq!(told["sid"], claims(given["id_token"].as_str().unwrap())["sid"]);
}

#[tokio::test]
async fn many_logouts_are_told_once_each_and_those_for_nobody_are_forgotten_at_once() {
    let endpoint = LogoutEndpoint::start().await;
    let app = app_with(&endpoint, "").await;
    app.run_sql(
        "INSERT INTO latchkey_logouts (id, app_id, user_id, sid, attempts, due_at, created_at) \
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1050) \
         SELECT CAST(i AS TEXT), CASE WHEN i <= 50 THEN 'wiki' ELSE 'gone' END, 'u', \
         CAST(i AS TEXT), 0, 1767268800000, 1767268800000 FROM n",
    )
    .await;
    app.until("SELECT COUNT(*) FROM latchkey_logouts", 0).await;
    let told = endpoint.received();
    let sids: BTreeSet<String> = told.iter().map(|told| claims(told)["sid"].to_string()).collect();
    assert_eq!((told.len(), sids.len()), (50, 50));
}

#[tokio::test]
async fn an_app_without_tokens_or_without_an_endpoint_is_told_nothing() {
    let endpoint = LogoutEndpoint::start().await;
    let app = app_with(&endpoint, "").await;
    let ada = app.signed_in("ada@example.com").await;
    code(&ada, &[]).await; // never exchanged
    let vault = [("client_id", "vault"), ("redirect_uri", "https://vault.example.com/cb")];
    let of_vault = code(&ada, &vault).await;
    let form = [
        ("client_id", "vault"),
        ("client_secret", SECRET),
        ("grant_type", "authorization_code"),
        ("code", &of_vault),
        ("redirect_uri", vault[1].1),
        ("code_verifier", VERIFIER),
    ];
    let program = app.browser();
    let given = program.send(program.request(Method::POST, "/oauth/token").form(&form)).await;
    assert_eq!(given.status, 200, "{given:?}");
    ada.post_form("/actions/sign-out", &[]).await;
    app.until("SELECT COUNT(*) FROM latchkey_logouts", 0).await;
    assert_eq!(endpoint.received(), [""; 0]);
}

#[tokio::test]
async fn an_app_that_fails_is_told_again_ever_later_and_given_up_after_a_day() {
    let endpoint = LogoutEndpoint::start().await;
    let app = app_with(&endpoint, "").await;
    let ada = app.signed_in("ada@example.com").await;
    at_wiki(&app, &ada).await;
    // A redirect would take the token elsewhere.
    let elsewhere = LogoutEndpoint::start().await;
    endpoint.answers(307, &elsewhere.uri);
    ada.post_form("/actions/sign-out", &[]).await;
    let first = endpoint.nth(1).await;
    for (attempt, wait) in [(1, 2), (2, 4), (3, 8)] {
        app.until("SELECT MAX(attempts) FROM latchkey_logouts", attempt).await;
        let due = app.clock.now() + wait * SECOND;
        for _ in 0..500 {
            if app.count("SELECT MAX(due_at) FROM latchkey_logouts").await == due {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(app.count("SELECT MAX(due_at) FROM latchkey_logouts").await, due);
        endpoint.answers(503, "");
        app.clock.advance(wait * SECOND);
        let again = endpoint.nth(attempt as usize + 1).await;
        assert_ne!(claims(&again)["jti"], claims(&first)["jti"], "it is no replay");
    }
    assert_eq!(elsewhere.received(), [""; 0]);
    app.clock.advance(25 * HOUR);
    app.until("SELECT COUNT(*) FROM latchkey_logouts", 0).await;
}

#[tokio::test]
async fn what_was_not_told_before_kill_9_is_told_afterwards() {
    let endpoint = LogoutEndpoint::start().await;
    endpoint.answers(503, "");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Leptos.toml");
    std::fs::write(&file, policy_with(&endpoint, "")).unwrap();
    let url = database::fresh(folder.path()).await;
    let variables = [("LATCHKEY_CONFIG", file.to_str().unwrap())];
    let mut program = Program::with(url, &variables).await;
    let ada = program.browser();
    until_there_are_keys(&ada).await;
    ada.ask_for_mail("ada@example.com").await;
    ada.get(program.inbox.first_to("ada@example.com").await.link()).await;
    let to = follow(&ada, &authorize(&[])).await;
    let code = brought(&to).remove("code").unwrap();
    let form = [
        ("client_id", "wiki"),
        ("client_secret", SECRET),
        ("grant_type", "authorization_code"),
        ("code", &code[..]),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let client = program.browser();
    let given = client.send(client.request(Method::POST, "/oauth/token").form(&form)).await;
    assert_eq!(given.status, 200, "{given:?}");
    ada.post_form("/actions/sign-out", &[]).await;
    endpoint.nth(1).await;
    program.kill();
    endpoint.answers(200, "");
    let before = endpoint.received().len();
    program.start_again().await;
    endpoint.nth(before + 1).await;
}

#[test]
fn a_mistake_in_the_endpoint_is_named() {
    let with = |uri: &str, more: &str| {
        refusal(&format!(
            "[[apps]]\nid = \"wiki\"\nredirect_uris = [\"https://a.example/cb\"]\n\
             backchannel_logout_uri = \"{uri}\"\n{more}"
        ))
    };
    let public = "auth_method = \"none\"";
    assert!(with("wiki.example.com/logout", public).contains("no URL that begins with https://"));
    assert!(with("https://wiki.example.com/logout#a", public).contains("has a fragment"));
    assert!(with("http://wiki:8080/logout", public).contains("has to be https"));
    assert_eq!(with("https://wiki.example.com/logout", public), "");
}
