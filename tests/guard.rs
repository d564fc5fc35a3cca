//! The guard and the session it requires.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey::server::ground::clock::{HOUR, MINUTE, SECOND};
use serde_json::{Value, json};

use crate::support::App;

fn claims(jwt: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap())
        .unwrap()
}

#[tokio::test]
async fn nobody_sees_anything_below_the_dashboard_without_a_session() {
    let app = App::start().await;
    for path in ["/dashboard", "/dashboard/", "/dashboard/reports?x=1"] {
        let answer = app.browser().get(path).await;
        assert!(answer.goes_to().starts_with("/login?next=%2Fdashboard"), "{path}");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn a_forged_or_altered_token_is_no_session() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let jwt = ada.cookie("session").unwrap();
    let parts: Vec<&str> = jwt.split('.').collect();
    let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let none = format!("{}.{}.", encoded(json!({ "alg": "none", "typ": "session+jwt" })), parts[1]);
    let other_alg = format!(
        "{}.{}.{}",
        encoded(json!({ "alg": "RS256", "typ": "session+jwt" })),
        parts[1],
        parts[2]
    );
    let mut longer = claims(&jwt);
    longer["exp"] = json!(9_999_999_999_u64);
    let edited = format!("{}.{}.{}", parts[0], encoded(longer), parts[2]);
    for bad in ["x", "a.b.c", &none, &other_alg, &edited, &jwt[..jwt.len() - 2]] {
        let thief = app.browser();
        thief.set_cookie("session", bad);
        assert_eq!(thief.signed_in_as().await, None, "{bad}");
        assert!(thief.get("/dashboard").await.goes_to().starts_with("/login"));
    }
}

#[tokio::test]
async fn a_bearer_header_without_a_valid_token_is_unauthenticated() {
    let app = App::start().await;
    let browser = app.browser();
    for bad in ["Bearer %", "Bearer ", "Basic abc", "Bearer a.b.c"] {
        let request =
            browser.request(reqwest::Method::GET, "/api/auth/session").header("authorization", bad);
        assert_eq!(browser.send(request).await.error(401), "unauthenticated", "{bad}");
    }
}

#[tokio::test]
async fn the_token_states_issuer_audience_and_lifetime_but_no_address() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let claims = claims(&ada.cookie("session").unwrap());
    assert_eq!(claims["iss"], app.url);
    assert_eq!(claims["aud"], app.url);
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 1_800);
    assert!(!claims.to_string().contains("ada"));
}

#[tokio::test]
async fn a_session_ends_after_thirty_minutes_without_use() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    app.clock.advance(30 * MINUTE - SECOND);
    assert!(ada.copy().signed_in_as().await.is_some());
    app.clock.advance(SECOND);
    assert_eq!(ada.signed_in_as().await, None);
}

#[tokio::test]
async fn a_session_in_use_is_renewed_up_to_seven_days() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let mut looks = 0;
    while ada.get("/dashboard").await.status == 200 {
        app.clock.advance(20 * MINUTE);
        looks += 1;
        assert!(looks < 1_000, "a session must end");
    }
    assert_eq!(looks, 7 * 24 * 3);
}

#[tokio::test]
async fn two_tabs_that_renew_at_once_both_stay_signed_in() {
    let app = App::start().await;
    let one = app.signed_in("ada@example.com").await;
    let other = one.copy();
    app.clock.advance(16 * MINUTE);
    let (a, b) = tokio::join!(one.get("/dashboard"), other.get("/dashboard"));
    assert_eq!((a.cookies_set().len(), b.cookies_set().len()), (1, 1));
    app.clock.advance(20 * MINUTE);
    assert!(one.signed_in_as().await.is_some() && other.signed_in_as().await.is_some());
}

#[tokio::test]
async fn rotating_the_secret_keeps_sessions_and_removing_it_ends_them() {
    let mut app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    let (old, new) = ("Zk3vQ9x7Lw2mN8rT5yB1cD4fGh6jK0pS", "Qw8eR5tY2uI9oP4aS7dF1gH6jK3lZ0xC");
    app.restart_with_secrets(&[new, old]).await;
    assert!(ada.copy().signed_in_as().await.is_some());
    app.restart_with_secrets(&[new]).await;
    assert_eq!(ada.signed_in_as().await, None);
}

#[tokio::test]
async fn private_pages_are_kept_out_of_every_cache() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    assert_eq!(ada.get("/dashboard").await.header("cache-control"), "no-store, no-transform");
    assert_eq!(ada.get("/api/auth/session").await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_disabled_user_is_signed_out_at_the_next_request() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    app.run_sql("INSERT INTO latchkey_bans VALUES ('', 'ada@example.com', 1)").await;
    assert_eq!(ada.signed_in_as().await, None);
    app.clock.advance(HOUR);
}

#[tokio::test]
async fn a_deleted_user_is_signed_out_at_the_next_request() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    app.run_sql("DELETE FROM latchkey_users").await;
    assert_eq!(ada.signed_in_as().await, None);
    assert!(ada.get("/dashboard").await.goes_to().starts_with("/login"));
}

#[tokio::test]
async fn nothing_below_the_dashboard_runs_without_a_database() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    app.store.close().await;
    for path in ["/dashboard", "/dashboard/reports"] {
        let answer = ada.get(path).await;
        assert_eq!(answer.status, 503, "{path}");
        assert!(
            answer.body.contains("We cannot do this right now")
                && !answer.body.contains("ada@example.com")
        );
    }
}

#[tokio::test]
async fn a_program_without_a_session_gets_an_error_instead_of_a_redirect() {
    let app = App::start().await;
    let program = app.browser();
    for path in ["/dashboard", "/dashboard/reports"] {
        let asked = |name, kind| program.request(reqwest::Method::GET, path).header(name, kind);
        for request in
            [asked("accept", "application/json"), asked("content-type", "application/json")]
        {
            assert_eq!(program.send(request).await.error(401), "unauthenticated", "{path}");
        }
        let page = program.send(asked("accept", "text/html,application/json")).await;
        assert!(page.goes_to().starts_with("/login?next="));
    }
}
