//! Entry codes: what a browser brings to a guarded host, once, to be let in.

use sqlx::FromRow;

use super::{Store, statement::values};
use crate::server::ground::{clock::Millis, error::Error};

/// An entry code, without the code.
#[derive(Clone, Debug, FromRow)]
pub struct EntryCode {
    pub host: String,
    pub session_id: String,
    /// Hash of what the browser that may use it keeps in a cookie of the host.
    pub state: String,
    /// Path and query that the user wanted.
    pub wanted: String,
    pub expires_at: Millis,
}

pub const INSERT_ENTRY_CODE: &str = "INSERT INTO latchkey_entry_codes \
    (code_hash, host, session_id, state, wanted, expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
pub const ENTRY_CODE: &str = "SELECT host FROM latchkey_entry_codes WHERE code_hash = $1";
pub const TAKE_ENTRY_CODE: &str = "DELETE FROM latchkey_entry_codes WHERE code_hash = $1 \
    RETURNING host, session_id, state, wanted, expires_at";

impl Store {
    pub async fn keep_entry_code(&self, code_hash: &[u8], code: &EntryCode) -> Result<(), Error> {
        let EntryCode { host, session_id, state, wanted, expires_at } = code;
        let row = values![code_hash, host, session_id, state, wanted, *expires_at];
        self.execute(INSERT_ENTRY_CODE, &row).await.map(drop)
    }

    /// Uses up an entry code, whatever becomes of it. Made-up ones write nothing.
    pub async fn take_entry_code(&self, code_hash: &[u8]) -> Result<Option<EntryCode>, Error> {
        let there: Option<(String,)> = self.first(ENTRY_CODE, &values![code_hash]).await?;
        if there.is_none() {
            return Ok(None);
        }
        Ok(self.change(TAKE_ENTRY_CODE, &values![code_hash]).await?.into_iter().next())
    }
}
