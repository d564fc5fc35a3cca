//! Endpoints that apps call themselves: codes and tokens, and what they are told of them.

use latchkey::server::ground::clock::{DAY, MINUTE, SECOND};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeMap;

use crate::support::{
    App,
    relying_party::{
        BACK, SECRET, VERIFIER, authorize, claims, code, error, exchange, follow, policy, refresh,
        tokens, user_info, with_apps,
    },
};

#[tokio::test]
async fn a_code_works_once_and_its_second_use_ends_what_the_first_gave() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let code = code(&ada, &[("scope", "openid offline_access")]).await;
    let given = tokens(&app, &code).await.json();
    assert_eq!(error(&tokens(&app, &code).await, 400), "invalid_grant");
    let access = given["access_token"].as_str().unwrap();
    assert_eq!(error(&user_info(&app, access).await, 401), "invalid_token");
    let refreshed = refresh(&app, given["refresh_token"].as_str().unwrap()).await;
    assert_eq!(error(&refreshed, 400), "invalid_grant");
}

#[tokio::test]
async fn a_code_is_for_its_app_its_uri_its_verifier_and_a_minute() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let right =
        [("grant_type", "authorization_code"), ("redirect_uri", BACK), ("code_verifier", VERIFIER)];
    for change in [
        ("redirect_uri", "https://wiki.example.com/other?a=1"),
        ("code_verifier", "another verifier, as long as the first one was"),
        ("code_verifier", ""),
        ("code", "made up"),
    ] {
        let code = code(&ada, &[]).await;
        let mut form = BTreeMap::from(right);
        form.insert("code", &code);
        form.insert(change.0, change.1);
        let form: Vec<_> = form.into_iter().collect();
        assert_eq!(error(&exchange(&app, &form).await, 400), "invalid_grant", "{change:?}");
    }
    let late = code(&ada, &[]).await;
    app.clock.advance(61 * SECOND);
    assert_eq!(error(&tokens(&app, &late).await, 400), "invalid_grant");
    let others =
        code(&ada, &[("client_id", "vault"), ("redirect_uri", "https://vault.example.com/cb")])
            .await;
    assert_eq!(error(&tokens(&app, &others).await, 400), "invalid_grant");
    let unchallenged = code(&ada, &[("code_challenge", ""), ("code_challenge_method", "")]).await;
    let cut_out = tokens(&app, &unchallenged).await;
    assert_eq!(error(&cut_out, 400), "invalid_grant", "a verifier without a challenge");
}

#[tokio::test]
async fn a_refresh_token_rotates_and_a_lost_answer_locks_nobody_out() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let code = code(&ada, &[("scope", "openid offline_access")]).await;
    let first = tokens(&app, &code).await.json()["refresh_token"].as_str().unwrap().to_owned();
    let second = refresh(&app, &first).await.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    app.clock.advance(30 * SECOND);
    assert_eq!(refresh(&app, &first).await.json()["refresh_token"], second.as_str());
    app.clock.advance(DAY);
    let third = refresh(&app, &second).await.json()["refresh_token"].as_str().unwrap().to_owned();
    app.clock.advance(2 * MINUTE);
    assert_eq!(error(&refresh(&app, &second).await, 400), "invalid_grant", "it was stolen");
    assert_eq!(error(&refresh(&app, &third).await, 400), "invalid_grant", "so all of it ends");
    for bad in ["", "a.b.c", "x", &first[..first.len() - 2]] {
        let refused = refresh(&app, bad).await;
        assert_eq!(refused.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_refresh_token_ends_half_a_year_after_the_sign_in() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let code = code(&ada, &[("scope", "openid offline_access")]).await;
    let mut token = tokens(&app, &code).await.json()["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..8 {
        app.clock.advance(22 * DAY);
        token = refresh(&app, &token).await.json()["refresh_token"].as_str().unwrap().to_owned();
    }
    app.clock.advance(5 * DAY);
    assert_eq!(error(&refresh(&app, &token).await, 400), "invalid_grant");
    ada.ask_for_mail("ada@example.com").await;
    ada.get(app.inbox.nth_to("ada@example.com", 2).await.link()).await;
    let refused = refresh(&app, &token).await;
    assert_eq!(error(&refused, 400), "invalid_grant", "a further sign-in brings nothing back");
}

#[tokio::test]
async fn an_app_proves_who_it_is_or_gets_nothing() {
    let app = with_apps("").await;
    let program = app.browser();
    let form = [("grant_type", "client_credentials")];
    let ask = |request: reqwest::RequestBuilder| program.send(request.form(&form));
    let at = || program.request(Method::POST, "/oauth/token");
    let (longer, two) = (format!("{SECRET}=more"), format!("{SECRET}&more"));
    for (id, secret) in
        [("wiki", "wrong"), ("nobody", SECRET), ("wiki", ""), ("wiki", &longer), ("wiki", &two)]
    {
        let refused = ask(at().basic_auth(id, Some(secret))).await;
        assert_eq!(error(&refused, 401), "invalid_client", "{id} {secret}");
        assert!(refused.header("www-authenticate").starts_with("Basic"));
    }
    assert_eq!(error(&ask(at()).await, 401), "invalid_client");
    assert_eq!(error(&ask(at().header("authorization", "Basic %")).await, 401), "invalid_client");
    let named = [("client_id", "wiki"), ("client_secret", SECRET), form[0]];
    let given = program.send(at().bearer_auth("an old token").form(&named)).await;
    let token = given.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(claims(&token)["sub"], "wiki");
    assert_eq!(error(&user_info(&app, &token).await, 401), "invalid_token", "it is no user's");
    let public = [("client_id", "phone"), form[0]];
    assert_eq!(error(&program.send(at().form(&public)).await, 400), "unauthorized_client");
    let odd = [("client_id", "wiki"), ("client_secret", SECRET), ("grant_type", "password")];
    assert_eq!(error(&program.send(at().form(&odd)).await, 400), "unsupported_grant_type");
}

#[tokio::test]
async fn an_app_learns_of_its_own_tokens_alone_whether_they_count() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let code = code(&ada, &[]).await;
    let given = tokens(&app, &code).await.json();
    let token = given["access_token"].as_str().unwrap();
    let ask = async |id: &'static str| {
        let program = app.browser();
        let form = [("client_id", id), ("client_secret", SECRET), ("token", token)];
        program.send(program.request(Method::POST, "/oauth/introspect").form(&form)).await.json()
    };
    let known = ask("wiki").await;
    assert_eq!((&known["active"], &known["client_id"]), (&json!(true), &json!("wiki")));
    assert_eq!(ask("shop").await, json!({ "active": false }));
    app.clock.advance(11 * MINUTE);
    assert_eq!(ask("wiki").await, json!({ "active": false }));
}

#[tokio::test]
async fn an_app_that_leaves_the_policy_has_no_tokens_and_needs_no_restart() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), policy("")).unwrap();
    let app = App::with_file(file.path()).await;
    let ada = app.signed_in("ada@example.com").await;
    let given = tokens(&app, &code(&ada, &[]).await).await.json();
    let access = given["access_token"].as_str().unwrap();
    assert_eq!(user_info(&app, access).await.status, 200);
    std::fs::write(file.path(), policy("").replace("\"wiki\"", "\"wiki2\"")).unwrap();
    let mut tries = 0;
    while user_info(&app, access).await.status == 200 {
        tries += 1;
        assert!(tries < 100, "the policy does not change");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(error(&user_info(&app, access).await, 401), "invalid_token");
    assert_eq!(ada.get(&authorize(&[])).await.status, 400);
}

#[tokio::test]
async fn programs_are_refused_as_oauth_has_it_whatever_is_wrong() {
    let app = with_apps("").await;
    let program = app.browser();
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/userinfo"] {
        for body in ["token=%00".to_owned(), format!("token={}", "x".repeat(70_000))] {
            let form = program
                .request(Method::POST, path)
                .header("content-type", "application/x-www-form-urlencoded")
                .header("accept", "text/html");
            let refused = program.send(form.body(body)).await;
            assert_eq!(error(&refused, 400), "invalid_request", "{path}");
        }
    }
    let ada = app.signed_in("ada@example.com").await;
    let code = code(&ada, &[]).await;
    app.store.close().await;
    let down = tokens(&app, &code).await;
    assert_eq!(error(&down, 503), "temporarily_unavailable");
    assert_eq!(down.header("retry-after"), "5");
}

#[tokio::test]
async fn only_listed_origins_may_read_tokens_and_any_site_may_begin() {
    let app = with_apps("").await;
    let program = app.browser();
    for (origin, may) in [("https://phone.example.com", true), ("https://evil.example", false)] {
        for method in [Method::OPTIONS, Method::POST] {
            let request = program.request(method, "/oauth/token").header("origin", origin);
            let answer = program.send(request.header("sec-fetch-site", "cross-site")).await;
            let allowed = answer.header("access-control-allow-origin");
            assert_eq!(allowed, if may { origin } else { "" });
        }
    }
    let ada = app.signed_in("ada@example.com").await;
    let query = authorize(&[]);
    let (_, form) = query.split_once('?').unwrap();
    let posted = ada
        .request(Method::POST, "/oauth/authorize")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", "https://wiki.example.com")
        .header("sec-fetch-site", "cross-site")
        .body(form.to_owned());
    let began = ada.send(posted).await.goes_to().to_owned();
    assert!(follow(&ada, &began).await.starts_with(BACK));
}
