//! Checks whether the database accepts writes.

// Connections and answers age in real time, even when a test moves the clock.
#![allow(clippy::disallowed_methods)]

use sqlx::PgConnection;
use std::time::Duration;

use super::{Durability, Pool, Store, Trouble, Writer, trouble};

/// Time for which a write that failed because the disk is full or broken counts: the small write of
/// a probe may still succeed when that of a request fails.
const REMEMBERED: Duration = Duration::from_secs(5);

impl Store {
    /// Checks whether a request that writes could be served now. The error says why not.
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

    /// Returns the last thing that went wrong with the database.
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

/// Fails if the file is read-only. Other errors, such as a full disk, pass.
pub(super) async fn judge_file(writer: &Writer) -> sqlx::Result<()> {
    match rewrite(writer).await {
        Err(error) if trouble::is_read_only(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Writes a row unchanged: only a write shows whether a file can be written.
async fn rewrite(writer: &Writer) -> sqlx::Result<bool> {
    let mut lent = writer.get().await?;
    let db = lent.connection()?;
    db.flush_for(Durability::ProcessEnd).await?;
    // Before the first start the table does not exist yet.
    let there = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'latchkey_migrations')";
    if sqlx::query_scalar(there).fetch_one(&mut *db).await? {
        db.say("UPDATE latchkey_migrations SET success = success WHERE version = 1").await?;
    }
    lent.give_back();
    Ok(true)
}

/// Asks whether a transaction could write. If not, the server is no longer the primary: this
/// connection and the idle ones are closed, so that new ones find the primary.
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

/// Drops the statistics that an ANALYZE has left, of ours or of another program that uses the file:
/// statistics of tables that were small make SQLite scan them once they have grown. Without any, it
/// uses the indexes, which is right for all our statements.
pub(super) async fn forget_statistics(writer: &Writer) -> Result<(), sqlx::Error> {
    // Closed instead of lent again: a connection keeps the statistics that it has read.
    let mut lent = writer.get().await?;
    let db = lent.connection()?;
    db.spend();
    db.say("DROP TABLE IF EXISTS sqlite_stat1").await
}
