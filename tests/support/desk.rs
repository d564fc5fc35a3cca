//! A server with a desk, and an operator of each role.

use latchkey::server::config::app_values::SecretHash;
use reqwest::Method;

use super::{
    Answer, App, Browser,
    relying_party::{SECRET, with_policy, with_policy_and},
};

/// The policy of a desk, whose operators are named by their roles: `look@example.com`,
/// `help@example.com`, `steer@example.com`. `more` is the rest of the policy.
pub fn policy(more: &str) -> String {
    let operators = ["look", "help", "steer"]
        .map(|role| format!("{{ address = \"{role}@example.com\", role = \"{role}\" }}"));
    let operators = operators.join(", ");
    format!("[desk]\nenabled = true\noperators = [{operators}]\n{more}")
}

/// Starts a server with that desk.
pub async fn with_desk(more: &str) -> App {
    with_policy(&policy(more)).await
}

/// Starts one whose limits are those of the file, and tight.
pub async fn with_limits(more: &str) -> App {
    let names = ["MAILS_PER_MINUTE", "MAILS_PER_HOUR", "SENDS_PER_MINUTE", "VERIFIES_PER_MINUTE"];
    let names = names.map(|name| format!("LATCHKEY_LIMITS__{name}"));
    let variables: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    with_policy_and(&policy(more), &variables).await
}

/// Signs an operator in, by the name of the role.
pub async fn operator(app: &App, role: &str) -> Browser {
    app.signed_in(&format!("{role}@example.com")).await
}

/// The entries of apps that may use the desk, which are named by their roles, and of one that may
/// not: `none`.
pub fn apps_at_desk() -> String {
    let hash = String::from(SecretHash::of(SECRET));
    let entry = |id: &str, desk: &str| {
        format!("[[apps]]\nid = \"{id}\"\nsecrets = [\"{hash}\"]\napi = true\n{desk}\n")
    };
    let of_role = |role: &str| entry(role, &format!("desk = \"{role}\""));
    [of_role("look"), of_role("help"), of_role("steer"), entry("none", "")].concat()
}

/// Asks for a token of an app's own, with these scopes.
pub async fn ask_for_token(app: &App, id: &str, scopes: &str) -> Answer {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", id),
        ("client_secret", SECRET),
        ("scope", scopes),
    ];
    let program = app.browser();
    program.send(program.request(Method::POST, "/oauth/token").form(&form)).await
}

/// A token of an app's own, with these scopes.
pub async fn token(app: &App, id: &str, scopes: &str) -> String {
    let given = ask_for_token(app, id, scopes).await.json();
    given["access_token"].as_str().unwrap_or_else(|| panic!("no token: {given}")).to_owned()
}

/// Calls the desk's API with a token.
pub async fn get(app: &App, token: &str, path: &str) -> Answer {
    let program = app.browser();
    program.send(program.request(Method::GET, path).bearer_auth(token)).await
}
