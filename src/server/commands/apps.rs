//! Commands of an operator for apps. Secrets are printed once, and written nowhere.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use clap::Subcommand;

use crate::server::{
    config::{
        Policy,
        app_values::SecretHash,
        apps::{App, AuthMethod},
    },
    ground::{error::Error, random::Random},
};

#[derive(Subcommand)]
pub enum Apps {
    /// Print the entry of a new app, and its secret.
    Add {
        id: String,
        /// Name that people see.
        #[arg(long)]
        name: Option<String>,
        /// URI that the browser is sent back to. Can be given several times. A back end that signs
        /// nobody in by the browser needs none.
        #[arg(long = "redirect-uri", required_if_eq("public", "true"))]
        redirect_uris: Vec<String>,
        /// The app can keep no secret: it runs in a browser or on a phone.
        #[arg(long)]
        public: bool,
        /// The app is a back end that sends mails and verifies codes and links by the API.
        #[arg(long, conflicts_with = "public")]
        api: bool,
    },
    /// Print a further secret for an app.
    Rotate { id: String },
    /// Check the apps of the policy, and list them.
    Check,
}

/// Runs a command, and prints its result.
pub fn run(policy: &Policy, random: &Random, command: Apps) -> Result<(), Error> {
    match command {
        Apps::Add { id, name, redirect_uris, public, api } => {
            let kind = match (public, api) {
                (true, _) => Kind::Public,
                (_, true) => Kind::Api,
                _ => Kind::Private,
            };
            print!("{}", add(policy, random, &id, name.as_deref(), &redirect_uris, kind)?);
        }
        Apps::Rotate { id } => print!("{}", rotate_secret(policy, random, &id)?),
        Apps::Check => list(policy).iter().for_each(|line| println!("{line}")),
    }
    Ok(())
}

/// Returns a new secret, and the line of the policy file that knows it.
fn secret(random: &Random) -> Result<(String, String), Error> {
    let secret = URL_SAFE_NO_PAD.encode(random.bytes::<32>()?);
    let hash = String::from(SecretHash::of(&secret));
    Ok((secret, hash))
}

/// Kind of a new app.
#[derive(PartialEq, Eq)]
enum Kind {
    /// It keeps a secret.
    Private,
    /// It can keep none.
    Public,
    /// It keeps a secret, and calls the API.
    Api,
}

/// Returns the entry of a new app for the policy file, and its secret.
fn add(
    policy: &Policy,
    random: &Random,
    id: &str,
    name: Option<&str>,
    redirect_uris: &[String],
    kind: Kind,
) -> Result<String, Error> {
    if policy.apps.iter().any(|app| app.id.as_str() == id) {
        return Err(Error::invalid(format!("There is an app {id:?} already.")));
    }
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let uris: Vec<String> = redirect_uris.iter().map(|uri| text(uri)).collect();
    let mut entry = format!("[[apps]]\nid = {}\nname = {}\n", text(id), text(name.unwrap_or(id)));
    let mut said = String::new();
    if kind == Kind::Public {
        entry += "auth_method = \"none\"\n";
    } else {
        let (secret, hash) = secret(random)?;
        entry += &format!("secrets = [{}]\n", text(&hash));
        said = format!(
            "\nIts secret, for the app's own settings. It is shown only now:\n\n{secret}\n"
        );
    }
    if !uris.is_empty() {
        entry += &format!("redirect_uris = [{}]\n", uris.join(", "));
    }
    if kind == Kind::Api {
        entry += "api = true\n";
    }
    entry += "first_party = true\n";
    // The same parser as for the file, so that a mistake shows now.
    let parsed = toml::from_str::<toml::Table>(&entry).ok().and_then(|mut table| {
        let apps = table.remove("apps")?.try_into::<Vec<App>>();
        Some(apps.map_err(|error| Error::invalid(format!("{}.", error.message().trim_end()))))
    });
    parsed.ok_or(Error::Internal)??;
    Ok(format!("Add this to the policy file (Leptos.toml):\n\n{entry}{said}"))
}

/// Returns a further secret for an app, and what to do with it.
fn rotate_secret(policy: &Policy, random: &Random, id: &str) -> Result<String, Error> {
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
fn list(policy: &Policy) -> Vec<String> {
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
