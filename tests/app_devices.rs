//! Devices without a browser sign their users in by a code (RFC 8628).

use futures::{StreamExt, stream};
use latchkey::server::ground::clock::{DAY, HOUR, MINUTE, SECOND};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, App, Browser,
    relying_party::{
        SECRET, authorize, brought, claims, code, error, exchange, follow, user_info, with_apps,
    },
};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// Begins on a device of an app, which has a secret unless it is the TV.
async fn begin(app: &App, id: &str, form: &[(&str, &str)]) -> Answer {
    send(app, "/oauth/device_authorization", id, form).await
}

/// Polls for the tokens of a device.
async fn poll_as(app: &App, id: &str, device: &Value) -> Answer {
    let code = device["device_code"].as_str().unwrap();
    send(app, "/oauth/token", id, &[("grant_type", GRANT), ("device_code", code)]).await
}

async fn send(app: &App, path: &str, id: &str, form: &[(&str, &str)]) -> Answer {
    let program = app.browser();
    let secret = [("client_secret", SECRET)];
    let secret = if id == "tv" { &secret[..0] } else { &secret };
    let form = [&[("client_id", id)], secret, form].concat();
    program.send(program.request(Method::POST, path).form(&form)).await
}

/// Begins on the TV.
async fn tv(app: &App) -> Value {
    let begun = begin(app, "tv", &[("scope", "openid email offline_access")]).await;
    assert_eq!((begun.status.as_u16(), begun.header("cache-control")), (200, "no-store"));
    begun.json()
}

async fn poll(app: &App, device: &Value) -> Answer {
    poll_as(app, "tv", device).await
}

/// Refreshes a token of the TV.
async fn refresh(app: &App, token: &Value) -> Answer {
    let token = token.as_str().unwrap();
    let form = [("grant_type", "refresh_token"), ("refresh_token", token)];
    send(app, "/oauth/token", "tv", &form).await
}

fn user_code(device: &Value) -> &str {
    device["user_code"].as_str().unwrap()
}

/// The path of the page that the device's own link opens.
fn page(device: &Value) -> String {
    format!("/device?user_code={}", user_code(device))
}

/// Answers a device on its page.
async fn answer(browser: &Browser, device: &Value, allow: bool) -> Answer {
    let fields = [("user_code", user_code(device)), ("allow", "true")];
    let fields = if allow { &fields[..] } else { &fields[..1] };
    browser.post_form("/actions/answer-device", fields).await
}

#[tokio::test]
async fn a_device_is_signed_in_by_the_code_that_it_shows_once_its_user_allows_it() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let device = tv(&app).await;
    let at = format!("{}/device", app.url);
    assert_eq!(device["verification_uri"], at);
    assert_eq!(
        device["verification_uri_complete"],
        format!("{at}?user_code={}", user_code(&device))
    );
    assert_eq!((&device["expires_in"], &device["interval"]), (&json!(600), &json!(5)));
    assert_eq!(error(&poll(&app, &device).await, 400), "authorization_pending");
    let field = ada.get("/device").await;
    assert!(field.body.contains("Type the code that the device shows"), "{}", field.body);
    let typed = user_code(&device).to_lowercase().replace('-', "+");
    // Asked although the app is the team's own: somebody else may have begun on the device.
    let asked = ada.get(&format!("/device?user_code=+{typed}")).await;
    for said in [
        "Sign in to Team TV on your device?",
        user_code(&device),
        "Your email address",
        "Go on only if you started this",
    ] {
        assert!(asked.body.contains(said), "{said}: {}", asked.body);
    }
    app.clock.advance(6 * SECOND);
    assert_eq!(
        error(&poll(&app, &device).await, 400),
        "authorization_pending",
        "looking is not allowing"
    );
    let done = answer(&ada, &device, true).await;
    let said = ada.get(done.goes_to()).await;
    assert!(said.body.contains("You can go back to your device"), "{}", said.body);
    let given = poll(&app, &device).await;
    assert_eq!((given.status.as_u16(), given.header("cache-control")), (200, "no-store"));
    let given = given.json();
    let told = claims(given["id_token"].as_str().unwrap());
    let session = ada.get("/api/auth/session").await.json();
    for (name, value) in [
        ("aud", &json!("tv")),
        ("sub", &session["user_id"]),
        ("sid", &session["session_id"]),
        ("email", &json!("ada@example.com")),
        ("amr", &json!(["email", "url"])),
    ] {
        assert_eq!(&told[name], value, "{name}");
    }
    assert_eq!(told.get("nonce"), None);
    let access = given["access_token"].as_str().unwrap();
    assert_eq!(user_info(&app, access).await.json()["email"], "ada@example.com");
    let again = refresh(&app, &given["refresh_token"]).await.json();
    assert!(ada.get("/dashboard").await.body.contains("Team TV"));
    ada.post_form("/actions/sign-out", &[]).await;
    assert_eq!(error(&refresh(&app, &again["refresh_token"]).await, 400), "invalid_grant");
}

#[tokio::test]
async fn a_user_who_is_not_signed_in_comes_back_to_the_device_with_its_code() {
    let app = with_apps("").await;
    let device = tv(&app).await;
    let ada = app.browser();
    let login = ada.get(&page(&device)).await.goes_to().to_owned();
    assert!(login.starts_with("/login?next="), "{login}");
    let next = brought(&login).remove("next").unwrap();
    let fields = [("email", "ada@example.com"), ("next", next.as_str())];
    ada.post_form("/actions/sign-in", &fields).await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let back = ada.get(mail.link()).await.goes_to().to_owned();
    assert_eq!(back, page(&device));
    assert!(ada.get(&back).await.body.contains("Sign in to Team TV on your device?"));
    let stranger = app.browser();
    assert_eq!(answer(&stranger, &device, true).await.goes_to(), "/device");
    assert_eq!(error(&poll(&app, &device).await, 400), "authorization_pending");
}

#[tokio::test]
async fn a_device_that_polls_too_soon_waits_longer_from_then_on() {
    let app = with_apps("").await;
    let device = tv(&app).await;
    for (wait, expected) in [
        (0, "authorization_pending"),
        (5, "authorization_pending"),
        (1, "slow_down"),  // from now on it waits 10 seconds,
        (5, "slow_down"),  // and from now on 15
        (12, "slow_down"), // and from now on 20
        (20, "authorization_pending"),
        (20, "authorization_pending"),
    ] {
        app.clock.advance(wait * SECOND);
        assert_eq!(error(&poll(&app, &device).await, 400), expected, "after {wait} s");
    }
    let other = tv(&app).await;
    assert_eq!(error(&poll(&app, &other).await, 400), "authorization_pending", "each by itself");
}

#[tokio::test]
async fn a_device_is_told_that_it_was_denied_or_that_its_time_is_over() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let denied = tv(&app).await;
    let done = answer(&ada, &denied, false).await;
    let said = ada.get(done.goes_to()).await;
    assert!(said.body.contains("The device is not signed in"), "{}", said.body);
    assert_eq!(error(&poll(&app, &denied).await, 400), "access_denied");
    assert_eq!(error(&poll(&app, &denied).await, 400), "access_denied");
    let (silent, late) = (tv(&app).await, tv(&app).await);
    answer(&ada, &late, true).await;
    app.clock.advance(10 * MINUTE);
    for over in [&silent, &late] {
        assert_eq!(error(&poll(&app, over).await, 400), "expired_token");
    }
    let page = ada.get(&page(&silent)).await;
    assert!(page.status == 400 && page.body.contains("it has expired"), "{}", page.body);
    app.clock.advance(2 * HOUR);
    app.store.purge(app.clock.now(), DAY).await.unwrap();
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_device_requests").await, 0);
    assert_eq!(error(&poll(&app, &silent).await, 400), "invalid_grant");
}

#[tokio::test]
async fn a_device_code_works_once_and_its_second_use_ends_what_the_first_gave() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    for later in [0, 2 * HOUR] {
        let device = tv(&app).await;
        answer(&ada, &device, true).await;
        let given = poll(&app, &device).await.json();
        app.clock.advance(later);
        app.store.purge(app.clock.now(), DAY).await.unwrap();
        assert_eq!(error(&poll(&app, &device).await, 400), "invalid_grant", "after {later}");
        let again = refresh(&app, &given["refresh_token"]).await;
        assert_eq!(error(&again, 400), "invalid_grant", "after {later}");
    }
}

#[tokio::test]
async fn a_device_code_is_for_its_app_and_is_no_other_code() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let device = begin(&app, "shop", &[("scope", "openid email")]).await.json();
    answer(&ada, &device, true).await;
    assert_eq!(error(&poll_as(&app, "vault", &device).await, 400), "invalid_grant");
    let device_code = device["device_code"].as_str().unwrap();
    let as_code = [
        ("grant_type", "authorization_code"),
        ("code", device_code),
        ("redirect_uri", "https://shop.example.com/cb"),
    ];
    assert_eq!(error(&send(&app, "/oauth/token", "shop", &as_code).await, 400), "invalid_grant");
    assert_eq!(poll_as(&app, "shop", &device).await.status, 200);
    let shop = [("client_id", "shop"), ("redirect_uri", "https://shop.example.com/cb")];
    let to = follow(&ada, &authorize(&shop)).await;
    assert!(to.starts_with("/oauth/consent"), "allowed for the device alone: {to}");
    // And the other way round.
    let vault = [("client_id", "vault"), ("redirect_uri", "https://vault.example.com/cb")];
    let code = code(&ada, &vault).await;
    let swapped = poll_as(&app, "vault", &json!({ "device_code": code })).await;
    assert_eq!(error(&swapped, 400), "invalid_grant");
    let made_up = poll(&app, &json!({ "device_code": "made up" })).await;
    assert_eq!(error(&made_up, 400), "invalid_grant");
    let form = [("grant_type", GRANT)];
    assert_eq!(error(&send(&app, "/oauth/token", "tv", &form).await, 400), "invalid_request");
}

#[tokio::test]
async fn only_an_app_that_the_policy_lets_do_so_signs_people_in_on_devices() {
    let app = with_apps("").await;
    let scope = [("scope", "openid")];
    assert_eq!(error(&begin(&app, "wiki", &scope).await, 400), "unauthorized_client");
    let form = [("grant_type", GRANT), ("device_code", "x")];
    assert_eq!(error(&exchange(&app, &form).await, 400), "unauthorized_client");
    assert_eq!(error(&begin(&app, "nobody", &scope).await, 401), "invalid_client");
    let program = app.browser();
    let at = program.request(Method::POST, "/oauth/device_authorization");
    let wrong = [("client_id", "shop"), ("client_secret", "wrong"), scope[0]];
    assert_eq!(error(&program.send(at.form(&wrong)).await, 401), "invalid_client");
    for (scope, error_name) in [("", "invalid_scope"), ("email", "invalid_scope")] {
        assert_eq!(error(&begin(&app, "tv", &[("scope", scope)]).await, 400), error_name);
    }
    let twice = [("scope", "openid"), ("scope", "openid")];
    assert_eq!(error(&begin(&app, "tv", &twice).await, 400), "invalid_request");
}

#[tokio::test]
async fn a_device_is_for_the_users_that_the_app_is_for() {
    let app = with_apps("").await;
    let device = begin(&app, "vault", &[("scope", "openid")]).await.json();
    let eve = app.signed_in("eve@example.com").await;
    let refused = eve.get(&page(&device)).await;
    assert_eq!(refused.status, 400);
    assert!(refused.body.contains("Your account may not sign in to vault"), "{}", refused.body);
    assert_eq!(answer(&eve, &device, true).await.goes_to(), "/device");
    assert_eq!(error(&poll_as(&app, "vault", &device).await, 400), "authorization_pending");
    let ada = app.signed_in("ada@example.com").await;
    answer(&ada, &device, true).await;
    assert_eq!(poll_as(&app, "vault", &device).await.status, 200);
}

#[tokio::test]
async fn a_user_who_was_kept_out_or_has_signed_out_meanwhile_signs_no_device_in() {
    let app = with_apps("").await;
    for end in ["sign out", "keep out"] {
        let device = tv(&app).await;
        let address = format!("{}@example.com", end.replace(' ', "-"));
        let user = app.signed_in(&address).await;
        answer(&user, &device, true).await;
        match end {
            "sign out" => drop(user.post_form("/actions/sign-out", &[]).await),
            _ => drop(app.command(&["users", "disable", &address]).await),
        }
        assert_eq!(error(&poll(&app, &device).await, 400), "invalid_grant", "{end}");
    }
}

#[tokio::test]
async fn a_device_is_answered_once() {
    let app = with_apps("").await;
    let (ada, eve) =
        (app.signed_in("ada@example.com").await, app.signed_in("eve@example.com").await);
    let device = tv(&app).await;
    answer(&ada, &device, true).await;
    for allow in [true, false] {
        let late = answer(&eve, &device, allow).await;
        assert_eq!(late.goes_to(), "/device");
        assert!(eve.get("/device").await.body.contains("it has expired"));
    }
    let given = poll(&app, &device).await.json();
    assert_eq!(claims(given["id_token"].as_str().unwrap())["email"], "ada@example.com");
}

#[tokio::test]
async fn codes_of_devices_are_not_guessed() {
    let app = with_apps("").await;
    let device = tv(&app).await;
    let eve = app.signed_in("eve@example.com").await;
    let mut refused = Vec::new();
    for n in 0..12 {
        let guess = format!("BBBB-BBB{}", "BCDFGHJKLMNPQ".chars().nth(n).unwrap());
        refused.push(match n % 2 {
            0 => eve.get(&format!("/device?user_code={guess}")).await.status.as_u16(),
            _ => {
                let fields = [("user_code", guess.as_str()), ("allow", "true")];
                assert_eq!(
                    eve.post_form("/actions/answer-device", &fields).await.goes_to(),
                    "/device"
                );
                eve.get("/device").await.status.as_u16()
            }
        });
    }
    assert_eq!(refused, [&[400; 10][..], &[429; 2]].concat(), "ten an hour, as with other codes");
    let right = eve.get(&page(&device)).await;
    assert_eq!((right.status.as_u16(), right.header("retry-after")), (429, "3600"));
    // A text that is no code costs nothing, and neither signing in nor another user is held up.
    assert_eq!(eve.get("/device?user_code=what").await.status, 400);
    let (again, mail) = app.asked("eve@example.com").await;
    assert_eq!(again.type_code(mail.code()).await.goes_to(), "/dashboard");
    let ada = app.signed_in("ada@example.com").await;
    assert_eq!(ada.get(&page(&device)).await.status, 200);
    app.clock.advance(HOUR);
    let later = tv(&app).await;
    let eve = app.signed_in("eve@example.com").await;
    assert_eq!(eve.get(&page(&later)).await.status, 200);
}

#[tokio::test]
async fn looking_tries_no_code_of_a_device() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    for looks in [
        ada.request(Method::HEAD, "/device?user_code=BBBB-BBBB"),
        ada.request(Method::GET, "/device?user_code=BBBB-BBBB").header("sec-purpose", "prefetch"),
        ada.request(Method::GET, "/device?user_code=BBBB-BBBB")
            .header("sec-fetch-site", "cross-site"),
    ] {
        assert_eq!(ada.send(looks).await.status, 200);
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_failed_tries").await, 0);
    ada.get("/device?user_code=BBBB-BBBB").await;
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_failed_tries").await, 1);
}

#[tokio::test]
async fn neither_code_of_a_device_is_in_the_database_and_both_survive_a_new_secret() {
    let mut app = with_apps("").await;
    let device = tv(&app).await;
    for code in [device["device_code"].as_str().unwrap(), user_code(&device)] {
        assert!(
            !app.database_holds(code).await && !app.database_holds(&code.replace('-', "")).await
        );
    }
    let secrets = ["Qw8eR5tY2uI9oP4aS7dF1gH6jK3lZ0xC", crate::support::SECRET];
    app.restart_with_secrets(&secrets).await;
    let ada = app.signed_in("ada@example.com").await;
    answer(&ada, &device, true).await;
    assert_eq!(poll(&app, &device).await.status, 200);
}

#[tokio::test]
async fn nobody_fills_the_database_with_requests_of_devices() {
    let app = with_apps("").await;
    let mut refused = Vec::new();
    let requests = (0..1_005).map(|_| begin(&app, "tv", &[("scope", "openid")]));
    for begun in stream::iter(requests).buffer_unordered(16).collect::<Vec<_>>().await {
        if begun.status != 200 {
            assert_eq!(error(&begun, 503), "temporarily_unavailable");
            refused.push(begun.header("retry-after").to_owned());
        }
    }
    assert_eq!(refused.len(), 5, "no more a minute than tries (limits.verifies_per_minute)");
    let ada = app.browser();
    assert_eq!(ada.get("/device").await.goes_to(), "/login?next=%2Fdevice");
}
