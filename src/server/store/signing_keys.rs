//! Keys that sign tokens for other apps.

use sqlx::FromRow;

use super::{Durability, Store, statement::values};
use crate::server::ground::{clock::Millis, error::Error};

/// A signing key, sealed.
#[derive(Clone, Debug, FromRow)]
pub struct SealedKey {
    pub kid: String,
    pub algorithm: String,
    pub sealed: Vec<u8>,
    pub signs_from: Millis,
}

pub const SIGNING_KEYS: &str = "SELECT kid, algorithm, sealed, signs_from \
    FROM latchkey_signing_keys ORDER BY signs_from DESC LIMIT 100";
pub const INSERT_KEY: &str = "INSERT INTO latchkey_signing_keys \
    (kid, algorithm, sealed, created_at, signs_from) VALUES ($1, $2, $3, $4, $5)";
pub const DELETE_KEY: &str = "DELETE FROM latchkey_signing_keys WHERE kid = $1";

impl Store {
    /// Returns every key, the one that signs last first.
    pub async fn signing_keys(&self) -> Result<Vec<SealedKey>, Error> {
        self.all(SIGNING_KEYS, &values![]).await
    }

    /// Adds a key, unless `is_needed` says that another instance was faster. It sees the keys there
    /// are. Returns false in that case.
    pub async fn add_signing_key(
        &self,
        key: &SealedKey,
        now: Millis,
        is_needed: impl Fn(&[SealedKey]) -> bool,
    ) -> Result<bool, Error> {
        self.transaction(Durability::PowerCut, None, async |tx| {
            let keys: Vec<SealedKey> = tx.all(SIGNING_KEYS, &values![]).await?;
            if !is_needed(&keys) {
                return Ok(false);
            }
            let SealedKey { kid, algorithm, sealed, signs_from } = key;
            tx.execute(INSERT_KEY, &values![kid, algorithm, sealed, now, *signs_from]).await?;
            Ok(true)
        })
        .await
    }

    pub async fn delete_signing_key(&self, kid: &str) -> Result<(), Error> {
        self.execute(DELETE_KEY, &values![kid]).await.map(drop)
    }
}
