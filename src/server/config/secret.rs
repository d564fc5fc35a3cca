//! The server's secrets: `SESSION_JWT_SECRET`, or one made for development.

use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::ConfigError;
use crate::server::random::Random;

/// 256 bits, the least for HS256 (RFC 7518, 3.2).
const LEAST: usize = 32;

/// What examples and tutorials put where a secret belongs (ASVS 5.0 13.3.1), as its letters alone.
/// No random text holds one of them by chance.
const WELL_KNOWN: [&str; 10] = [
    "changeme",
    "changethis",
    "example",
    "jwtsecret",
    "keyboardcat",
    "password",
    "replaceme",
    "secretkey",
    "supersecret",
    "yoursecret",
];

/// The secrets of a comma-separated list: the first signs, all verify.
pub fn parse(list: &str) -> Result<Vec<String>, ConfigError> {
    let secrets: Vec<String> = list.split(',').map(|secret| secret.trim().to_owned()).collect();
    for (number, secret) in secrets.iter().enumerate() {
        let which =
            if secrets.len() == 1 { String::new() } else { format!(" (number {})", number + 1) };
        let fault = if secret.len() < LEAST {
            format!("is {} bytes long and must be at least {LEAST}", secret.len())
        } else if is_guessable(secret) {
            "is an example value or has a pattern, and anyone could guess it".to_owned()
        } else {
            continue;
        };
        return Err(ConfigError(format!(
            "SESSION_JWT_SECRET{which} {fault}. Set it to the output of `openssl rand -base64 48`."
        )));
    }
    Ok(secrets)
}

fn is_guessable(secret: &str) -> bool {
    let letters: String =
        secret.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_lowercase()).collect();
    let mut distinct = secret.as_bytes().to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    distinct.len() < 10 || WELL_KNOWN.iter().any(|phrase| letters.contains(phrase))
}

/// A secret that lives in `folder` and is made there the first time.
pub fn of_development(folder: &Path) -> Result<String, ConfigError> {
    let path = folder.join("session_jwt_secret");
    let complaint = |error: std::io::Error| {
        ConfigError(format!(
            "{} cannot be used: {error}. Make the folder writable, or set SESSION_JWT_SECRET.",
            path.display()
        ))
    };
    fs::create_dir_all(folder).map_err(complaint)?;
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
        Ok(mut file) => {
            let bytes =
                Random::System.bytes::<48>().map_err(|error| ConfigError(error.to_string()))?;
            file.write_all(STANDARD.encode(bytes).as_bytes()).map_err(complaint)?;
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(complaint(error)),
    }
    let secret = fs::read_to_string(&path).map_err(complaint)?;
    if secret.trim().len() < LEAST {
        return Err(ConfigError(format!(
            "{} is too short to be a secret. Delete it, and a new one is made.",
            path.display()
        )));
    }
    Ok(secret.trim().to_owned())
}
