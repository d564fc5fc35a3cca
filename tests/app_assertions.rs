//! Apps that prove who they are by a token that they sign: `private_key_jwt` (RFC 7523).

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{EncodingKey, crypto};
use latchkey::server::ground::{
    clock::{DAY, MINUTE, SECOND},
    jose::{Algorithm, SigningKey},
    random::Random,
};
use reqwest::Method;
use rsa::{BigUint, RsaPublicKey, pkcs8::EncodePublicKey};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::{
    Answer, App,
    relying_party::{
        SECRET, VERIFIER, authorize, brought, claims, error, follow, refusal, with_apps,
    },
};

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const BACK: &str = "https://signer.example.com/cb";

/// Key pair of an app.
struct Key {
    signing: SigningKey,
    pkcs8: Vec<u8>,
}

impl Key {
    fn draw(algorithm: Algorithm) -> Self {
        let pkcs8 = SigningKey::draw(algorithm, &Random::default()).unwrap();
        Key { signing: SigningKey::read(algorithm, &pkcs8).unwrap(), pkcs8 }
    }

    /// The public half, as `openssl pkey -pubout` prints it.
    fn pem(&self) -> String {
        let part =
            |name: &str| URL_SAFE_NO_PAD.decode(self.signing.jwk[name].as_str().unwrap()).unwrap();
        let der = match self.signing.algorithm {
            Algorithm::Rs256 => {
                let [n, e] = ["n", "e"].map(|name| BigUint::from_bytes_be(&part(name)));
                RsaPublicKey::new(n, e).unwrap().to_public_key_der().unwrap().into_vec()
            }
            // The head before a point of P-256, or a key of Ed25519 (RFC 5480, RFC 8410).
            Algorithm::Es256 => [&P256[..], &part("x"), &part("y")].concat(),
            Algorithm::EdDsa => [&ED25519[..], &part("x")].concat(),
        };
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }

    fn sign(&self, claims: &Value) -> String {
        self.signing.sign("JWT", claims).unwrap()
    }

    /// Signs claims under any header. The key is one of Ed25519.
    fn sign_under(&self, header: Value, claims: &Value) -> String {
        let [header, claims] =
            [&header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let text = format!("{header}.{claims}");
        let key = EncodingKey::from_ed_der(&self.pkcs8);
        let signature =
            crypto::sign(text.as_bytes(), &key, jsonwebtoken::Algorithm::EdDSA).unwrap();
        format!("{text}.{signature}")
    }
}

const P256: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
const ED25519: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

/// The entry of an app with these keys.
fn entry(keys: &[&Key]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("\"\"\"\n{}\"\"\"", key.pem())).collect();
    format!(
        "[[apps]]\nid = \"signer\"\nauth_method = \"private_key_jwt\"\nfirst_party = true\n\
         device = true\nalgorithm = \"ES256\"\nredirect_uris = [\"{BACK}\"]\npublic_keys = [{}]\n",
        keys.join(", ")
    )
}

/// Claims that an app signs for a request: right, and never the same.
fn right(app: &App) -> Value {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = app.clock.now() / SECOND;
    json!({
        "iss": "signer", "sub": "signer", "aud": app.url, "iat": now, "exp": now + 60,
        "jti": COUNT.fetch_add(1, Ordering::Relaxed).to_string(),
    })
}

/// Those claims with one changed, or (if null) left out.
fn with(app: &App, name: &str, value: Value) -> Value {
    let mut claims = right(app);
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

async fn send(app: &App, path: &str, token: &str, form: &[(&str, &str)]) -> Answer {
    let program = app.browser();
    let proof = [("client_assertion_type", TYPE), ("client_assertion", token)];
    let form = [&proof[..], form].concat();
    program.send(program.request(Method::POST, path).form(&form)).await
}

/// Refreshes nothing. Whoever has proved who it is learns just that; others are refused before.
async fn knock(app: &App, token: &str, more: &[(&str, &str)]) -> Answer {
    let form = [&[("grant_type", "refresh_token"), ("refresh_token", "x")], more].concat();
    send(app, "/oauth/token", token, &form).await
}

async fn is_proved(app: &App, token: &str) -> bool {
    let answer = knock(app, token, &[]).await;
    let status = answer.status.as_u16();
    match error(&answer, status).as_str() {
        "invalid_grant" => true,
        "invalid_client" => {
            assert_eq!(status, 401);
            false
        }
        other => panic!("{other}: {answer:?}"),
    }
}

#[tokio::test]
async fn an_app_signs_for_each_request_and_its_users_sign_in() {
    let key = Key::draw(Algorithm::Es256);
    let app = with_apps(&entry(&[&key])).await;
    let ada = app.signed_in("ada@example.com").await;
    let ask = authorize(&[("client_id", "signer"), ("redirect_uri", BACK)]);
    let code = brought(&follow(&ada, &ask).await).remove("code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", &code[..]),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    let given = send(&app, "/oauth/token", &key.sign(&right(&app)), &form).await;
    assert_eq!(given.status, 200, "{given:?}");
    let given = given.json();
    assert_eq!(claims(given["id_token"].as_str().unwrap())["aud"], "signer");
    let token = [("token", given["access_token"].as_str().unwrap())];
    let known = send(&app, "/oauth/introspect", &key.sign(&right(&app)), &token).await.json();
    assert_eq!((&known["active"], &known["client_id"]), (&json!(true), &json!("signer")));
    let ended = send(&app, "/oauth/revoke", &key.sign(&right(&app)), &token).await;
    assert_eq!(ended.status, 200);
    let known = send(&app, "/oauth/introspect", &key.sign(&right(&app)), &token).await.json();
    assert_eq!(known, json!({ "active": false }));
    let device = [("scope", "openid")];
    let begun =
        send(&app, "/oauth/device_authorization", &key.sign(&right(&app)), &device).await.json();
    assert!(begun["user_code"].is_string(), "{begun}");
}

#[tokio::test]
async fn each_algorithm_counts_and_several_keys_while_one_replaces_another() {
    let keys = Algorithm::ALL.map(Key::draw);
    let app = with_apps(&entry(&keys.each_ref())).await;
    for key in &keys {
        assert!(is_proved(&app, &key.sign(&right(&app))).await, "{:?}", key.signing);
    }
    let removed = Key::draw(Algorithm::Es256);
    assert!(!is_proved(&app, &removed.sign(&right(&app))).await);
}

#[tokio::test]
async fn what_an_app_signed_counts_once_on_whichever_instance() {
    let key = Key::draw(Algorithm::Es256);
    let app = with_apps(&entry(&[&key])).await;
    let token = key.sign(&right(&app));
    assert!(is_proved(&app, &token).await);
    assert!(!is_proved(&app, &token).await);
    for path in ["/oauth/revoke", "/oauth/introspect", "/oauth/device_authorization"] {
        let again = send(&app, path, &token, &[("token", "x")]).await;
        assert_eq!(error(&again, 401), "invalid_client", "{path}");
    }
    if let Some(beside) = app.beside().await {
        // It has the same issuer, by another port.
        assert!(!is_proved(&beside, &token).await);
    }
    // Its name is kept as long as it could count.
    app.clock.advance(59 * SECOND);
    app.store.purge(app.clock.now(), DAY).await.unwrap();
    assert!(!is_proved(&app, &token).await);
    let both = right(&app);
    let (one, other) = (key.sign(&both), key.sign(&both));
    let (one, other) = tokio::join!(is_proved(&app, &one), is_proved(&app, &other));
    assert!(one != other, "the same jti at the same time");
    app.clock.advance(2 * MINUTE);
    app.store.purge(app.clock.now(), DAY).await.unwrap();
    assert_eq!(app.count("SELECT COUNT(*) FROM latchkey_assertions").await, 0);
    assert!(!is_proved(&app, &token).await, "it has expired");
}

#[tokio::test]
async fn what_an_app_signed_is_for_this_server_now_and_says_whose_it_is() {
    let key = Key::draw(Algorithm::Es256);
    let app = with_apps(&entry(&[&key])).await;
    let now = app.clock.now() / SECOND;
    let token_endpoint = format!("{}/oauth/token", app.url);
    for (name, value) in [
        ("aud", json!(token_endpoint)),
        ("aud", json!([app.url, token_endpoint])),
        ("exp", json!(now + 300)),
        ("exp", json!(now as f64 + 0.5)),
        ("exp", json!(now - 20)),
        ("iat", json!(now + 20)),
        ("iat", Value::Null),
        ("nbf", json!(now)),
        ("jti", json!("x".repeat(256))),
    ] {
        let claims = with(&app, name, value);
        assert!(is_proved(&app, &key.sign(&claims)).await, "{claims}");
    }
    for (name, value, says) in [
        ("iss", json!("shop"), "iss and sub"),
        ("iss", Value::Null, "iss and sub"),
        ("sub", Value::Null, "no JWT with a sub"),
        ("sub", json!("shop"), "the app is unknown, or none of its public_keys"),
        ("sub", json!("nobody"), "the app is unknown, or none of its public_keys"),
        ("aud", json!("https://other.example"), "aud has to be"),
        ("aud", json!(format!("{}/", app.url)), "aud has to be"),
        ("aud", json!([app.url, "https://other.example"]), "aud has to be"),
        ("aud", json!([]), "aud has to be"),
        ("aud", Value::Null, "aud has to be"),
        ("exp", Value::Null, "exp is missing"),
        ("exp", json!("soon"), "exp is missing"),
        ("exp", json!(now - 30), "has expired"),
        ("exp", json!(-1e300), "has expired"),
        ("exp", json!(now + 331), "five minutes"),
        ("exp", json!(1e300), "five minutes"),
        ("nbf", json!(now + 31), "in the future"),
        ("iat", json!(now + 31), "in the future"),
        ("jti", Value::Null, "jti is missing"),
        ("jti", json!(7), "jti is missing"),
        ("jti", json!("x".repeat(257)), "jti is missing"),
    ] {
        let claims = with(&app, name, value);
        let refused = knock(&app, &key.sign(&claims), &[]).await;
        assert_eq!(error(&refused, 401), "invalid_client", "{claims}");
        let said = refused.json()["error_description"].to_string();
        assert!(said.contains(says), "{claims}: {said} does not say {says}");
    }
}

#[tokio::test]
async fn what_another_key_algorithm_or_kind_of_token_signed_is_nobodys() {
    let (key, other) = (Key::draw(Algorithm::EdDsa), Key::draw(Algorithm::EdDsa));
    let (rsa, pem) = (Key::draw(Algorithm::Rs256), key.pem());
    let app = with_apps(&entry(&[&key, &rsa])).await;
    let claims = || right(&app);
    let hmac = |secret: &[u8]| {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let text = format!("{header}.{}", URL_SAFE_NO_PAD.encode(claims().to_string()));
        let algorithm = jsonwebtoken::Algorithm::HS256;
        let key = EncodingKey::from_secret(secret);
        format!("{text}.{}", crypto::sign(text.as_bytes(), &key, algorithm).unwrap())
    };
    let unsigned = |header: &str| {
        let [header, claims] =
            [header.to_owned(), claims().to_string()].map(|part| URL_SAFE_NO_PAD.encode(part));
        format!("{header}.{claims}.")
    };
    let modulus = URL_SAFE_NO_PAD.decode(rsa.signing.jwk["n"].as_str().unwrap()).unwrap();
    for (token, what) in [
        (other.sign(&claims()), "another key"),
        (unsigned(r#"{"alg":"none"}"#), "no algorithm"),
        (unsigned(r#"{"alg":"EdDSA"}"#), "no signature"),
        (hmac(pem.as_bytes()), "the public key as a secret"),
        (hmac(rsa.pem().as_bytes()), "the other public key as a secret"),
        (hmac(&modulus), "its modulus as a secret"),
        (hmac(b""), "an empty secret"),
        (key.sign_under(json!({ "alg": "RS256" }), &claims()), "an algorithm of another key"),
        (key.sign_under(json!({ "alg": "ES256" }), &claims()), "another algorithm"),
        (key.sign_under(json!({ "alg": "EdDSA", "typ": "dpop+jwt" }), &claims()), "another kind"),
        (key.sign_under(json!({ "alg": "EdDSA", "typ": "at+jwt" }), &claims()), "another kind"),
        (key.sign_under(json!({ "alg": "EdDSA", "crit": ["b64"] }), &claims()), "more to know"),
        (format!("{}A", key.sign(&claims())), "another signature"),
        ("a.b.c".to_owned(), "nonsense"),
        (String::from("x"), "nonsense"),
    ] {
        assert!(!is_proved(&app, &token).await, "{what}");
    }
    for header in [
        json!({ "alg": "EdDSA" }),
        json!({ "alg": "EdDSA", "kid": "whatever", "typ": "client-authentication+jwt" }),
    ] {
        assert!(is_proved(&app, &key.sign_under(header.clone(), &claims())).await, "{header}");
    }
}

#[tokio::test]
async fn an_app_proves_who_it_is_in_one_way_and_in_its_own() {
    let key = Key::draw(Algorithm::EdDsa);
    let app = with_apps(&entry(&[&key])).await;
    let token = || key.sign(&right(&app));
    assert_eq!(
        error(&knock(&app, &token(), &[("client_id", "signer")]).await, 400),
        "invalid_grant"
    );
    let other = knock(&app, &token(), &[("client_id", "wiki")]).await;
    assert_eq!(error(&other, 401), "invalid_client");
    let both = knock(&app, &token(), &[("client_secret", SECRET)]).await;
    assert_eq!(error(&both, 400), "invalid_request");
    let program = app.browser();
    let at = || program.request(Method::POST, "/oauth/token");
    let grant = [("grant_type", "refresh_token"), ("refresh_token", "x")];
    let signed = token();
    let proof = [("client_assertion_type", TYPE), ("client_assertion", signed.as_str())];
    let both = at().basic_auth("signer", Some(SECRET)).form(&[grant, proof].concat());
    assert_eq!(error(&program.send(both).await, 400), "invalid_request");
    for part in [&proof[..1], &proof[1..], &[("client_assertion_type", "jwt"), proof[1]]] {
        let half = at().form(&[&grant[..], part].concat());
        assert_eq!(error(&program.send(half).await, 400), "invalid_request", "{part:?}");
    }
    for form in [
        vec![("client_id", "signer")],
        vec![("client_id", "signer"), ("client_secret", "")],
        vec![("client_id", "signer"), ("client_secret", SECRET)],
    ] {
        let unsigned = at().form(&[&grant[..], &form].concat());
        assert_eq!(error(&program.send(unsigned).await, 401), "invalid_client", "{form:?}");
    }
    let mut of_wiki = right(&app);
    (of_wiki["iss"], of_wiki["sub"]) = (json!("wiki"), json!("wiki"));
    assert!(!is_proved(&app, &key.sign(&of_wiki)).await, "an app with a secret");
    let own = [("grant_type", "client_credentials")];
    let given = send(&app, "/oauth/token", &token(), &own).await;
    assert_eq!(given.status, 200, "{given:?}");
    assert_eq!(claims(given.json()["access_token"].as_str().unwrap())["sub"], "signer");
}

#[test]
fn a_mistake_in_a_key_of_an_app_is_named_with_its_line() {
    let (key, start) = (Key::draw(Algorithm::EdDsa), "[[apps]]\nid = \"signer\"\n");
    let method = "auth_method = \"private_key_jwt\"\n";
    let keys = format!("public_keys = [\"\"\"\n{}\"\"\"]\n", key.pem());
    let private = keys.replace("PUBLIC", "PRIVATE");
    let secrets = "secrets = [\"sha256:47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU\"]\n";
    for (text, says) in [
        (format!("{start}{method}{keys}"), ""),
        (format!("{start}{private}"), "line 3, apps.public_keys: a public key like"),
        (format!("{start}{private}"), "this is a private one"),
        (format!("{start}public_keys = [\"x\"]\n"), "line 3, apps.public_keys: a public key like"),
        (
            format!("{start}{method}"),
            "\"signer\" has auth_method = \"private_key_jwt\", and no public_keys",
        ),
        (format!("{start}{method}{keys}{secrets}"), "and secrets all the same"),
        (format!("{start}{keys}{secrets}"), "\"signer\" has public_keys, which need"),
        (
            format!(
                "{start}auth_method = \"none\"\nredirect_uris = [\"https://a.example\"]\n{keys}"
            ),
            "\"signer\" has public_keys, which need",
        ),
    ] {
        let said = refusal(&text);
        assert!(
            said.contains(says) && said.is_empty() == says.is_empty(),
            "{said} does not say {says}"
        );
        let body = key.pem().lines().nth(1).unwrap().to_owned();
        assert!(!said.contains(&body), "{said}");
    }
}

#[tokio::test]
async fn an_app_with_keys_is_listed_and_given_no_secret() {
    let app = App::start().await;
    let key = Key::draw(Algorithm::EdDsa);
    std::fs::write(app.folder().join("Leptos.toml"), entry(&[&key])).unwrap();
    let (code, said) = app.command(&["apps", "check"]).await;
    assert!(code == 0 && said.contains("signer  signer, first party, 1 public key,"), "{said}");
    let (code, said) = app.command(&["apps", "rotate", "signer"]).await;
    assert!(code == 1 && said.contains("private_key_jwt") && said.contains("no secrets"), "{said}");
}
