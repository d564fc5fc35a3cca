//! Discovery: the description of this server, and its keys.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use latchkey::server::ground::clock::{DAY, HOUR, SECOND};
use serde_json::Value;

use crate::support::{
    App,
    relying_party::{code, error, tokens, user_info, with_apps},
};

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
        let lists = |name: &str, one: &str| {
            described[name].as_array().is_some_and(|all| all.iter().any(|listed| listed == one))
        };
        for (name, one) in [
            ("grant_types_supported", "urn:ietf:params:oauth:grant-type:device_code"),
            ("token_endpoint_auth_methods_supported", "private_key_jwt"),
            ("token_endpoint_auth_signing_alg_values_supported", "ES256"),
            ("introspection_endpoint_auth_methods_supported", "private_key_jwt"),
        ] {
            assert!(lists(name, one), "{name} lists no {one}");
        }
        assert!(!lists("introspection_endpoint_auth_methods_supported", "none"));
    }
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

#[tokio::test]
async fn a_key_that_leaked_is_taken_away_with_what_it_signed() {
    let app = with_apps("").await;
    let ada = app.signed_in("ada@example.com").await;
    let given = tokens(&app, &code(&ada, &[]).await).await.json();
    let token = given["access_token"].as_str().unwrap();
    assert_eq!(user_info(&app, token).await.status, 200);
    let header = URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    let kid = header["kid"].as_str().unwrap();
    let (status, said) = app.command(&["keys", "revoke", kid]).await;
    assert_eq!((status, said.contains(kid)), (0, false), "{said}");
    assert!(said.contains("RS256  signs"), "another takes its place: {said}");
    app.clock.advance(61 * SECOND);
    assert_eq!(error(&user_info(&app, token).await, 401), "invalid_token");
    let fresh = tokens(&app, &code(&ada, &[]).await).await.json();
    assert_eq!(user_info(&app, fresh["access_token"].as_str().unwrap()).await.status, 200);
    for gone in [kid, "-_name-that-begins-with-a-hyphen"] {
        let (status, said) = app.command(&["keys", "revoke", gone]).await;
        assert_eq!((status, said.contains("There is no key")), (1, true), "{said}");
    }
}

#[tokio::test]
async fn a_key_is_added_by_hand_as_often_as_it_is_asked_for() {
    let app = with_apps("").await;
    let keys = "SELECT COUNT(*) FROM latchkey_signing_keys WHERE algorithm = 'RS256'";
    let before = app.count(keys).await;
    for more in 1..=2 {
        assert_eq!(app.command(&["keys", "rotate", "--now"]).await.0, 0);
        assert_eq!(app.count(keys).await, before + more);
    }
}
