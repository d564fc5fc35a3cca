//! Creates and changes our tables in one transaction, which also works through a pooler.
//!
//! Not with sqlx's own runner: that takes a lock on the session and names its statements. The table
//! of migrations has the layout that sqlx would give it.

use sqlx::{ColumnIndex, Database, Decode, IntoArguments, Row, Type, migrate::Migrator};
use std::fmt::Write;

use super::{
    connection::{DbConnection, Wire},
    pool::Pool,
    trouble::Trouble,
};

/// Table that lists the applied migrations. It has a name of our own, because a program of the team
/// that also migrates with sqlx uses the default name.
const TABLE: &str = "latchkey_migrations";

/// Why tables were not created or changed, as the rest of a sentence.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error("migration {0} was made there by a program in which it is another")]
    Changed(i64),
    #[error(
        "{0} are to be made, and we may not. Run `latchkey migrate` with database.migrate_url of a \
         role that may, or give us the tables"
    )]
    Forbidden(usize),
    #[error("{}", Trouble::sentence_of(.0))]
    Database(#[from] sqlx::Error),
}

/// Migrations, and the SQL in which the two databases differ.
pub(super) struct Migrations {
    pub migrator: Migrator,
    /// The types for bytes and for timestamps.
    types: [&'static str; 2],
    /// The text before and after a bytes literal in hexadecimal.
    bytes: [&'static str; 2],
    lock: &'static str,
}

pub(super) fn of_sqlite() -> Migrations {
    Migrations {
        migrator: sqlx::migrate!("migrations/sqlite"),
        types: ["BLOB", "TIMESTAMP"],
        bytes: ["X'", "'"],
        lock: "SELECT 1",
    }
}

pub(super) fn of_postgres() -> Migrations {
    Migrations {
        migrator: sqlx::migrate!("migrations/postgres"),
        types: ["BYTEA", "TIMESTAMPTZ"],
        bytes: ["'\\x", "'::BYTEA"],
        // Any number, the same for all versions.
        lock: "SELECT FROM pg_advisory_xact_lock(5494182362371)",
    }
}

/// A row of our table: a version and the checksum of its migration.
pub(super) type Made = (i64, Vec<u8>);

impl Migrations {
    /// Returns the migrations that are not in `made`. Unknown rows in `made` come from a newer
    /// version and are no error: the previous version can be started again, because no migration
    /// removes what it needs.
    pub fn pending(&self, made: &[Made]) -> Result<Vec<&sqlx::migrate::Migration>, MigrateError> {
        let mut pending = Vec::new();
        for migration in self.migrator.iter() {
            match made.iter().find(|(version, _)| *version == migration.version) {
                None => pending.push(migration),
                Some((_, checksum)) if *checksum == *migration.checksum => {}
                Some((version, _)) => return Err(MigrateError::Changed(*version)),
            }
        }
        Ok(pending)
    }

    /// Applies the missing migrations and returns how many there were. Instances that do this at
    /// the same time wait for each other.
    pub async fn run<C>(&self, pool: &Pool<C>) -> Result<usize, MigrateError>
    where
        C: Wire + 'static,
        i64: Type<C::Database> + for<'r> Decode<'r, C::Database>,
        Vec<u8>: Type<C::Database> + for<'r> Decode<'r, C::Database>,
        usize: ColumnIndex<<C::Database as Database>::Row>,
        <C::Database as Database>::Arguments: IntoArguments<C::Database>,
    {
        let mut lent = pool.begin(None).await?;
        let db = lent.connection()?;
        db.say(self.lock).await?;
        let [blob, timestamp] = self.types;
        db.say(sqlx::AssertSqlSafe(format!(
            "CREATE TABLE IF NOT EXISTS {TABLE} (version BIGINT PRIMARY KEY, \
             description TEXT NOT NULL, \
             installed_on {timestamp} NOT NULL DEFAULT CURRENT_TIMESTAMP, \
             success BOOLEAN NOT NULL, checksum {blob} NOT NULL, execution_time BIGINT NOT NULL)"
        )))
        .await?;
        let made = made(db).await?;
        let pending = self.pending(&made)?;
        for migration in &pending {
            db.say(migration.sql.clone()).await?;
            let mut hex = String::new();
            for byte in migration.checksum.iter() {
                // Writing to a string does not fail.
                let _ = write!(hex, "{byte:02x}");
            }
            let [before, after] = self.bytes;
            let (version, description) = (migration.version, &migration.description);
            db.say(sqlx::AssertSqlSafe(format!(
                "INSERT INTO {TABLE} (version, description, success, checksum, execution_time) \
                 VALUES ({version}, '{description}', TRUE, {before}{hex}{after}, 0)"
            )))
            .await?;
        }
        db.end("COMMIT").await?;
        lent.give_back();
        Ok(pending.len())
    }
}

/// Returns the applied migrations, or none if the statement `there` says that the table is missing.
pub(super) async fn made_if<C>(there: &'static str, pool: &Pool<C>) -> sqlx::Result<Vec<Made>>
where
    C: Wire + 'static,
    bool: Type<C::Database> + for<'r> Decode<'r, C::Database>,
    i64: Type<C::Database> + for<'r> Decode<'r, C::Database>,
    Vec<u8>: Type<C::Database> + for<'r> Decode<'r, C::Database>,
    usize: ColumnIndex<<C::Database as Database>::Row>,
    <C::Database as Database>::Arguments: IntoArguments<C::Database>,
{
    let mut lent = pool.get().await?;
    let db = lent.connection()?;
    let is_there: bool = sqlx::query(there).fetch_one(&mut *db).await?.try_get(0)?;
    let made = if is_there { made(db).await? } else { Vec::new() };
    lent.give_back();
    Ok(made)
}

/// Returns the applied migrations; the table must exist.
pub(super) async fn made<C>(db: &mut DbConnection<C>) -> sqlx::Result<Vec<Made>>
where
    C: Wire,
    i64: Type<C::Database> + for<'r> Decode<'r, C::Database>,
    Vec<u8>: Type<C::Database> + for<'r> Decode<'r, C::Database>,
    usize: ColumnIndex<<C::Database as Database>::Row>,
    <C::Database as Database>::Arguments: IntoArguments<C::Database>,
{
    let rows = sqlx::query("SELECT version, checksum FROM latchkey_migrations WHERE success");
    rows.fetch_all(db).await?.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
