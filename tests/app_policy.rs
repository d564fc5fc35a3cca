//! Apps in the policy file.

use latchkey::server::config::app_values::SecretHash;
use reqwest::Method;
use serde_json::json;
use std::time::Duration;

use crate::support::{
    App,
    relying_party::{
        BACK, SECRET, code, policy, refresh, refusal, tokens, until_there_are_keys, user_info,
    },
};

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
async fn scopes_that_the_policy_takes_away_are_gone_from_what_was_granted() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), policy("")).unwrap();
    let app = App::with_file(file.path()).await;
    until_there_are_keys(&app.browser()).await;
    let ada = app.signed_in("ada@example.com").await;
    let code = code(&ada, &[("scope", "openid email offline_access")]).await;
    let given = tokens(&app, &code).await.json();
    let token = |name: &str| given[name].as_str().unwrap().to_owned();
    let all = "scopes = [\"openid\", \"profile\", \"email\", \"offline_access\"]";
    std::fs::write(file.path(), policy("").replace(all, "scopes = [\"openid\"]")).unwrap();
    for _ in 0..500 {
        let told = user_info(&app, &token("access_token")).await.json();
        if told["email"].is_null() {
            let form = [
                ("client_id", "wiki"),
                ("client_secret", SECRET),
                ("token", &token("access_token")),
            ];
            let program = app.browser();
            let ask = program.request(Method::POST, "/oauth/introspect").form(&form);
            assert_eq!(program.send(ask).await.json()["scope"], "openid");
            let fresh = refresh(&app, &token("refresh_token")).await.json();
            assert_eq!(
                (&fresh["scope"], &fresh["refresh_token"]),
                (&json!("openid"), &json!(null))
            );
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the address is still told");
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
    assert!(!policy.contains("api = true"), "it signs people in, and may not call");
    let (code, said) = app.command(&["apps", "add", "backend", "--api"]).await;
    assert!(code == 0 && said.contains("\napi = true\n"), "{said}");
    let (code, said) =
        app.command(&["apps", "add", "a b", "--redirect-uri", "http://a.example"]).await;
    assert_eq!(code, 1, "{said}");
}
