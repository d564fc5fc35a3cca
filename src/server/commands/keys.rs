//! Commands of an operator for the keys that sign tokens for apps.

use clap::Subcommand;
use std::sync::Arc;

use crate::server::{
    apps::keys::{BY_HAND, KeyRing, Listed},
    auth::Auth,
    ground::{clock::SECOND, error::Error, jose::Algorithm},
};

#[derive(Subcommand)]
pub enum Keys {
    /// List the keys, and what each is for.
    List,
    /// Add the next key: it is published now and signs in an hour.
    Rotate {
        /// It signs at once, after a leak: apps refuse its tokens until they have read the keys
        /// again.
        #[arg(long)]
        now: bool,
    },
    /// Take a key away after a leak: what it signed counts no more, within a minute.
    Revoke {
        /// Its name in the list.
        // One in 64 begins with a hyphen.
        #[arg(allow_hyphen_values = true)]
        kid: String,
    },
}

/// Runs a command, and prints the keys.
pub async fn run(auth: Auth, command: Keys) -> Result<(), Error> {
    let now = auth.clock.now();
    let keys = KeyRing::new(Arc::new(auth));
    match command {
        Keys::List => {}
        Keys::Rotate { now: at_once } => rotate(&keys, now, at_once).await?,
        Keys::Revoke { kid } => {
            if !keys.revoke(&kid).await? {
                return Err(Error::invalid(format!("There is no key {kid:?}.")));
            }
        }
    }
    list(&keys, now).await?.iter().for_each(|line| println!("{line}"));
    Ok(())
}

/// Adds a key of each algorithm that has one, and of RS256: it is published now, and signs in an
/// hour, or with `at_once` now. Programs that keep a copy of the key set then refuse tokens until
/// they have read it again.
async fn rotate(keys: &KeyRing, now: i64, at_once: bool) -> Result<(), Error> {
    let there = keys.list().await?;
    let has_one = |algorithm: &Algorithm| {
        *algorithm == Algorithm::Rs256 || there.iter().any(|key| key.algorithm == algorithm.name())
    };
    for algorithm in Algorithm::ALL.into_iter().filter(has_one) {
        keys.add(algorithm, if at_once { now } else { now + BY_HAND }).await?;
    }
    Ok(())
}

/// Returns a line for each key.
async fn list(keys: &KeyRing, now: i64) -> Result<Vec<String>, Error> {
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
