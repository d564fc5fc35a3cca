//! Whether the database would take what requests write.

// Connections and answers age by real time, whatever a story's clock says.
#![allow(clippy::disallowed_methods)]

use sqlx::PgConnection;
use std::time::Duration;

use super::{Durability, Pool, Store, Trouble, Writer, trouble};

/// How long the memory of a write that failed for want of room, or of the right to, counts: what a
/// probe writes may still have room where a request has none.
const REMEMBERED: Duration = Duration::from_secs(5);

impl Store {
    /// Whether a request that writes could be served now; if not, why.
    pub async fn probe(&self) -> Result<(), String> {
        let probed = match self {
            Store::Sqlite { writer, .. } => rewrite(writer).await,
            Store::Postgres(pool) => is_writable(pool).await,
        };
        let remembered = self.trouble().filter(|trouble| trouble.at.elapsed() < REMEMBERED);
        match (probed, remembered) {
            (Err(error), _) => Err(Trouble::sentence_of(&error)),
            (Ok(false), _) => {
                Err("it takes no writes now (a standby, or made read-only)".to_owned())
            }
            (Ok(true), Some(trouble)) if trouble.is_full => Err(trouble.sentence),
            (Ok(true), _) => Ok(()),
        }
    }

    /// The last that was wrong with the database.
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Store::Sqlite { readers, writer } => {
                let both = [readers.trouble(), writer.pool().trouble()];
                both.into_iter().flatten().max_by_key(|trouble| trouble.at)
            }
            Store::Postgres(pool) => pool.trouble(),
        }
    }
}

/// That a file may be written at all, full or not.
pub(super) async fn judge_file(writer: &Writer) -> sqlx::Result<()> {
    match rewrite(writer).await {
        Err(error) if trouble::is_read_only(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Writes a row as it is: whether a file takes writes, only a write tells.
async fn rewrite(writer: &Writer) -> sqlx::Result<bool> {
    let mut lent = writer.get().await?;
    let db = lent.connection()?;
    db.flush_for(Durability::ProcessEnd).await?;
    // Before the first start there is none yet.
    let there = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'latchkey_migrations')";
    if sqlx::query_scalar(there).fetch_one(&mut *db).await? {
        db.say("UPDATE latchkey_migrations SET success = success WHERE version = 1").await?;
    }
    lent.give_back();
    Ok(true)
}

/// Asks whether a transaction could write. If not, this connection and those like it lead to a
/// server that is not the first any more: they are closed, and new ones find the one that is.
async fn is_writable(pool: &Pool<PgConnection>) -> sqlx::Result<bool> {
    let ask = "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'";
    let mut lent = pool.get().await?;
    let db = lent.connection()?;
    let is_writable: bool = sqlx::query_scalar(ask).fetch_one(&mut *db).await?;
    if !is_writable {
        db.spend();
    }
    lent.give_back();
    Ok(is_writable)
}
