//! Session tokens signed with the server's own key that say something the server never would.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
use latchkey::server::ground::{clock::HOUR, keys::Keys};
use serde_json::{Value, json};

use crate::support::{App, Browser, SECRET};

/// Signs a token of this header and these claims as the server does.
fn signed(header: &Value, claims: &Value) -> String {
    signed_under(&Keys::new(&[SECRET.to_owned()]).session().next().unwrap().signing, header, claims)
}

fn signed_under(key: &EncodingKey, header: &Value, claims: &Value) -> String {
    let text = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
    let signature = sign(text.as_bytes(), key, Algorithm::HS256).unwrap();
    format!("{text}.{signature}")
}

/// Header and claims of a valid token.
async fn good(app: &App) -> (Value, Value) {
    let jwt = app.signed_in("ada@example.com").await.cookie("session").unwrap();
    let part = |n: usize| {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(n).unwrap()).unwrap())
            .unwrap()
    };
    (part(0), part(1))
}

fn presenting(app: &App, jwt: &str) -> Browser {
    let browser = app.browser();
    browser.set_cookie("session", jwt);
    browser
}

#[tokio::test]
async fn a_token_with_an_unexpected_claim_is_no_session() {
    let app = App::start().await;
    let (header, claims) = good(&app).await;
    assert!(
        presenting(&app, &signed(&header, &claims)).signed_in_as().await.is_some(),
        "the test signs as the server does"
    );
    let exp = claims["exp"].as_u64().unwrap();
    for (claim, odd) in [
        ("exp", json!(exp.to_string())),
        ("exp", json!(exp as f64 + 0.5)),
        ("exp", json!(-1)),
        ("exp", json!(1e300)),
        ("exp", Value::Null),
        ("iss", json!("https://login.example.org")),
        ("iss", Value::Null),
        ("aud", json!("https://login.example.org")),
        ("aud", Value::Null),
        ("sub", json!("somebody-else")),
        ("sub", Value::Null),
        ("sid", json!("AAAAAAAAAAAAAAAAAAAAAA")),
        ("sid", json!(["a"])),
    ] {
        let mut claims = claims.clone();
        claims[claim] = odd.clone();
        assert_eq!(
            presenting(&app, &signed(&header, &claims)).signed_in_as().await,
            None,
            "{claim} {odd}"
        );
        claims.as_object_mut().unwrap().remove(claim);
        assert_eq!(
            presenting(&app, &signed(&header, &claims)).signed_in_as().await,
            None,
            "no {claim}"
        );
    }
}

#[tokio::test]
async fn a_token_of_another_type_or_algorithm_is_no_session() {
    let app = App::start().await;
    let (header, claims) = good(&app).await;
    for (name, odd) in [
        ("typ", json!("JWT")),
        ("typ", json!("at+jwt")),
        ("typ", Value::Null),
        ("alg", json!("none")),
        ("alg", json!("HS512")),
        ("alg", json!("RS256")),
        ("alg", json!("hs256")),
    ] {
        let mut header = header.clone();
        header[name] = odd.clone();
        assert_eq!(
            presenting(&app, &signed(&header, &claims)).signed_in_as().await,
            None,
            "{name} {odd}"
        );
    }
}

#[tokio::test]
async fn a_key_inside_a_token_is_not_used() {
    let app = App::start().await;
    let (mut header, claims) = good(&app).await;
    header["jku"] = json!("https://evil.example/keys");
    header["jwk"] = json!({ "kty": "oct", "k": URL_SAFE_NO_PAD.encode([7; 32]), "alg": "HS256" });
    let brought = signed_under(&EncodingKey::from_secret(&[7; 32]), &header, &claims);
    assert_eq!(presenting(&app, &brought).signed_in_as().await, None);
}

#[tokio::test]
async fn a_clock_that_jumps_back_an_hour_signs_nobody_out() {
    let app = App::start().await;
    let ada = app.signed_in("ada@example.com").await;
    app.clock.step(-HOUR);
    assert!(ada.signed_in_as().await.is_some());
    assert_eq!(ada.get("/dashboard").await.status, 200);
}
