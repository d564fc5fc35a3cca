//! Creates and changes our tables in one transaction, which also works through a pooler.
//!
//! Not with sqlx's own runner: that takes a lock on the session and names its statements. The table
//! of migrations has the layout that sqlx would give it.

use sqlx::{ColumnIndex, Database, Decode, IntoArguments, Row, Type, migrate::Migrator};
use std::{fmt::Write, time::Duration};

use super::{
    Store,
    backend::{Backend, rows},
    connection::DbConnection,
    open::{self, OpenError, Purpose, place},
    pool::Pool,
    postgres,
    trouble::Trouble,
    url::Place,
};
use crate::server::config::Database as Limits;

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

/// Retries of migrations that met a deadlock. The version before them may still be running, and locks
/// the same tables in orders of its own.
const RETRIES: usize = 10;
const RETRY_AFTER: Duration = Duration::from_millis(200);

impl MigrateError {
    /// True if PostgreSQL chose it as the victim of a deadlock, or a lock did not come in time.
    fn is_deadlock(&self) -> bool {
        let MigrateError::Database(sqlx::Error::Database(error)) = self else { return false };
        error.code().is_some_and(|code| code == "40P01" || code == "55P03")
    }
}

/// Migrations, and the SQL in which the two databases differ.
struct Migrations {
    migrator: Migrator,
    /// The types for bytes and for timestamps.
    types: [&'static str; 2],
    /// The text before and after a bytes literal in hexadecimal.
    bytes: [&'static str; 2],
    lock: &'static str,
}

fn of_sqlite() -> Migrations {
    Migrations {
        migrator: sqlx::migrate!("migrations/sqlite"),
        types: ["BLOB", "TIMESTAMP"],
        bytes: ["X'", "'"],
        lock: "SELECT 1",
    }
}

fn of_postgres() -> Migrations {
    Migrations {
        migrator: sqlx::migrate!("migrations/postgres"),
        types: ["BYTEA", "TIMESTAMPTZ"],
        bytes: ["'\\x", "'::BYTEA"],
        // Any number, the same for all versions.
        lock: "SELECT FROM pg_advisory_xact_lock(5494182362371)",
    }
}

/// A row of our table: a version and the checksum of its migration.
type Made = (i64, Vec<u8>);

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
        C: Backend + 'static,
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
async fn made_if<C>(there: &'static str, pool: &Pool<C>) -> sqlx::Result<Vec<Made>>
where
    C: Backend + 'static,
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
async fn made<C>(db: &mut DbConnection<C>) -> sqlx::Result<Vec<Made>>
where
    C: Backend,
    i64: Type<C::Database> + for<'r> Decode<'r, C::Database>,
    Vec<u8>: Type<C::Database> + for<'r> Decode<'r, C::Database>,
    usize: ColumnIndex<<C::Database as Database>::Row>,
    <C::Database as Database>::Arguments: IntoArguments<C::Database>,
{
    let rows = sqlx::query("SELECT version, checksum FROM latchkey_migrations WHERE success");
    rows.fetch_all(db).await?.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

impl Store {
    /// Creates the tables that the database lacks, over `migrate_url` if that is set. Statements
    /// have no time limit. Returns how many migrations were applied.
    pub async fn migrate(url: &str, limits: &Limits) -> Result<usize, OpenError> {
        let (url, setting) = match &limits.migrate_url {
            Some(url) => (url.as_str(), "database.migrate_url"),
            None => (url, "DATABASE_URL"),
        };
        let place = place(url, setting)?;
        let database = place.name();
        let made = match place {
            Place::Sqlite(options) => {
                let (readers, writer) = open::sqlite(options, 1).await?;
                let made = of_sqlite().run(&writer).await;
                readers.close().await;
                writer.close().await;
                made
            }
            Place::Postgres(options) => {
                let pool = postgres::open(options, limits, 1, Purpose::Migrate).await?;
                let mut made = of_postgres().run(&pool).await;
                for _ in 0..RETRIES {
                    if !made.as_ref().is_err_and(MigrateError::is_deadlock) {
                        break;
                    }
                    tokio::time::sleep(RETRY_AFTER).await;
                    made = of_postgres().run(&pool).await;
                }
                pool.close().await;
                made
            }
        };
        made.map_err(|error| OpenError::Migrate { database, error })
    }

    /// Returns how many migrations the database lacks.
    pub async fn pending_migrations(&self) -> Result<usize, MigrateError> {
        // A database that was never migrated does not have the table.
        let pending = match self {
            Store::Sqlite { readers, .. } => {
                let there = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'latchkey_migrations')";
                of_sqlite().pending(&made_if(there, readers).await?)?.len()
            }
            Store::Postgres(pool) => {
                let there = "SELECT to_regclass('latchkey_migrations') IS NOT NULL";
                of_postgres().pending(&made_if(there, pool).await?)?.len()
            }
        };
        Ok(pending)
    }

    /// True if we may create tables in the database.
    pub async fn may_migrate(&self) -> Result<bool, MigrateError> {
        let Store::Postgres(pool) = self else { return Ok(true) };
        let may = "SELECT COALESCE(has_schema_privilege(current_schema(), 'CREATE'), FALSE)";
        let found: Vec<(bool,)> = rows(pool.run(may, &[]).await?)?;
        Ok(found == [(true,)])
    }
}
