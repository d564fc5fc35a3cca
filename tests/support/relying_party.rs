//! Apps that sign their users in here, and what they send and read.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use latchkey::server::config::{Source, Variables, app_values::SecretHash};
use reqwest::Method;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, time::Duration};

use super::{Answer, App, Browser};

pub const SECRET: &str = "a secret of 256 random bits, let us say";
pub const BACK: &str = "https://wiki.example.com/callback";
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// A server with apps: of the team, of others, one that keeps no secret, one on a device.
pub async fn with_apps(more: &str) -> App {
    with_policy(&policy(more)).await
}

/// A server with this policy file.
pub async fn with_policy(text: &str) -> App {
    with_policy_and(text, &[]).await
}

/// A server with this policy file, changed by variables.
pub async fn with_policy_and(text: &str, variables: &[(&str, &str)]) -> App {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let app = App::with_file_and(file.path(), variables).await;
    std::mem::forget(file);
    until_there_are_keys(&app.browser()).await;
    app
}

/// Waits until the keys are drawn. On a busy machine that takes longer than an answer may.
pub async fn until_there_are_keys(browser: &Browser) {
    while browser.get("/.well-known/jwks.json").await.status != 200 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The policy file with those apps.
pub fn policy(more: &str) -> String {
    format!(
        r#"
[limits]
mails_per_minute = 1000
mails_per_hour = 1000
[mail]
new_device_notice = false
{more}
[[apps]]
id = "wiki"
name = "Team wiki"
secrets = ["{hash}"]
redirect_uris = ["{BACK}", "https://wiki.example.com/other?a=1"]
post_logout_redirect_uris = ["https://wiki.example.com/bye"]
scopes = ["openid", "profile", "email", "offline_access"]
first_party = true
api = true

[[apps]]
id = "shop"
name = "A shop"
secrets = ["{hash}"]
redirect_uris = ["https://shop.example.com/cb"]
device = true
api = true

[[apps]]
id = "phone"
auth_method = "none"
algorithm = "ES256"
first_party = true
redirect_uris = ["http://127.0.0.1/cb", "com.example.phone:/cb"]
cors_origins = ["https://phone.example.com"]

[[apps]]
id = "vault"
secrets = ["{hash}"]
first_party = true
redirect_uris = ["https://vault.example.com/cb"]
api = true
only = ["@example.org", "ada@example.com"]
device = true

[[apps]]
id = "tv"
name = "Team TV"
auth_method = "none"
algorithm = "ES256"
first_party = true
scopes = ["openid", "email", "offline_access"]
device = true
"#,
        hash = String::from(SecretHash::of(SECRET)),
    )
}

/// Why a policy file is refused; empty if it is not.
pub fn refusal(text: &str) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let source = Source { path: Some(file.path().to_owned()), variables: Variables::new() };
    source.policy().map_or_else(|error| error.to_string(), |_| String::new())
}

/// The PKCE challenge of [`VERIFIER`].
pub fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// The path of a request, with these parameters changed, added or (if empty) left out.
pub fn authorize(changes: &[(&str, &str)]) -> String {
    let challenge = challenge();
    let mut params = BTreeMap::from([
        ("client_id", "wiki"),
        ("redirect_uri", BACK),
        ("response_type", "code"),
        ("scope", "openid email profile"),
        ("state", "a state"),
        ("nonce", "a nonce"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ]);
    params.extend(changes.iter().copied());
    let params = params.into_iter().filter(|(_, value)| !value.is_empty());
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    format!("/oauth/authorize?{query}")
}

/// The parameters that a redirect brings to an app.
pub fn brought(to: &str) -> BTreeMap<String, String> {
    let (_, query) = to.split_once('?').unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

/// Follows redirects within this site, and returns where they lead.
pub async fn follow(browser: &Browser, path: &str) -> String {
    let mut path = path.to_owned();
    for _ in 0..6 {
        let answer = browser.get(&path).await;
        if answer.status != 303 {
            return path;
        }
        path = answer.goes_to().to_owned();
        if !path.starts_with('/') {
            return path;
        }
    }
    panic!("it leads in circles: {path}")
}

/// Gets a code for a user who is signed in.
pub async fn code(browser: &Browser, changes: &[(&str, &str)]) -> String {
    let to = follow(browser, &authorize(changes)).await;
    brought(&to).remove("code").unwrap_or_else(|| panic!("no code in {to}"))
}

/// Sends a form to the token endpoint, as the app "wiki".
pub async fn exchange(app: &App, form: &[(&str, &str)]) -> Answer {
    exchange_by(&app.browser(), form).await
}

/// The same by a program of the story's own.
pub async fn exchange_by(program: &Browser, form: &[(&str, &str)]) -> Answer {
    let request = program.request(Method::POST, "/oauth/token").basic_auth(
        "wiki",
        Some(url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect::<String>()),
    );
    program.send(request.form(form)).await
}

/// Exchanges a code for tokens.
pub async fn tokens(app: &App, code: &str) -> Answer {
    tokens_by(&app.browser(), code).await
}

/// The same by a program of the story's own.
pub async fn tokens_by(program: &Browser, code: &str) -> Answer {
    exchange_by(
        program,
        &[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ],
    )
    .await
}

/// Exchanges a refresh token.
pub async fn refresh(app: &App, token: &str) -> Answer {
    exchange(app, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
}

/// The error of a refusal, as OAuth has it.
pub fn error(answer: &Answer, status: u16) -> String {
    assert_eq!(answer.status, status, "{answer:?}");
    answer.json()["error"].as_str().unwrap().to_owned()
}

/// Returns the claims of a token, unverified.
pub fn claims(token: &str) -> Value {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice(&claims).unwrap()
}

/// Reads the claims that an access token opens.
pub async fn user_info(app: &App, token: &str) -> Answer {
    user_info_by(&app.browser(), token).await
}

/// The same by a program of the story's own.
pub async fn user_info_by(program: &Browser, token: &str) -> Answer {
    program.send(program.request(Method::GET, "/oauth/userinfo").bearer_auth(token)).await
}

/// Returns the claims of a token for `audience`, verified as a stranger does it: by the published
/// key that it names, its type and its issuer. Whether it has expired is for the story's own clock.
pub async fn verified(app: &App, token: &str, typ: &str, audience: &str) -> Value {
    let header = decode_header(token).unwrap();
    assert_eq!(header.typ.as_deref(), Some(typ));
    let keys = app.browser().get("/.well-known/jwks.json").await.json();
    let keys = keys["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == *header.kid.as_ref().unwrap()).unwrap();
    assert_eq!(key["alg"], format!("{:?}", header.alg));
    let key = DecodingKey::from_jwk(&serde_json::from_value(key.clone()).unwrap()).unwrap();
    let mut rule = Validation::new(header.alg);
    rule.set_audience(&[audience]);
    rule.set_issuer(&[&app.url]);
    rule.validate_exp = false;
    decode::<Value>(token, &key, &rule).unwrap().claims
}
