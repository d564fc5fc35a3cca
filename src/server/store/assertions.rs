//! Names of what counts once: tokens with which apps have proved who they are, and reports of mails.

use super::{Store, statement::values};
use crate::server::ground::{clock::Millis, error::Error};

pub const USE_ASSERTION: &str = "INSERT INTO latchkey_assertions (name, expires_at) \
    VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";

impl Store {
    /// Uses up a token of an app until it expires. Returns false if it was used before.
    pub async fn use_assertion(&self, name: &[u8], expires_at: Millis) -> Result<bool, Error> {
        Ok(self.execute(USE_ASSERTION, &values![name, expires_at]).await? > 0)
    }
}
