//! The server's secrets: `SESSION_JWT_SECRET`, or one that is made for development.

use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use super::ConfigError;
use crate::server::ground::random::Random;

/// Minimum length in bytes: 256 bits, the least for HS256 (RFC 7518, 3.2).
const LEAST: usize = 32;

/// Placeholders for secrets in examples and tutorials (ASVS 5.0 13.3.1), reduced to their letters.
/// No random text contains one of them by chance.
const WELL_KNOWN: [&str; 8] = [
    "changeme",
    "changethis",
    "example",
    "insecure",
    "keyboardcat",
    "password",
    "replaceme",
    "secret",
];

/// The start of a published key that looks random: the one of RFC 7515, A.1.
const PUBLISHED: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwj";

/// The rows of a keyboard, which people type along.
const ROWS: [&[u8]; 4] = [b"1234567890", b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];

/// Minimum number of characters that do not follow from those before them. Of 32 random hexadecimal
/// digits, the poorest secret that is long enough, about 26 do not.
const FRESH: usize = 16;

/// Parses secrets separated by commas or, as in a file, by lines. The first signs, all verify.
pub fn parse(list: &str) -> Result<Vec<String>, ConfigError> {
    let secrets: Vec<String> =
        list.split([',', '\n']).map(|secret| secret.trim().to_owned()).collect();
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
    let bytes = secret.as_bytes();
    let mut distinct = bytes.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    // A short secret repeated is still a short secret.
    let repeats = (1..LEAST)
        .any(|period| bytes.iter().skip(period).eq(bytes.iter().take(bytes.len() - period)));
    distinct.len() < 10 || repeats || is_known(secret) || fresh(secret) < FRESH
}

/// Counts the characters that continue no series (abc, 321, aaa), no row of a keyboard, and no
/// sequence of three that came before. zxcvbn is not used: it judges passwords, its dictionaries
/// cost each start 20 ms and the process 7 MiB permanently, and a secret of 32 characters rarely
/// consists of words.
fn fresh(secret: &str) -> usize {
    let bytes = secret.to_ascii_lowercase().into_bytes();
    let beside = |row: &[u8], one: u8, other: u8| {
        row.windows(2).any(|pair| pair == [one, other] || pair == [other, one])
    };
    let is_fresh = |at: &usize| {
        let (before, this) = (bytes[..*at].last().copied().unwrap_or_default(), bytes[*at]);
        let continues =
            before.abs_diff(this) <= 1 || ROWS.iter().any(|row| beside(row, before, this));
        let came_before = at
            .checked_sub(2)
            .is_some_and(|from| bytes[..*at].windows(3).any(|three| three == &bytes[from..=*at]));
        !continues && !came_before
    };
    (0..bytes.len()).filter(is_fresh).count()
}

/// Reports whether the secret is the published key or contains a placeholder from examples, in
/// letters or in digits that look like them.
pub fn is_known(secret: &str) -> bool {
    let as_letter = |c: char| match c.to_ascii_lowercase() {
        '0' => Some('o'),
        '1' => Some('i'),
        '3' => Some('e'),
        '4' | '@' => Some('a'),
        '5' | '$' => Some('s'),
        c => c.is_ascii_alphabetic().then_some(c),
    };
    let letters: String = secret.chars().filter_map(as_letter).collect();
    secret.starts_with(PUBLISHED) || WELL_KNOWN.iter().any(|phrase| letters.contains(phrase))
}

/// Reads the secret in `folder`, and creates it there the first time.
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
