//! Authorization requests: who may ask, how, and where the answer goes.

use latchkey::server::ground::clock::{MINUTE, SECOND};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    Browser, http2_client,
    relying_party::{
        BACK, authorize, brought, claims, code, error, exchange, follow, tokens, tokens_by,
        user_info, user_info_by, with_apps,
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
async fn an_app_and_its_user_may_speak_http2() {
    let app = with_apps("").await;
    let by_http2 = || Browser::by(http2_client(), &app.url);
    let (ada, program) = (app.signed_in_by(by_http2(), "ada@example.com").await, by_http2());
    let given = tokens_by(&program, &code(&ada, &[]).await).await.json();
    let told = user_info_by(&program, given["access_token"].as_str().unwrap()).await.json();
    assert_eq!(told["email"], "ada@example.com");
    assert_eq!(told["sub"], claims(given["id_token"].as_str().unwrap())["sub"]);
}
