//! The OpenID Foundation's plan "Basic Certification Profile Authorization server test": a story
//! for each of its modules, named after it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use latchkey::server::ground::clock::SECOND;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    App, Browser,
    relying_party::{
        BACK, SECRET, VERIFIER, authorize, brought, challenge, claims, error, exchange, follow,
        refresh, refusal, user_info, with_apps,
    },
};

/// The app with a user who is signed in.
async fn with_user() -> (App, Browser) {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    (app, ada)
}

/// A request as the plan sends it: without PKCE.
fn request(changes: &[(&str, &str)]) -> String {
    authorize(&[&[("code_challenge", ""), ("code_challenge_method", "")], changes].concat())
}

/// Exchanges the code that a redirect to the app brings.
async fn redeem(app: &App, back: &str) -> Value {
    assert!(back.starts_with(BACK), "{back}");
    let answer = brought(back);
    let code = answer.get("code").unwrap_or_else(|| panic!("no code in {back}"));
    let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", BACK)];
    let given = exchange(app, &form).await;
    assert_eq!(given.status, 200, "{given:?}");
    given.json()
}

/// Gets tokens for a request of a user who is signed in.
async fn given(app: &App, user: &Browser, changes: &[(&str, &str)]) -> Value {
    redeem(app, &follow(user, &request(changes)).await).await
}

/// Returns the claims of an ID token, verified as the specification has it (OpenID Connect Core, 3.1.3.7).
async fn verified(app: &App, given: &Value) -> Value {
    let token = given["id_token"].as_str().unwrap();
    let keys = app.browser().get("/.well-known/jwks.json").await.body;
    let keys: JwkSet = serde_json::from_str(&keys).unwrap();
    let header = decode_header(token).unwrap();
    let key = DecodingKey::from_jwk(keys.find(&header.kid.unwrap()).unwrap()).unwrap();
    let mut rules = Validation::new(header.alg);
    rules.set_audience(&["wiki"]);
    rules.set_issuer(&[&app.url]);
    rules.validate_exp = false; // the clock is the story's
    let told = decode::<Value>(token, &key, &rules).unwrap().claims;
    let now = app.clock.now() / SECOND;
    let at = |name: &str| told[name].as_i64().unwrap_or_else(|| panic!("{name} in {told}"));
    assert!(at("exp") > now && at("iat") <= now && at("auth_time") <= now, "{told}");
    told
}

/// Signs in where a request leads, with a code from the mail, and returns what the app is given.
async fn sign_in(app: &App, user: &Browser, login: &str) -> Value {
    assert!(login.starts_with("/login?next="), "{login}");
    let next = brought(login).remove("next").unwrap();
    let sent = app.inbox.count_to("ada@example.com");
    let form = [("email", "ada@example.com"), ("next", next.as_str())];
    user.post_form("/actions/sign-in", &form).await;
    let mail = app.inbox.nth_to("ada@example.com", sent + 1).await;
    let signed_in = user.type_code(mail.code()).await;
    redeem(app, &follow(user, signed_in.goes_to()).await).await
}

/// Returns the claims that the app may read of a user who granted these scopes.
async fn known(scope: &str) -> Value {
    let (app, ada) = with_user().await;
    let given = given(&app, &ada, &[("scope", scope)]).await;
    let told = verified(&app, &given).await;
    let known = user_info(&app, given["access_token"].as_str().unwrap()).await.json();
    assert_eq!(known["sub"], told["sub"]);
    known
}

/// A request succeeds with this parameter, which changes nothing.
async fn is_harmless(name: &str, value: &str) {
    let (app, ada) = with_user().await;
    let given = given(&app, &ada, &[(name, value)]).await;
    assert_eq!(verified(&app, &given).await["nonce"], "a nonce");
}

/// A request object without a signature that asks for these.
fn request_object(claims: &Value) -> String {
    let part = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.", part(&json!({ "alg": "none" })), part(claims))
}

#[tokio::test]
async fn oidcc_server() {
    let (app, ada) = with_user().await;
    let back = follow(&ada, &request(&[])).await;
    assert_eq!(brought(&back)["state"], "a state");
    let given = redeem(&app, &back).await;
    assert!(given["token_type"].as_str().unwrap().eq_ignore_ascii_case("bearer"));
    assert!(given["expires_in"].as_u64().unwrap() > 0);
    let told = verified(&app, &given).await;
    assert_eq!(told["nonce"], "a nonce");
    assert!(told["sub"].as_str().is_some_and(|sub| sub.is_ascii() && sub.len() < 256));
}

#[tokio::test]
async fn oidcc_response_type_missing() {
    let (_app, ada) = with_user().await;
    let answer = brought(&follow(&ada, &request(&[("response_type", "")])).await);
    assert_eq!((&answer["error"][..], &answer["state"][..]), ("invalid_request", "a state"));
}

#[tokio::test]
async fn oidcc_idtoken_signature() {
    let (app, ada) = with_user().await;
    let given = given(&app, &ada, &[]).await;
    let header = decode_header(given["id_token"].as_str().unwrap()).unwrap();
    assert_eq!(header.alg, jsonwebtoken::Algorithm::RS256);
    assert!(header.kid.is_some());
    verified(&app, &given).await;
}

#[tokio::test]
async fn oidcc_idtoken_unsigned() {
    let app = "[[apps]]\nid = \"a\"\nauth_method = \"none\"\nalgorithm = \"none\"\n";
    let refused = refusal(app);
    assert!(refused.contains("line 4") && refused.contains("algorithm"), "{refused}");
}

#[tokio::test]
async fn oidcc_userinfo_get_and_post_with_the_token_in_the_header_or_the_body() {
    let (app, ada) = with_user().await;
    let given = given(&app, &ada, &[]).await;
    let token = given["access_token"].as_str().unwrap();
    let program = app.browser();
    let at = |method| program.request(method, "/oauth/userinfo");
    for asked in [
        at(Method::GET).bearer_auth(token),
        at(Method::GET).bearer_auth(token).header("content-type", "application/json"),
        at(Method::POST).bearer_auth(token),
        at(Method::POST).form(&[("access_token", token)]),
    ] {
        let known = program.send(asked).await;
        assert_eq!(known.status, 200, "{known:?}");
        assert_eq!(known.json()["sub"], verified(&app, &given).await["sub"]);
    }
}

#[tokio::test]
async fn oidcc_ensure_request_without_nonce_succeeds_for_code_flow() {
    let (app, ada) = with_user().await;
    let given = given(&app, &ada, &[("nonce", "")]).await;
    assert_eq!(verified(&app, &given).await.get("nonce"), None);
}

#[tokio::test]
async fn oidcc_scope_profile() {
    let known = known("openid profile").await;
    assert_eq!(known["name"], "ada@example.com");
    assert_eq!(known["preferred_username"], "ada@example.com");
    assert_eq!(known.get("email"), None);
}

#[tokio::test]
async fn oidcc_scope_email() {
    let known = known("openid email").await;
    assert_eq!(
        (&known["email"], &known["email_verified"]),
        (&"ada@example.com".into(), &true.into())
    );
    assert_eq!(known.get("name"), None);
}

#[tokio::test]
async fn oidcc_scope_address_and_phone_which_nobody_gives_here() {
    for scope in ["openid address", "openid phone"] {
        let known = known(scope).await;
        assert_eq!(known.as_object().unwrap().len(), 1, "{known}");
    }
}

#[tokio::test]
async fn oidcc_scope_all() {
    let known = known("openid profile email address phone").await;
    assert_eq!((&known["email"], &known["name"]), (&known["name"], &"ada@example.com".into()));
}

#[tokio::test]
async fn oidcc_ensure_other_scope_order_succeeds() {
    assert_eq!(known("email openid").await["email"], "ada@example.com");
}

#[tokio::test]
async fn oidcc_display_page_and_popup() {
    for display in ["page", "popup"] {
        is_harmless("display", display).await;
    }
}

#[tokio::test]
async fn oidcc_prompt_login() {
    let (app, ada) = with_user().await;
    let first = verified(&app, &given(&app, &ada, &[]).await).await;
    app.clock.advance(2 * SECOND);
    let login = follow(&ada, &request(&[("prompt", "login")])).await;
    let second = verified(&app, &sign_in(&app, &ada, &login).await).await;
    assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64(), "{first} {second}");
    assert_eq!(second["sub"], first["sub"]);
}

#[tokio::test]
async fn oidcc_prompt_none_not_logged_in() {
    let app = with_apps("").await;
    let answer = brought(&follow(&app.browser(), &request(&[("prompt", "none")])).await);
    assert_eq!((&answer["error"][..], &answer["state"][..]), ("login_required", "a state"));
}

#[tokio::test]
async fn oidcc_prompt_none_logged_in() {
    let (app, ada) = with_user().await;
    let first = verified(&app, &given(&app, &ada, &[]).await).await;
    let second = verified(&app, &given(&app, &ada, &[("prompt", "none")]).await).await;
    for claim in ["sub", "auth_time"] {
        assert_eq!(second[claim], first[claim]);
    }
}

#[tokio::test]
async fn oidcc_max_age_1() {
    let (app, ada) = with_user().await;
    let first = verified(&app, &given(&app, &ada, &[]).await).await;
    app.clock.advance(2 * SECOND);
    let login = follow(&ada, &request(&[("max_age", "1")])).await;
    let second = verified(&app, &sign_in(&app, &ada, &login).await).await;
    assert!(second["auth_time"].as_i64() > first["auth_time"].as_i64(), "{first} {second}");
}

#[tokio::test]
async fn oidcc_max_age_10000() {
    let (app, ada) = with_user().await;
    let first = verified(&app, &given(&app, &ada, &[]).await).await;
    app.clock.advance(2 * SECOND);
    let second = verified(&app, &given(&app, &ada, &[("max_age", "10000")]).await).await;
    assert_eq!(second["auth_time"], first["auth_time"]);
}

#[tokio::test]
async fn oidcc_ensure_request_with_unknown_parameter_succeeds() {
    is_harmless("extra", "foobar").await;
}

#[tokio::test]
async fn oidcc_id_token_hint() {
    let (app, ada) = with_user().await;
    let first = given(&app, &ada, &[]).await;
    let hint = first["id_token"].as_str().unwrap();
    let second = given(&app, &ada, &[("prompt", "none"), ("id_token_hint", hint)]).await;
    assert_eq!(verified(&app, &second).await["sub"], verified(&app, &first).await["sub"]);
}

#[tokio::test]
async fn oidcc_login_hint() {
    let app = with_apps("").await;
    let ada = app.browser();
    let login = follow(&ada, &request(&[("login_hint", "ada@example.com")])).await;
    assert!(ada.get(&login).await.body.contains("value=\"ada@example.com\""));
    verified(&app, &sign_in(&app, &ada, &login).await).await;
}

#[tokio::test]
async fn oidcc_ui_locales() {
    let app = with_apps("").await;
    let ada = app.browser();
    let login = follow(&ada, &request(&[("ui_locales", "xx de")])).await;
    assert!(ada.get(&login).await.body.contains("<html lang=\"de\""));
    is_harmless("ui_locales", "se").await;
}

#[tokio::test]
async fn oidcc_claims_locales() {
    is_harmless("claims_locales", "se").await;
}

#[tokio::test]
async fn oidcc_ensure_request_with_acr_values_succeeds() {
    is_harmless("acr_values", "1 2").await;
}

#[tokio::test]
async fn oidcc_codereuse_at_once_and_after_30_seconds() {
    for wait in [0, 30] {
        let (app, ada) = with_user().await;
        let back = follow(&ada, &request(&[])).await;
        let given = redeem(&app, &back).await;
        app.clock.advance(wait * SECOND);
        let code = &brought(&back)["code"];
        let form = [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", BACK)];
        assert_eq!(error(&exchange(&app, &form).await, 400), "invalid_grant");
        let known = user_info(&app, given["access_token"].as_str().unwrap()).await;
        assert_eq!(known.status, 401, "what the first use gave is revoked");
    }
}

#[tokio::test]
async fn oidcc_ensure_registered_redirect_uri() {
    let (_app, ada) = with_user().await;
    let shown = ada.get(&request(&[("redirect_uri", &format!("{BACK}/other"))])).await;
    assert_eq!((shown.status.as_u16(), shown.header("location")), (400, ""));
    assert!(shown.body.contains("redirect_uri"), "{}", shown.body);
}

#[tokio::test]
async fn oidcc_ensure_post_request_succeeds() {
    let (app, ada) = with_user().await;
    let path = request(&[]);
    let (_, form) = path.split_once('?').unwrap();
    let posted = ada
        .request(Method::POST, "/oauth/authorize")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site");
    let began = ada.send(posted.body(form.to_owned())).await;
    let given = redeem(&app, &follow(&ada, began.goes_to()).await).await;
    verified(&app, &given).await;
}

#[tokio::test]
async fn oidcc_server_client_secret_post() {
    let (app, ada) = with_user().await;
    let back = follow(&ada, &request(&[])).await;
    let program = app.browser();
    let form = [
        ("client_id", "wiki"),
        ("client_secret", SECRET),
        ("grant_type", "authorization_code"),
        ("code", &brought(&back)["code"]),
        ("redirect_uri", BACK),
    ];
    let given = program.send(program.request(Method::POST, "/oauth/token").form(&form)).await;
    verified(&app, &given.json()).await;
}

#[tokio::test]
async fn oidcc_request_uri_and_unsigned_request_object_are_rejected_as_unsupported() {
    let (_app, ada) = with_user().await;
    let object = request_object(&json!({ "nonce": "another" }));
    for (name, value, code) in [
        ("request_uri", "https://wiki.example.com/request.jwt", "request_uri_not_supported"),
        ("request", &object, "request_not_supported"),
    ] {
        let answer = brought(&follow(&ada, &request(&[(name, value)])).await);
        assert_eq!((&answer["error"][..], &answer["state"][..]), (code, "a state"));
    }
}

#[tokio::test]
async fn oidcc_claims_essential() {
    let asked = json!({ "userinfo": { "name": { "essential": true } } }).to_string();
    is_harmless("claims", &asked).await;
}

#[tokio::test]
async fn oidcc_ensure_request_object_with_redirect_uri() {
    let (_app, ada) = with_user().await;
    let object = request_object(&json!({ "redirect_uri": "https://evil.example/cb" }));
    let back = follow(&ada, &request(&[("request", &object)])).await;
    assert!(back.starts_with(BACK), "{back}");
    assert_eq!(brought(&back)["error"], "request_not_supported");
}

#[tokio::test]
async fn oidcc_refresh_token() {
    let (app, ada) = with_user().await;
    let first = given(&app, &ada, &[("scope", "openid offline_access")]).await;
    let told = verified(&app, &first).await;
    app.clock.advance(2 * SECOND);
    let token = first["refresh_token"].as_str().unwrap();
    let program = app.browser();
    let form = [
        ("client_id", "shop"),
        ("client_secret", SECRET),
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
    ];
    let of_other = program.send(program.request(Method::POST, "/oauth/token").form(&form)).await;
    assert_eq!(error(&of_other, 400), "invalid_grant");
    let second = refresh(&app, token).await.json();
    assert_ne!(second["access_token"], first["access_token"]);
    let again = verified(&app, &second).await;
    for claim in ["iss", "sub", "aud", "auth_time"] {
        assert_eq!(again[claim], told[claim], "{claim}");
    }
    assert!(again["iat"].as_i64() > told["iat"].as_i64());
}

#[tokio::test]
async fn oidcc_ensure_request_with_valid_pkce_succeeds() {
    let (app, ada) = with_user().await;
    let pkce = [("code_challenge", &challenge()[..]), ("code_challenge_method", "S256")];
    let back = follow(&ada, &request(&pkce)).await;
    let answer = brought(&back);
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &answer["code"][..]),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let given = exchange(&app, &form).await.json();
    assert_eq!(claims(given["id_token"].as_str().unwrap())["nonce"], "a nonce");
}
