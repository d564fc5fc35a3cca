//! Faults of apps, users and machines while an app signs somebody in, and attacks on it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Browser, Program, database,
    relying_party::{
        BACK, SECRET, VERIFIER, authorize, brought, code, error, follow, policy, refresh, tokens,
        until_there_are_keys, user_info, with_apps,
    },
};

/// A token whose header says another algorithm, signed with what an attacker has.
fn forged(token: &str, algorithm: &str, key: Option<&[u8]>) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let mut header: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    header["alg"] = algorithm.into();
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), parts[1]);
    let signature = match key {
        Some(key) => {
            sign(text.as_bytes(), &EncodingKey::from_secret(key), Algorithm::HS256).unwrap()
        }
        None => parts[2].to_owned(),
    };
    format!("{text}.{signature}")
}

#[tokio::test]
async fn a_token_that_is_forged_or_of_another_kind_is_nobodys() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let given = tokens(&app, &code(&ada, &[]).await).await.json();
    let token = |name: &str| given[name].as_str().unwrap().to_owned();
    let keys = app.browser().get("/.well-known/jwks.json").await.json();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["alg"] == "RS256").unwrap();
    let modulus = URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
    let bad = |token: &str| {
        let unsigned = forged(token, "none", None);
        vec![
            format!("{}.", unsigned.rsplit_once('.').unwrap().0),
            unsigned,
            forged(token, "HS256", Some(&modulus)), // key confusion
            forged(token, "HS256", Some(key["n"].as_str().unwrap().as_bytes())),
            forged(token, "EdDSA", None),
            forged(token, "RS384", None),
            format!("{}A", token),
        ]
    };
    let session = ada.cookie("session").unwrap();
    for wrong in [bad(&token("access_token")), vec![token("id_token"), session]].concat() {
        assert_eq!(error(&user_info(&app, &wrong).await, 401), "invalid_token", "{wrong}");
    }
    for wrong in [bad(&token("id_token")), vec![token("access_token")]].concat() {
        let back = follow(&ada, &authorize(&[("id_token_hint", &wrong)])).await;
        assert_eq!(brought(&back)["error"], "invalid_request", "{wrong}");
    }
    for wrong in [token("access_token"), token("id_token")] {
        let eve = app.browser();
        eve.set_cookie("session", &wrong);
        assert_eq!(eve.signed_in_as().await, None, "an app's token is no session");
    }
}

#[tokio::test]
async fn two_tabs_with_two_apps_end_each_at_its_own_app() {
    let app = with_apps("").await;
    let ada = app.browser();
    let vault = [
        ("client_id", "vault"),
        ("redirect_uri", "https://vault.example.com/cb"),
        ("state", "of the vault"),
    ];
    let first = follow(&ada, &authorize(&[])).await;
    let second = follow(&ada, &authorize(&vault)).await;
    let end = async |login: &str| {
        let next = brought(login).remove("next").unwrap();
        let sent = app.inbox.count_to("ada@example.com");
        let form = [("email", "ada@example.com"), ("next", next.as_str())];
        ada.post_form("/actions/sign-in", &form).await;
        let mail = app.inbox.nth_to("ada@example.com", sent + 1).await;
        follow(&ada, ada.type_code(mail.code()).await.goes_to()).await
    };
    let at_vault = end(&second).await;
    assert!(at_vault.starts_with("https://vault.example.com/cb?"), "{at_vault}");
    assert_eq!(brought(&at_vault)["state"], "of the vault");
    let at_wiki = end(&first).await;
    assert!(at_wiki.starts_with(BACK), "{at_wiki}");
    assert_eq!(brought(&at_wiki)["state"], "a state");
    assert_eq!(tokens(&app, &brought(&at_wiki)["code"]).await.status, 200);
}

#[tokio::test]
async fn a_session_that_ends_before_its_code_is_exchanged_gives_nothing() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let code = code(&ada, &[]).await;
    ada.post_form("/actions/sign-out", &[]).await;
    assert_eq!(error(&tokens(&app, &code).await, 400), "invalid_grant");
}

#[tokio::test]
async fn a_code_of_one_user_is_of_no_use_to_another() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let stolen = code(&ada, &[]).await;
    // The attacker brings it to the app in a sign-in of their own, whose verifier is another.
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &stolen[..]),
        ("redirect_uri", BACK),
        ("code_verifier", "the-verifier-of-the-attackers-own-sign-in-0123456789"),
    ];
    let program = app.browser();
    let request = program.request(Method::POST, "/oauth/token").basic_auth("wiki", Some(basic()));
    assert_eq!(error(&program.send(request.form(&form)).await, 400), "invalid_grant");
    assert_eq!(error(&refresh(&app, &stolen).await, 400), "invalid_grant");
}

fn basic() -> String {
    url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect()
}

#[tokio::test]
async fn a_code_and_what_it_gave_survive_kill_9() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Leptos.toml");
    std::fs::write(&file, policy("")).unwrap();
    let url = database::fresh(folder.path()).await;
    let variables = [("LATCHKEY_CONFIG", file.to_str().unwrap())];
    let mut program = Program::with(url, &variables).await;
    let ada = program.browser();
    until_there_are_keys(&ada).await;
    ada.ask_for_mail("ada@example.com").await;
    ada.get(program.inbox.first_to("ada@example.com").await.link()).await;
    let code = code(&ada, &[("scope", "openid offline_access")]).await;
    program.kill();
    program.start_again().await;
    let form = [
        ("client_id", "wiki"),
        ("client_secret", SECRET),
        ("grant_type", "authorization_code"),
        ("code", &code[..]),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let ask = async |program: &Program, form: &[(&str, &str)]| {
        let app: Browser = program.browser();
        app.send(app.request(Method::POST, "/oauth/token").form(form)).await
    };
    let given = ask(&program, &form).await;
    assert_eq!(given.status, 200, "{given:?}");
    program.kill();
    program.start_again().await;
    let given = given.json();
    let token = given["refresh_token"].as_str().unwrap();
    let form = [&form[..2], &[("grant_type", "refresh_token"), ("refresh_token", token)]].concat();
    let again = ask(&program, &form).await;
    assert_eq!(again.status, 200, "{again:?}");
    assert_ne!(again.json()["access_token"], json!(null));
}
