//! Other apps sign their users in here: OpenID Connect.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey::server::{
    config::apps::SecretHash,
    ground::clock::{DAY, HOUR, MINUTE, SECOND},
};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

use crate::support::{
    App, Browser, START,
    relying_party::{
        BACK, SECRET, VERIFIER, authorize, brought, claims, code, error, exchange, follow, policy,
        refresh, refusal, tokens, user_info, with_apps,
    },
};

#[tokio::test]
async fn a_user_signs_in_to_an_app_by_link_or_code_and_the_app_knows_how() {
    let app = with_apps("").await;
    for way in ["link", "code"] {
        let ada = app.browser();
        let login = follow(&ada, &authorize(&[("login_hint", "ada@example.com")])).await;
        let page = ada.get(&login).await.body;
        assert!(page.contains("Sign in to Team wiki"), "{page}");
        assert!(page.contains("value=\"ada@example.com\""), "the address is filled in: {page}");
        let next = brought(&login).remove("next").unwrap();
        let sent = app.inbox.count_to("ada@example.com");
        let fields = [("email", "ada@example.com"), ("next", next.as_str())];
        ada.post_form("/actions/sign-in", &fields).await;
        let mail = app.inbox.nth_to("ada@example.com", sent + 1).await;
        let signed_in = match way {
            "link" => ada.get(mail.link()).await,
            _ => ada.type_code(mail.code()).await,
        };
        let back = follow(&ada, signed_in.goes_to()).await;
        let answer = brought(&back);
        assert!(back.starts_with(BACK), "{back}");
        assert_eq!(
            (answer["state"].as_str(), answer["iss"].as_str()),
            ("a state", app.url.as_str())
        );
        let given = tokens(&app, &answer["code"]).await;
        assert_eq!((given.status.as_u16(), given.header("cache-control")), (200, "no-store"));
        let given = given.json();
        let told = claims(given["id_token"].as_str().unwrap());
        let session = ada.get("/api/auth/session").await.json();
        let expected = json!({
            "iss": app.url, "aud": "wiki", "sub": session["user_id"], "sid": session["session_id"],
            "nonce": "a nonce", "email": "ada@example.com", "email_verified": true,
        });
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&told[name], value, "{name}");
        }
        let amr =
            if way == "link" { json!(["email", "url"]) } else { json!(["email", "code", "otp"]) };
        assert_eq!(told["amr"], amr);
        let known = user_info(&app, given["access_token"].as_str().unwrap()).await.json();
        assert_eq!(
            (&known["sub"], &known["email"]),
            (&session["user_id"], &json!("ada@example.com"))
        );
        assert_eq!(given.get("refresh_token"), None, "it did not ask for offline_access");
    }
}

#[tokio::test]
async fn a_signed_in_user_passes_without_a_page() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let began = ada.get(&authorize(&[])).await;
    let back = ada.get(began.goes_to()).await;
    assert!(back.goes_to().starts_with(BACK), "{}", back.goes_to());
}

#[tokio::test]
async fn a_link_opened_elsewhere_gives_that_browsers_app_nothing() {
    let app = with_apps("[auth]\nsame_browser = \"confirm\"").await;
    let stranger = app.browser();
    let login = follow(&stranger, &authorize(&[])).await;
    let next = brought(&login).remove("next").unwrap();
    let fields = [("email", "ada@example.com"), ("next", next.as_str())];
    stranger.post_form("/actions/sign-in", &fields).await;
    let mail = app.inbox.first_to("ada@example.com").await;
    let ada = app.browser();
    let signed_in =
        ada.post_form("/actions/confirm-link", &[("link_token", mail.link_token())]).await;
    assert!(ada.signed_in_as().await.is_some());
    let page = ada.get(signed_in.goes_to()).await;
    assert_eq!(page.status, 400);
    assert!(page.body.contains("This browser did not begin that sign-in"), "{}", page.body);
    assert_eq!(stranger.signed_in_as().await, None);
}

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
async fn faults_of_app_or_redirect_uri_stay_here_and_all_others_go_back() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    for change in [
        ("client_id", ""),
        ("client_id", "nobody"),
        ("redirect_uri", ""),
        ("redirect_uri", "https://wiki.example.com/callback/"),
        ("redirect_uri", "https://evil.example/callback"),
        ("redirect_uri", "https://wiki.example.com/callback&redirect_uri=https://evil.example"),
    ] {
        let page = ada.get(&authorize(&[change])).await;
        assert_eq!(page.status, 400, "{change:?}");
        assert_eq!(page.header("location"), "", "{change:?}");
    }
    let twice = format!("{}&client_id=shop", authorize(&[]));
    assert_eq!(ada.get(&twice).await.status, 400);
    for (change, code) in [
        (("response_type", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "email"), "invalid_scope"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("request", "a.b.c"), "request_not_supported"),
        (("request_uri", "https://wiki.example.com/r"), "request_uri_not_supported"),
        (("response_mode", "fragment"), "invalid_request"),
        (("prompt", "none login"), "invalid_request"),
        (("max_age", "soon"), "invalid_request"),
    ] {
        let back = ada.get(&authorize(&[change])).await.goes_to().to_owned();
        let answer = brought(&back);
        assert!(back.starts_with(BACK), "{change:?}: {back}");
        assert_eq!(answer["error"], code, "{change:?}");
        assert_eq!(
            (answer["state"].as_str(), answer["iss"].as_str()),
            ("a state", app.url.as_str())
        );
    }
    let public = [("client_id", "phone"), ("redirect_uri", "http://127.0.0.1:5012/cb")];
    let no_pkce = [&public[..], &[("code_challenge", ""), ("code_challenge_method", "")]].concat();
    assert_eq!(brought(ada.get(&authorize(&no_pkce)).await.goes_to())["error"], "invalid_request");
    let page = follow(&ada, &authorize(&public)).await;
    assert!(page.starts_with("/oauth/consent?request="), "any program may claim to be it: {page}");
    let id = brought(&page).remove("request").unwrap();
    let allowed = [("request", id.as_str()), ("allow", "true")];
    let allowed = ada.post_form("/actions/answer-app", &allowed).await;
    let back = follow(&ada, allowed.goes_to()).await;
    assert!(back.starts_with("http://127.0.0.1:5012/cb?code="), "{back}");
}

#[tokio::test]
async fn a_parameter_that_is_there_twice_is_refused_whether_it_is_read_or_not() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    for twice in ["id_token_hint=a.b.c", "ui_locales=de", "unknown=1", "nonce=n", "scope="] {
        let back = ada.get(&format!("{}&{twice}&{twice}", authorize(&[]))).await;
        let answer = brought(back.goes_to());
        assert_eq!(answer["error"], "invalid_request", "{twice}");
        assert_eq!(answer["state"], "a state", "{twice}");
        assert!(back.goes_to().starts_with(BACK), "{twice}");
    }
    let which = ada.get(&format!("{}&state=another", authorize(&[]))).await;
    let answer = brought(which.goes_to());
    assert_eq!((answer["error"].as_str(), answer.get("state")), ("invalid_request", None));
    for twice in ["client_id=wiki", "redirect_uri=https://wiki.example.com/callback"] {
        let here = ada.get(&format!("{}&{twice}", authorize(&[]))).await;
        assert_eq!((here.status.as_u16(), here.header("location")), (400, ""), "{twice}");
    }
    let left = ada.get("/oidc/logout?client_id=wiki&ui_locales=de&ui_locales=ar").await;
    assert_eq!((left.status.as_u16(), left.header("location")), (400, ""));
    let waits = ada.get(&authorize(&[])).await.goes_to().to_owned();
    assert_eq!(ada.get(&format!("{waits}&request=another")).await.status, 400);
    let form = [("grant_type", "client_credentials"), ("unknown", "1"), ("unknown", "1")];
    assert_eq!(error(&exchange(&app, &form).await, 400), "invalid_request");
    // RFC 8707, 2: an app may name several resources. There are none here, so they are ignored.
    let form = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let form = [&form[..], &[("resource", "a:a"), ("resource", "b:b")]].concat();
    assert_eq!(error(&exchange(&app, &form).await, 400), "invalid_grant");
}

#[tokio::test]
async fn prompt_none_shows_no_page_and_prompt_login_and_max_age_ask_again() {
    let app = with_apps("").await;
    let stranger = app.browser();
    let silent = brought(&follow(&stranger, &authorize(&[("prompt", "none")])).await);
    assert_eq!(silent["error"], "login_required");
    let ada = app.signed_in("ada@example.com").await;
    assert!(follow(&ada, &authorize(&[("prompt", "none")])).await.starts_with(BACK));
    app.clock.advance(5 * MINUTE);
    assert!(follow(&ada, &authorize(&[("prompt", "login")])).await.starts_with("/login?next="));
    assert!(follow(&ada, &authorize(&[("max_age", "60")])).await.starts_with("/login?next="));
    assert!(follow(&ada, &authorize(&[("max_age", "600")])).await.starts_with(BACK));
    let tight = [("max_age", "60"), ("prompt", "none")];
    assert_eq!(brought(&follow(&ada, &authorize(&tight)).await)["error"], "login_required");
    let shop = [
        ("client_id", "shop"),
        ("redirect_uri", "https://shop.example.com/cb"),
        ("prompt", "none"),
    ];
    assert_eq!(brought(&follow(&ada, &authorize(&shop)).await)["error"], "consent_required");
}

#[tokio::test]
async fn an_app_of_others_asks_once_and_again_for_more() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let shop = |scope: &'static str| {
        authorize(&[
            ("client_id", "shop"),
            ("redirect_uri", "https://shop.example.com/cb"),
            ("scope", scope),
        ])
    };
    let page = follow(&ada, &shop("openid email")).await;
    assert!(page.starts_with("/oauth/consent?request="), "{page}");
    let asked = ada.get(&page).await.body;
    assert!(
        asked.contains("Sign in to A shop?") && asked.contains("Your email address"),
        "{asked}"
    );
    let id = brought(&page).remove("request").unwrap();
    let denied = ada.post_form("/actions/answer-app", &[("request", &id)]).await;
    assert_eq!(brought(&follow(&ada, denied.goes_to()).await)["error"], "access_denied");
    let page = follow(&ada, &shop("openid email")).await;
    let id = brought(&page).remove("request").unwrap();
    let allowed =
        ada.post_form("/actions/answer-app", &[("request", &id), ("allow", "true")]).await;
    assert!(follow(&ada, allowed.goes_to()).await.starts_with("https://shop.example.com/cb?code="));
    assert!(follow(&ada, &shop("openid email")).await.contains("code="), "it is remembered");
    assert!(follow(&ada, &shop("openid email profile")).await.starts_with("/oauth/consent"));
    let stranger = app.signed_in("eve@example.com").await;
    let theirs = [("request", id.as_str()), ("allow", "true")];
    let refused = stranger.post_form("/actions/answer-app", &theirs).await;
    assert_eq!(stranger.get(refused.goes_to()).await.status, 400, "another browser's request");
}

#[tokio::test]
async fn an_app_for_some_refuses_the_others() {
    let app = with_apps("").await;
    let vault =
        authorize(&[("client_id", "vault"), ("redirect_uri", "https://vault.example.com/cb")]);
    for (address, may) in
        [("ada@example.com", true), ("bob@example.org", true), ("eve@example.com", false)]
    {
        let browser = app.signed_in(address).await;
        let answer = brought(&follow(&browser, &vault).await);
        assert_eq!(answer.contains_key("code"), may, "{address}");
        if !may {
            assert_eq!(answer["error"], "access_denied");
        }
    }
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
async fn signing_out_here_or_being_kept_out_ends_what_apps_hold() {
    let app = with_apps("").await;
    for end in ["sign out", "keep out", "revoke"] {
        let ada = app.signed_in(&format!("{}@example.com", end.replace(' ', "-"))).await;
        let code = code(&ada, &[("scope", "openid offline_access")]).await;
        let given = tokens(&app, &code).await.json();
        let (access, again) =
            (given["access_token"].as_str().unwrap(), given["refresh_token"].as_str().unwrap());
        match end {
            "sign out" => {
                ada.post_form("/actions/sign-out", &[]).await;
            }
            "keep out" => {
                app.command(&["users", "disable", "keep-out@example.com"]).await;
            }
            _ => {
                let program = app.browser();
                let form = [("token", again)];
                let request = program.request(Method::POST, "/oauth/revoke").form(&[
                    ("client_id", "wiki"),
                    ("client_secret", SECRET),
                    form[0],
                ]);
                assert_eq!(program.send(request).await.status, 200);
            }
        }
        assert_eq!(error(&user_info(&app, access).await, 401), "invalid_token", "{end}");
        assert_eq!(error(&refresh(&app, again).await, 400), "invalid_grant", "{end}");
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
}

#[tokio::test]
async fn a_user_sees_which_apps_have_access_and_ends_it() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    assert!(!ada.get("/dashboard").await.body.contains("Apps with access"));
    let code = code(&ada, &[("scope", "openid offline_access")]).await;
    let given = tokens(&app, &code).await.json();
    let page = ada.get("/dashboard").await.body;
    assert!(page.contains("Apps with access") && page.contains("Team wiki"), "{page}");
    let eve = app.signed_in("eve@example.com").await;
    eve.post_form("/actions/end-app", &[("app", "wiki")]).await;
    let refreshed = refresh(&app, given["refresh_token"].as_str().unwrap()).await.json();
    assert!(refreshed["access_token"].is_string(), "nobody else's");
    ada.post_form("/actions/end-app", &[("app", "wiki")]).await;
    assert!(!ada.get("/dashboard").await.body.contains("Team wiki"));
    let again = refresh(&app, refreshed["refresh_token"].as_str().unwrap()).await;
    assert_eq!(error(&again, 400), "invalid_grant");
}

#[tokio::test]
async fn what_was_ended_stays_ended_when_its_session_is_forgotten() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let kept = code(&ada, &[("scope", "openid offline_access")]).await;
    let mut kept = tokens(&app, &kept).await.json()["refresh_token"].as_str().unwrap().to_owned();
    let stolen = code(&ada, &[("scope", "openid offline_access")]).await;
    let stolen = tokens(&app, &stolen).await.json()["refresh_token"].as_str().unwrap().to_owned();
    for _ in 0..4 {
        app.clock.advance(5 * DAY);
        app.store.purge(START + 20 * DAY, DAY).await.unwrap();
        kept = refresh(&app, &kept).await.json()["refresh_token"].as_str().unwrap().to_owned();
    }
    // The session ended by itself two weeks ago. It can be ended all the same, and stays so.
    let later = app.signed_in("ada@example.com").await;
    later.post_form("/actions/sign-out", &[("which", "others")]).await;
    for day in 0..10 {
        for token in [&kept, &stolen] {
            assert_eq!(error(&refresh(&app, token).await, 400), "invalid_grant", "day {day}");
        }
        app.clock.advance(DAY);
        app.store.purge(app.clock.now(), DAY).await.unwrap();
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_grants").await, 0);
}

#[tokio::test]
async fn signing_in_again_for_one_app_ends_nothing_of_another() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let code_of_wiki = code(&ada, &[("scope", "openid offline_access")]).await;
    let given = tokens(&app, &code_of_wiki).await.json();
    let vault = [
        ("client_id", "vault"),
        ("redirect_uri", "https://vault.example.com/cb"),
        ("prompt", "login"),
    ];
    app.clock.advance(MINUTE);
    let login = follow(&ada, &authorize(&vault)).await;
    let next = brought(&login).remove("next").unwrap();
    let sent = app.inbox.count_to("ada@example.com");
    let fields = [("email", "ada@example.com"), ("next", next.as_str())];
    ada.post_form("/actions/sign-in", &fields).await;
    let mail = app.inbox.nth_to("ada@example.com", sent + 1).await;
    let back = follow(&ada, ada.type_code(mail.code()).await.goes_to()).await;
    assert!(back.starts_with("https://vault.example.com/cb?code="), "{back}");
    assert_eq!(
        app.count("SELECT COUNT(*) FROM latchkey_sessions WHERE revoked_at IS NULL").await,
        1
    );
    let again = refresh(&app, given["refresh_token"].as_str().unwrap()).await.json();
    assert!(again["access_token"].is_string(), "{again}");
    ada.post_form("/actions/sign-out", &[]).await;
    let over = refresh(&app, again["refresh_token"].as_str().unwrap()).await;
    assert_eq!(error(&over, 400), "invalid_grant", "it belongs to the new session now");
}

#[tokio::test]
async fn an_app_that_asks_for_one_user_is_not_given_another() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let given = tokens(&app, &code(&ada, &[]).await).await.json();
    let hint = given["id_token"].as_str().unwrap();
    let silent = [("id_token_hint", hint), ("prompt", "none")];
    assert!(follow(&ada, &authorize(&silent)).await.starts_with(BACK));
    let bob = app.signed_in("bob@example.com").await;
    app.clock.advance(SECOND);
    let refused = brought(&follow(&bob, &authorize(&silent)).await);
    assert_eq!(refused["error"], "login_required");
    assert!(follow(&bob, &authorize(&[("id_token_hint", hint)])).await.starts_with("/login?next="));
    let odd = brought(&follow(&bob, &authorize(&[("id_token_hint", "a.b.c")])).await);
    assert_eq!(odd["error"], "invalid_request");
}

#[tokio::test]
async fn looking_gives_no_code_and_an_answer_is_given_once() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let began = ada.get(&authorize(&[])).await.goes_to().to_owned();
    for looks in [
        ada.request(Method::HEAD, &began),
        ada.request(Method::GET, &began).header("sec-purpose", "prefetch;prerender"),
        ada.request(Method::HEAD, &authorize(&[])),
    ] {
        assert_eq!(ada.send(looks).await.status, 204);
    }
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_grants").await, 0);
    assert!(ada.get(&began).await.goes_to().starts_with(BACK));
    let again = ada.get(&began).await;
    assert!(again.status == 400 && again.body.contains("start again there"), "{}", again.body);
}

#[tokio::test]
async fn nobody_fills_the_database_with_requests_of_apps() {
    let app = with_apps("").await;
    let stranger = app.browser();
    let mut refused = 0;
    for _ in 0..1_010 {
        refused += usize::from(stranger.get(&authorize(&[])).await.status == 429);
    }
    assert_eq!(refused, 10, "no more a minute than tries (limits.verifies_per_minute)");
    let long = "x".repeat(2_100);
    let back = app.browser().get(&authorize(&[("nonce", &long)])).await;
    assert_ne!(back.status, 200);
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
    let given = program.send(at().form(&named)).await;
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
async fn the_keys_are_published_before_they_sign_and_after_they_did() {
    let mut app = with_apps("").await;
    let keys = async |app: &App| {
        let keys = app.browser().get("/.well-known/jwks.json").await;
        assert_eq!(keys.header("cache-control"), "public, max-age=1800");
        let keys = keys.json()["keys"].as_array().unwrap().clone();
        keys.iter().map(|key| (key["alg"].to_string(), key["kid"].to_string())).collect::<Vec<_>>()
    };
    let first = keys(&app).await;
    let algorithms: Vec<&str> = first.iter().map(|(algorithm, _)| algorithm.as_str()).collect();
    assert!(algorithms.contains(&"\"RS256\"") && algorithms.contains(&"\"ES256\""), "{first:?}");
    assert_eq!(keys(&app).await, first);
    app.stop().await;
    app.restart().await;
    assert_eq!(keys(&app).await, first, "they are kept, and shared");
    let kid = async |app: &App| {
        let ada = app.signed_in("ada@example.com").await;
        let token = tokens(app, &code(&ada, &[]).await).await.json()["id_token"].to_string();
        let header = URL_SAFE_NO_PAD.decode(token.trim_matches('"').split('.').next().unwrap());
        let header: Value = serde_json::from_slice(&header.unwrap()).unwrap();
        header["kid"].to_string()
    };
    let old = kid(&app).await;
    assert!(first.iter().any(|(_, kid)| *kid == old));
    app.clock.advance(89 * DAY + HOUR);
    let more = keys(&app).await;
    assert!(
        first.iter().all(|key| more.contains(key)) && more.len() == 2 * first.len(),
        "{more:?}"
    );
    assert_eq!(kid(&app).await, old, "the next one is published a day before it signs");
    app.clock.advance(DAY);
    let new = kid(&app).await;
    assert!(new != old && more.iter().any(|(_, kid)| *kid == new));
    assert!(keys(&app).await.iter().any(|(_, kid)| *kid == old), "what it signed still verifies");
    app.clock.advance(31 * DAY);
    assert!(!keys(&app).await.iter().any(|(_, kid)| *kid == old));
}

#[tokio::test]
async fn an_operator_adds_the_next_key_by_hand() {
    let app = with_apps("").await;
    let (code, said) = app.command(&["keys", "rotate"]).await;
    assert_eq!((code, said.matches("RS256  signs in 3").count()), (0, 1), "{said}");
    let (code, said) = app.command(&["keys", "rotate", "--now"]).await;
    assert_eq!((code, said.matches("RS256  signs\n").count()), (0, 1), "{said}");
    let (_, listed) = app.command(&["keys", "list"]).await;
    assert!(listed.contains("RS256  signs\n"), "{listed}");
}

async fn code_of(browser: &Browser) -> String {
    code(browser, &[]).await
}

#[tokio::test]
async fn a_user_signs_out_from_an_app_and_comes_back_to_it() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let given = tokens(&app, &code_of(&ada).await).await.json();
    let hint = given["id_token"].as_str().unwrap();
    let out = |params: &[(&str, &str)]| {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
        format!("/oidc/logout?{query}")
    };
    let bye = ("post_logout_redirect_uri", "https://wiki.example.com/bye");
    for bad in [
        vec![("id_token_hint", hint), ("post_logout_redirect_uri", "https://evil.example/")],
        vec![bye],
        vec![("id_token_hint", "a.b.c"), bye],
        vec![("client_id", "shop"), bye],
        vec![("client_id", "shop"), ("id_token_hint", hint), bye],
    ] {
        let refused = ada.get(&out(&bad)).await;
        assert_eq!((refused.status.as_u16(), refused.header("location")), (400, ""), "{bad:?}");
        assert!(ada.signed_in_as().await.is_some());
    }
    // Without the hint anybody could have led the user here, so they are asked.
    let page = ada.get(&out(&[("client_id", "wiki"), bye])).await.goes_to().to_owned();
    let asked = ada.get(&page).await.body;
    assert!(asked.contains("Sign out of Latchkey?") && asked.contains("Team wiki"), "{asked}");
    assert!(ada.signed_in_as().await.is_some());
    let of = brought(&page).remove("of").unwrap();
    let other = ada.copy();
    let left = other.post_form("/actions/leave-app", &[("of", &of)]).await;
    assert_eq!(left.goes_to(), "https://wiki.example.com/bye");
    assert_eq!(ada.signed_in_as().await, None);

    let ada = app.signed_in("ada@example.com").await;
    let given = tokens(&app, &code_of(&ada).await).await.json();
    let hint = given["id_token"].as_str().unwrap();
    app.clock.advance(20 * MINUTE);
    let left = ada.get(&out(&[("id_token_hint", hint), bye, ("state", "s")])).await;
    assert_eq!(left.goes_to(), "https://wiki.example.com/bye?state=s", "an expired hint will do");
    assert_eq!(ada.signed_in_as().await, None);
}

#[tokio::test]
async fn form_post_brings_the_answer_in_a_form() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let began = ada.get(&authorize(&[("response_mode", "form_post"), ("state", "\"><b>")])).await;
    let page = ada.get(began.goes_to()).await;
    assert_eq!(page.status, 200);
    assert!(
        page.body.contains(&format!("action=\"{BACK}\"")) || page.body.contains("action=\"https:"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("<b>"), "{}", page.body);
    assert_eq!(page.header("cache-control"), "no-store, no-transform");
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

#[tokio::test]
async fn discovery_names_this_issuer_and_what_there_is() {
    let app = with_apps("").await;
    for path in ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"] {
        let described = app.browser().get(path).await.json();
        assert_eq!(described["issuer"], app.url.as_str());
        for (name, value) in described.as_object().unwrap() {
            let Some(url) =
                value.as_str().filter(|_| name.ends_with("_endpoint") || name == "jwks_uri")
            else {
                continue;
            };
            let there = app.browser().get(url).await;
            assert_ne!(there.status, 404, "{name}");
        }
    }
}

#[tokio::test]
async fn a_mistake_in_an_app_is_named_with_its_line() {
    let base = "[[apps]]\nid = \"wiki\"\n";
    let secrets = format!("secrets = [\"{}\"]\n", String::from(SecretHash::of(SECRET)));
    for (text, says) in [
        (
            format!("{base}redirect_uris = [\"http://a.example\"]\n"),
            "line 3, apps.redirect_uris: \"http://a.example\" is http",
        ),
        (format!("{base}secrets = [\"plain\"]\n"), "line 3, apps.secrets: a hash like"),
        (format!("{base}redirects = []\n"), "line 3, apps.redirects: unknown field"),
        (format!("{base}{secrets}{base}{secrets}"), "\"wiki\" is there twice"),
        (base.to_owned(), "\"wiki\" has no secrets"),
        (format!("{base}auth_method = \"none\"\n"), "\"wiki\" has no redirect_uris"),
    ] {
        let said = refusal(&text);
        assert!(said.contains(says), "{said} does not say {says}");
        assert!(!said.contains("plain"), "{said}");
    }
}

#[tokio::test]
async fn the_command_prints_an_entry_that_the_policy_takes() {
    let app = App::start().await;
    let (code, said) =
        app.command(&["apps", "add", "wiki", "--name", "Team wiki", "--redirect-uri", BACK]).await;
    assert_eq!(code, 0, "{said}");
    let entry = said.split("[[apps]]").nth(1).unwrap().split("\n\n").next().unwrap();
    let (_, secret) = said.rsplit_once(":\n\n").unwrap();
    let policy = format!("[[apps]]{entry}");
    assert_eq!(refusal(&policy), "");
    assert!(policy.contains(&String::from(SecretHash::of(secret.trim()))), "{said}");
    let (code, said) =
        app.command(&["apps", "add", "a b", "--redirect-uri", "http://a.example"]).await;
    assert_eq!(code, 1, "{said}");
}
