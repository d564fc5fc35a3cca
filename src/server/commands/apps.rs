//! Commands of an operator for apps and for the keys that sign for them. Secrets are printed once,
//! and written nowhere.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::server::{
    apps::keys::{BY_HAND, KeyRing, Listed},
    config::{
        Policy,
        apps::{App, AuthMethod, SecretHash},
    },
    ground::{clock::SECOND, error::Error, jose::Algorithm, random::Random},
};

/// Returns a new secret, and the line of the policy file that knows it.
fn secret(random: &Random) -> Result<(String, String), Error> {
    let secret = URL_SAFE_NO_PAD.encode(random.bytes::<32>()?);
    let hash = String::from(SecretHash::of(&secret));
    Ok((secret, hash))
}

/// Returns the entry of a new app for the policy file, and its secret.
pub fn add(
    policy: &Policy,
    random: &Random,
    id: &str,
    name: Option<&str>,
    redirect_uris: &[String],
    is_public: bool,
) -> Result<String, Error> {
    if policy.apps.iter().any(|app| app.id.as_str() == id) {
        return Err(Error::invalid(format!("There is an app {id:?} already.")));
    }
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let uris: Vec<String> = redirect_uris.iter().map(|uri| text(uri)).collect();
    let mut entry = format!("[[apps]]\nid = {}\nname = {}\n", text(id), text(name.unwrap_or(id)));
    let mut said = String::new();
    if is_public {
        entry += "auth_method = \"none\"\n";
    } else {
        let (secret, hash) = secret(random)?;
        entry += &format!("secrets = [{}]\n", text(&hash));
        said = format!(
            "\nIts secret, for the app's own settings. It is shown only now:\n\n{secret}\n"
        );
    }
    entry += &format!("redirect_uris = [{}]\nfirst_party = true\n", uris.join(", "));
    // The same parser as for the file, so that a mistake shows now.
    let parsed = toml::from_str::<toml::Table>(&entry).ok().and_then(|mut table| {
        let apps = table.remove("apps")?.try_into::<Vec<App>>();
        Some(apps.map_err(|error| Error::invalid(format!("{}.", error.message().trim_end()))))
    });
    parsed.ok_or(Error::Internal)??;
    Ok(format!("Add this to the policy file (Leptos.toml):\n\n{entry}{said}"))
}

/// Returns a further secret for an app, and what to do with it.
pub fn rotate_secret(policy: &Policy, random: &Random, id: &str) -> Result<String, Error> {
    let app = policy.apps.iter().find(|app| app.id.as_str() == id);
    let Some(app) = app else { return Err(Error::invalid(format!("There is no app {id:?}."))) };
    let method = match app.auth_method {
        AuthMethod::ClientSecretBasic | AuthMethod::ClientSecretPost => None,
        AuthMethod::PrivateKeyJwt => Some("private_key_jwt"),
        AuthMethod::None => Some("none"),
    };
    if let Some(method) = method {
        let why = format!("The app {id:?} has auth_method = {method:?}, and so no secrets.");
        return Err(Error::invalid(why));
    }
    let (secret, hash) = secret(random)?;
    Ok(format!(
        "Add this to the secrets of {id:?}, beside those there are:\n\n{hash:?}\n\nThe secret, for \
         the app's own settings. It is shown only now:\n\n{secret}\n\nOnce the app uses it, remove \
         the old ones.\n"
    ))
}

/// Returns a line for each app.
pub fn list(policy: &Policy) -> Vec<String> {
    let line = |app: &App| {
        let kind = if app.first_party { "first party" } else { "asks for consent" };
        let proofs = match (app.secrets.len(), app.public_keys.len()) {
            (0, 0) => "no secret".to_owned(),
            (0, 1) => "1 public key".to_owned(),
            (0, many) => format!("{many} public keys"),
            (1, _) => "1 secret".to_owned(),
            (many, _) => format!("{many} secrets"),
        };
        let uris: Vec<&str> = app.redirect_uris.iter().map(|uri| uri.as_str()).collect();
        format!(
            "{}  {}, {kind}, {proofs}, {}, {}",
            app.id.as_str(),
            app.shown(),
            app.algorithm.name(),
            uris.join(" ")
        )
    };
    policy.apps.iter().map(line).collect()
}

/// Adds a key of each algorithm that has one, and of RS256: it is published now, and signs in an
/// hour, or with `at_once` now. Programs that keep a copy of the key set then refuse tokens until
/// they have read it again.
pub async fn rotate_keys(keys: &KeyRing, now: i64, at_once: bool) -> Result<Vec<String>, Error> {
    let there = keys.list().await?;
    let has_one = |algorithm: &Algorithm| {
        *algorithm == Algorithm::Rs256 || there.iter().any(|key| key.algorithm == algorithm.name())
    };
    for algorithm in Algorithm::ALL.into_iter().filter(has_one) {
        keys.add(algorithm, if at_once { now } else { now + BY_HAND }).await?;
    }
    list_keys(keys, now).await
}

/// Returns a line for each key.
pub async fn list_keys(keys: &KeyRing, now: i64) -> Result<Vec<String>, Error> {
    let keys = keys.list().await?;
    let line = |n: usize| {
        let key = &keys[n];
        let is_replaced = |other: &&Listed| {
            other.algorithm == key.algorithm && other.signs_from <= now && other.opens
        };
        let state = match (key.signs_from - now) / SECOND {
            _ if !key.opens => "cannot be opened: it was sealed under another secret".to_owned(),
            wait @ 1.. => format!("signs in {wait} s"),
            _ if keys[..n].iter().any(|other| is_replaced(&other)) => "verifies".to_owned(),
            _ => "signs".to_owned(),
        };
        format!("{}  {}  {state}", key.kid, key.algorithm)
    };
    Ok((0..keys.len()).map(line).collect())
}
