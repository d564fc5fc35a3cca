//! The keys that sign tokens for apps. They are drawn when the first app needs one, kept in the
//! database under the server's secret, shared by all instances, and replaced by age: the next one
//! is published a day before it signs, the last one as long as an app may show what it signed.

use arc_swap::ArcSwapOption;
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::sync::Mutex;

use crate::server::{
    auth::Auth,
    ground::{
        clock::{DAY, HOUR, Millis},
        error::Error,
        jose::{Algorithm, SigningKey, kid_of},
    },
    store::SealedKey,
};

/// Time that a key signs before the next one does.
const SIGNS_FOR: Millis = 90 * DAY;
/// Time that a key is published before it signs: longer than anybody keeps the key set.
const AHEAD: Millis = DAY;
/// Time that a key is published after it signed last: an app shows the ID token of a sign-in when
/// its user signs out (OpenID Connect RP-Initiated Logout, 2).
const AFTER: Millis = 30 * DAY;
/// Time that an operator's next key is published before it signs.
pub const BY_HAND: Millis = HOUR;
/// Time that the keys are kept in memory. Shorter than a key is published before it signs.
const FRESH: Duration = Duration::from_secs(60);

/// The keys, as they were read last.
#[derive(Debug)]
pub struct KeyRing {
    auth: Arc<Auth>,
    read: ArcSwapOption<(Duration, Arc<[Known]>)>,
    /// Held while a key of each algorithm is drawn: those who wait for it draw none of their own,
    /// and those who need another algorithm do not wait.
    drawing: [Mutex<()>; Algorithm::ALL.len()],
}

/// A key with the time from which it signs.
#[derive(Debug)]
struct Known {
    key: Arc<SigningKey>,
    signs_from: Millis,
}

/// A key as an operator sees it.
#[derive(Debug)]
pub struct Listed {
    pub kid: String,
    pub algorithm: String,
    pub signs_from: Millis,
    /// True if the server's secrets open it.
    pub opens: bool,
}

impl KeyRing {
    pub fn new(auth: Arc<Auth>) -> Self {
        KeyRing { auth, read: ArcSwapOption::empty(), drawing: Default::default() }
    }

    /// Returns the key that signs with this algorithm, and draws it if there is none.
    pub async fn signing(&self, algorithm: Algorithm) -> Result<Arc<SigningKey>, Error> {
        let known = self.known(false).await?;
        let Some(next) = self.due(algorithm, &known) else {
            return self.signs(algorithm, &known);
        };
        let added = self.add_once(algorithm, next).await;
        match (added, self.signs(algorithm, &self.known(true).await?)) {
            (Err(error), Ok(last)) => {
                tracing::warn!(%error, "the next signing key could not be added");
                Ok(last)
            }
            (added, signs) => added.and(signs),
        }
    }

    /// Returns the key that signs now. If all have a time to come, by a clock that is ahead of ours,
    /// it is the first of them.
    fn signs(&self, algorithm: Algorithm, known: &[Known]) -> Result<Arc<SigningKey>, Error> {
        let now = self.auth.clock.now();
        let of_algorithm = || known.iter().filter(|known| known.key.algorithm == algorithm);
        let signs =
            of_algorithm().find(|known| known.signs_from <= now).or(of_algorithm().next_back());
        signs.map(|known| known.key.clone()).ok_or(Error::Internal)
    }

    /// Returns the time from which a further key is to sign, if one is due.
    fn due(&self, algorithm: Algorithm, known: &[Known]) -> Option<Millis> {
        let now = self.auth.clock.now();
        let newest = known.iter().find(|known| known.key.algorithm == algorithm);
        let end = newest.map(|newest| newest.signs_from + SIGNS_FOR);
        match end {
            None => Some(now),
            Some(end) => (end - AHEAD <= now).then(|| end.max(now + BY_HAND)),
        }
    }

    /// Adds a key, if it is still due once it is our turn.
    async fn add_once(&self, algorithm: Algorithm, signs_from: Millis) -> Result<(), Error> {
        let _drawing = self.drawing[algorithm as usize].lock().await;
        let known = self.known(true).await?;
        if self.due(algorithm, &known).is_none() {
            return Ok(());
        }
        add(&self.auth, algorithm, signs_from, true).await
    }

    /// Returns the key that a token names, if it is ours.
    pub async fn of_token(&self, token: &str) -> Result<Option<Arc<SigningKey>>, Error> {
        let Some(kid) = kid_of(token) else { return Ok(None) };
        let named = |known: &[Known]| {
            known.iter().find(|known| known.key.kid == kid).map(|known| known.key.clone())
        };
        if let Some(key) = named(&self.known(false).await?) {
            return Ok(Some(key));
        }
        // Another instance may have added it since. Made-up names cause no more reads than this.
        let is_old = self.read.load().as_ref().is_none_or(|read| {
            self.auth.clock.monotonic().saturating_sub(read.0) >= Duration::from_secs(2)
        });
        Ok(if is_old { named(&self.known(true).await?) } else { None })
    }

    /// Returns the key set that apps read (RFC 7517, 5): the key of each algorithm that signs for an
    /// app or a guarded host, and all others that still count.
    pub async fn published(&self) -> Result<Value, Error> {
        // ES256 is for access tokens and assertions.
        let mut algorithms = vec![Algorithm::Rs256, Algorithm::Es256];
        algorithms.extend(self.auth.policy().apps.iter().map(|app| app.algorithm));
        for algorithm in algorithms {
            self.signing(algorithm).await?;
        }
        let known = self.known(false).await?;
        let keys: Vec<&Value> = known.iter().map(|known| &known.key.jwk).collect();
        Ok(json!({ "keys": keys }))
    }

    /// Adds a key that signs from then on, for an operator.
    pub async fn add(&self, algorithm: Algorithm, signs_from: Millis) -> Result<(), Error> {
        add(&self.auth, algorithm, signs_from, false).await
    }

    /// Takes a key away for an operator, and adds one that signs in its place if no other does.
    /// Other instances follow within [`FRESH`]. Returns false if there is no such key.
    pub async fn revoke(&self, kid: &str) -> Result<bool, Error> {
        let keys = self.auth.store.signing_keys().await?;
        let Some(key) = keys.iter().find(|key| key.kid == kid) else { return Ok(false) };
        self.auth.store.delete_signing_key(kid).await?;
        let now = self.auth.clock.now();
        let signs = |other: &SealedKey| {
            other.kid != kid && other.algorithm == key.algorithm && other.signs_from <= now
        };
        if let Some(algorithm) = Algorithm::named(&key.algorithm)
            && !keys.iter().any(signs)
        {
            self.add(algorithm, now).await?;
        }
        Ok(true)
    }

    /// Lists the keys for an operator.
    pub async fn list(&self) -> Result<Vec<Listed>, Error> {
        let keys = self.auth.store.signing_keys().await?;
        let listed = keys.into_iter().map(|key| Listed {
            opens: open(&self.auth, &key).is_some(),
            kid: key.kid,
            algorithm: key.algorithm,
            signs_from: key.signs_from,
        });
        Ok(listed.collect())
    }

    /// Returns the keys that count, the one that signs last first. Those that do no more are
    /// deleted; those that no secret in force opens are of no use.
    async fn known(&self, anew: bool) -> Result<Arc<[Known]>, Error> {
        if let Some(read) = self.read.load_full().filter(|_| !anew)
            && self.auth.clock.monotonic().saturating_sub(read.0) < FRESH
        {
            return Ok(read.1.clone());
        }
        let now = self.auth.clock.now();
        let mut known: Vec<Known> = Vec::new();
        for row in self.auth.store.signing_keys().await? {
            let successor = known.iter().rfind(|known| known.key.algorithm.name() == row.algorithm);
            if successor.is_some_and(|successor| successor.signs_from + AFTER < now) {
                self.auth.store.delete_signing_key(&row.kid).await?;
            } else if let Some(key) = open(&self.auth, &row) {
                known.push(Known { key: Arc::new(key), signs_from: row.signs_from });
            }
        }
        let known: Arc<[Known]> = known.into();
        self.read.store(Some(Arc::new((self.auth.clock.monotonic(), known.clone()))));
        Ok(known)
    }
}

/// Draws a key and adds it; with `once` only unless another instance has just added one.
async fn add(
    auth: &Arc<Auth>,
    algorithm: Algorithm,
    signs_from: Millis,
    once: bool,
) -> Result<(), Error> {
    let random = auth.random.clone();
    // An RSA key takes longer to draw than anybody's request should wait for a thread.
    let drawn = tokio::task::spawn_blocking(move || SigningKey::draw(algorithm, &random));
    let pkcs8 = drawn.await.map_err(|_| Error::Internal)??;
    let key = SigningKey::read(algorithm, &pkcs8).ok_or(Error::Internal)?;
    let sealed = auth.keys.seal(&auth.random, &purpose(&key.kid), &pkcs8)?;
    let row = SealedKey {
        kid: key.kid.clone(),
        algorithm: algorithm.name().to_owned(),
        sealed,
        signs_from,
    };
    let is_needed = |keys: &[SealedKey]| {
        let is_like_it = |key: &&SealedKey| (key.signs_from - signs_from).abs() < BY_HAND / 2;
        let mut of_algorithm = keys.iter().filter(|key| key.algorithm == algorithm.name());
        !once || !of_algorithm.any(|key| is_like_it(&key) && open(auth, key).is_some())
    };
    if auth.store.add_signing_key(&row, auth.clock.now(), is_needed).await? {
        tracing::info!(kid = %row.kid, algorithm = %row.algorithm, "a signing key was added");
    }
    Ok(())
}

fn open(auth: &Auth, row: &SealedKey) -> Option<SigningKey> {
    let pkcs8 = auth.keys.open(&purpose(&row.kid), &row.sealed)?;
    SigningKey::read(Algorithm::named(&row.algorithm)?, &pkcs8)
}

/// Returns the purpose bound to the seal of a key.
fn purpose(kid: &str) -> String {
    format!("signing key {kid}")
}
