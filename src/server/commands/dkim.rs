//! Commands of an operator for the keys that sign mails.

use clap::{Subcommand, ValueEnum};
use std::{
    error::Error,
    fs::OpenOptions,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use crate::server::{
    config::{DkimKey, Settings},
    ground::{clock::Clock, random::Random},
    mail::dkim::{Dkim, Key, Kind},
};

/// Most bytes of one string of a TXT record (RFC 1035, 3.3.14).
const STRING: usize = 255;

#[derive(Subcommand)]
pub enum Commands {
    /// Write a new private key into a file, and print its DNS record and its entry for the policy
    /// file.
    New {
        /// Name of the key below the domain, such as the year: a new key takes a new name.
        #[arg(long)]
        selector: String,
        /// File to write. It must not be there yet.
        #[arg(long)]
        key: PathBuf,
        /// RSA is understood everywhere; Ed25519 is for a second signature.
        #[arg(long = "type", value_enum, default_value_t = Type::Rsa)]
        kind: Type,
        /// Domain that answers for the mails: that of mail.from if left out.
        #[arg(long)]
        domain: Option<String>,
    },
    /// Print the DNS records of the keys in the policy.
    Show,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum Type {
    Rsa,
    Ed25519,
}

/// Runs a command, and prints its result.
pub fn run(settings: &Settings, random: &Random, command: Commands) -> Result<(), Box<dyn Error>> {
    match command {
        Commands::New { selector, key, kind, domain } => {
            let kind = match kind {
                Type::Rsa => Kind::Rsa,
                Type::Ed25519 => Kind::Ed25519,
            };
            let entry = DkimKey { selector, key: std::path::absolute(key)?, domain };
            print!("{}", new(settings, random, kind, entry)?);
        }
        Commands::Show => {
            let dkim = Dkim::open(&settings.policy.mail, &settings.from, Clock::System)?;
            if dkim.keys().is_empty() {
                return Err(
                    "The policy has no [[mail.dkim]]: `latchkey dkim new` makes a key.".into()
                );
            }
            let records: Vec<String> = dkim.keys().iter().map(record).collect();
            print!("{}", records.join("\n"));
        }
    }
    Ok(())
}

/// Writes a new key, and returns what to do with it.
fn new(
    settings: &Settings,
    random: &Random,
    kind: Kind,
    mut entry: DkimKey,
) -> Result<String, Box<dyn Error>> {
    let domain = entry.domain.get_or_insert_with(|| settings.from.email.domain().to_owned());
    let text = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let lines = format!(
        "[[mail.dkim]]\nselector = {}\nkey = {}\ndomain = {}\n",
        text(&entry.selector),
        text(&entry.key.to_string_lossy()),
        text(domain),
    );
    if let Some(why) = entry.fault() {
        return Err(format!("The entry {why}.").into());
    }
    write(&entry.key, &kind.draw(random)?)?;
    let key = Key::read(&entry, "")?;
    Ok(format!(
        "The private key is in {}.\n\nAdd this record to the DNS:\n\n{}\nWhen it can be asked for, \
         add this to the policy file (Leptos.toml), restart, and run `latchkey check`:\n\n{lines}",
        entry.key.display(),
        record(&key),
    ))
}

/// Writes a private key into a new file that only its owner may read.
fn write(path: &Path, pem: &str) -> Result<(), String> {
    let new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    new.and_then(|mut file| file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| format!("{} cannot be written: {error}.", path.display()))
}

/// Returns a record as a zone file has it, and its text as the forms of DNS services ask for it.
fn record(key: &Key) -> String {
    let text = key.record();
    // ASCII, so it can be cut anywhere.
    let (mut rest, mut strings) = (text.as_str(), Vec::new());
    while let Some((string, more)) = rest.split_at_checked(STRING) {
        strings.push(format!("\"{string}\""));
        rest = more;
    }
    strings.push(format!("\"{rest}\""));
    format!(
        "{}. IN TXT ( {} )\n\nIn a form, its name is {} and its value, in one line:\n\n{text}\n",
        key.name(),
        strings.join("\n  "),
        key.name(),
    )
}
