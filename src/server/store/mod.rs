//! The database: SQLite embedded, or PostgreSQL for more than one instance. All SQL is in this
//! folder, written once with `$1` placeholders that both understand; columns are TEXT, BIGINT and
//! BLOB/BYTEA.
//!
//! A function here is one atomic step. What makes a step right or wrong is decided by `sign_in`;
//! where the decision has to happen inside the transaction, it comes in as a closure.

mod audit;
mod auth_requests;
mod bans;
mod mapped;
mod outbox;
mod overview;
mod pool;
mod purge;
mod run;
mod sessions;
mod trust;
mod users;
mod verification;

pub use audit::AuditEvent;
pub use auth_requests::{AuthRequest, Credential, Ended, NewAuthRequest, Origin};
pub use mapped::{MapError, MappedUsers, ROWS_OF_A_START};
use outbox::INSERT_MAIL;
pub use outbox::{NewMail, QueuedMail};
pub use overview::{Line, OVERVIEW, Overview};
pub use pool::Pool;
pub(crate) use run::{
    DURABLE, Dialect, SURVIVES_THE_PROCESS, Tx, execute, finish, lend, read, returning, run_all,
    run_batch, transaction, write,
};
pub use sessions::{NewSession, SessionRow};
pub use trust::{DEVICES_KNOWN_FOR, Dispute, NewPassword};
pub use users::{FailedTry, RightPassword};
pub use verification::{Admission, Completed, Verdict};

use sqlx::{
    Acquire, ConnectOptions, Connection, PgConnection, SqliteConnection,
    migrate::{Migrate, MigrateError, Migrator},
    postgres::{PgConnectOptions, PgSslMode},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{path::Path, str::FromStr, time::Duration};

use crate::{
    error::Error,
    server::{clock::Millis, config::is_here},
};

/// Connections at once: of SQLite's readers, and to PostgreSQL.
const READERS: usize = 4;
const CONNECTIONS: usize = 16;

/// Pages of SQLite's log (4 KiB each) before whoever writes has to fold it into the file. Most of
/// them are folded in by [`Store::checkpoint`] before it comes to that.
const LONGEST_LOG: &str = "4000";

/// The table that says which migrations were made.
const MIGRATIONS: &str = "latchkey_migrations";

/// Either database.
#[derive(Clone, Debug)]
pub enum Store {
    /// Many readers and one writer, as SQLite itself has it: writers queue here, in order, instead
    /// of polling a lock.
    Sqlite {
        readers: Pool<SqliteConnection>,
        writer: Pool<SqliteConnection>,
    },
    Postgres(Pool<PgConnection>),
}

/// Why a database could not be opened, as a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("DATABASE_URL must start with sqlite:// or postgres://, and is {0:?}.")]
    Scheme(String),
    #[error("DATABASE_URL cannot be understood: {0}.")]
    Url(sqlx::Error),
    #[error("The database {database} cannot be opened: {error}. {}", remedy(error))]
    Open { database: String, error: sqlx::Error },
    #[error("The database cannot be migrated: {0}.")]
    Migrate(MigrateError),
}

impl Store {
    /// Opens the database that `url` names, creates it if it is a file that does not exist, and
    /// migrates it. Instances that start together take turns.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        let store = Self::connect(url).await?;
        let migrations = store.migrations();
        let migrated = match &store {
            Store::Sqlite { writer, .. } => migrate(writer, &migrations).await,
            Store::Postgres(pool) => migrate(pool, &migrations).await,
        };
        migrated.map_err(OpenError::Migrate)?;
        if let Store::Sqlite { writer, .. } = &store {
            forget_statistics(writer)
                .await
                .map_err(|error| OpenError::Open { database: name_of(url), error })?;
        }
        Ok(store)
    }

    /// The same, but for the migrations.
    pub async fn connect(url: &str) -> Result<Self, OpenError> {
        match url.split(':').next() {
            Some("sqlite") => Self::open_sqlite(url).await,
            Some("postgres" | "postgresql") => Self::open_postgres(url).await,
            // Not the whole of it: it may hold a password.
            scheme => Err(OpenError::Scheme(scheme.unwrap_or_default().to_owned())),
        }
    }

    async fn open_sqlite(url: &str) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::from_str(url)
            .map_err(OpenError::Url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .pragma("wal_autocheckpoint", LONGEST_LOG)
            .disable_statement_logging();
        let file = options.get_filename().to_owned();
        let database = name_of(url);
        let unopened = |error| OpenError::Open { database: database.clone(), error };
        if let Some(folder) = file.parent().filter(|folder| *folder != Path::new("")) {
            std::fs::create_dir_all(folder).map_err(|error| unopened(sqlx::Error::Io(error)))?;
        }
        let writer = Pool::open(options.clone(), 1).await.map_err(unopened)?;
        let readers = Pool::open(options, READERS).await.map_err(unopened)?;
        Ok(Store::Sqlite { readers, writer })
    }

    async fn open_postgres(url: &str) -> Result<Self, OpenError> {
        let options =
            PgConnectOptions::from_str(url).map_err(OpenError::Url)?.disable_statement_logging();
        let database = name_of(url);
        let is_far = options.get_socket().is_none() && !is_here(options.get_host());
        if is_far
            && matches!(
                options.get_ssl_mode(),
                PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer
            )
        {
            tracing::warn!(
                "the connection to {database} need not be encrypted: add ?sslmode=verify-full to DATABASE_URL"
            );
        }
        let pool = Pool::open(options, CONNECTIONS)
            .await
            .map_err(|error| OpenError::Open { database: database.clone(), error })?;
        Ok(Store::Postgres(pool))
    }

    /// The migrations, noted in a table of our own: a team's program that migrates with sqlx, too,
    /// has one of the usual name. Those of a newer version are no fault: the last version can be
    /// started again, because no migration takes away what it needs.
    fn migrations(&self) -> Migrator {
        let mut migrations = match self {
            Store::Sqlite { .. } => sqlx::migrate!("migrations/sqlite"),
            Store::Postgres(_) => sqlx::migrate!("migrations/postgres"),
        };
        migrations.dangerous_set_table_name(MIGRATIONS);
        migrations.set_ignore_missing(true);
        migrations
    }

    /// How many migrations the database lacks.
    pub async fn pending_migrations(&self) -> Result<usize, Error> {
        self.ping().await?;
        // A database that was never migrated has no such table.
        let done: i64 = read!(self, db => {
            sqlx::query_scalar("SELECT COUNT(*) FROM latchkey_migrations WHERE success").fetch_one(db).await.unwrap_or(0)
        });
        Ok(self.migrations().iter().count().saturating_sub(usize::try_from(done).unwrap_or(0)))
    }

    /// Whether tables may be made there.
    pub async fn may_migrate(&self) -> Result<bool, Error> {
        let may = match self {
            Store::Sqlite { .. } => return Ok(true),
            Store::Postgres(_) => {
                "SELECT COALESCE(has_schema_privilege(current_schema(), 'CREATE'), FALSE)"
            }
        };
        Ok(read!(self, db => sqlx::query_scalar(may).fetch_one(db).await?))
    }

    /// What time it is where the database is.
    pub async fn clock(&self) -> Result<Millis, Error> {
        let time = match self {
            Store::Sqlite { .. } => "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Store::Postgres(_) => "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT",
        };
        Ok(read!(self, db => sqlx::query_scalar(time).fetch_one(db).await?))
    }

    /// Folds SQLite's log into its file, as far as nobody has to wait for it. Otherwise it would be
    /// one of those who write, each time the log is full, and on a large file, of which any page
    /// may have changed, for long.
    pub async fn checkpoint(&self) -> Result<(), Error> {
        if let Store::Sqlite { readers, .. } = self {
            lend!(readers, db => sqlx::raw_sql("PRAGMA wal_checkpoint(PASSIVE)").execute(db).await?);
        }
        Ok(())
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Error> {
        read!(self, db => sqlx::query("SELECT 1").execute(db).await.map(drop)?);
        Ok(())
    }

    /// Closes every connection, so that SQLite folds its log into the file.
    pub async fn close(&self) {
        match self {
            Store::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Store::Postgres(pool) => pool.close().await,
        }
    }
}

/// The database that a URL names, without its secrets.
pub fn name_of(url: &str) -> String {
    if url.starts_with("sqlite:") {
        let file = SqliteConnectOptions::from_str(url)
            .map(|options| options.get_filename().display().to_string());
        return file.map_or("SQLite".to_owned(), |file| format!("SQLite, {file}"));
    }
    let options = PgConnectOptions::from_str(url);
    options.map_or("PostgreSQL".to_owned(), |options| {
        format!(
            "PostgreSQL, {} on {}",
            options.get_database().unwrap_or("postgres"),
            options.get_host()
        )
    })
}

/// What to do about a database that cannot be opened.
fn remedy(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Tls(_) => {
            "If an authority of your own signed its certificate, name that by sslrootcert= in DATABASE_URL."
        }
        // PostgreSQL's classes: invalid_authorization_specification, invalid_catalog_name.
        sqlx::Error::Database(error) if error.code().is_some_and(|code| code.starts_with("28")) => {
            "Check user and password in DATABASE_URL, and that pg_hba.conf lets this host in."
        }
        sqlx::Error::Database(error) if error.code().is_some_and(|code| code == "3D000") => {
            "Make it, with `createdb --owner` and our user, or check its name in DATABASE_URL."
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => {
            "Check DATABASE_URL, and that the way there is open (a folder: writable)."
        }
        _ => "Check DATABASE_URL; of a file, that its folder is writable.",
    }
}

/// One after another of those that start together: the migrator waits for a lock of the database.
async fn migrate<C>(pool: &Pool<C>, migrations: &Migrator) -> Result<(), MigrateError>
where
    C: Connection + Migrate,
    for<'c> &'c mut C: Acquire<'c, Connection = &'c mut C, Database = C::Database>,
{
    let mut lent = pool.get().await?;
    migrations.run(lent.connection()?).await?;
    lent.give_back();
    Ok(())
}

/// Drops what an ANALYZE has left, of ours or of whoever shares the file: statistics of tables that
/// were small make SQLite read them whole once they have grown. Without any it takes the indexes,
/// which is right for every statement of ours.
async fn forget_statistics(writer: &Pool<SqliteConnection>) -> Result<(), sqlx::Error> {
    // Not given back, but closed: what a connection has read of them it keeps.
    let mut lent = writer.get().await?;
    sqlx::raw_sql("DROP TABLE IF EXISTS sqlite_stat1").execute(lent.connection()?).await?;
    Ok(())
}

/// People are told to come back, operators are told why.
impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "the database failed");
        match error {
            sqlx::Error::Decode(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_) => Error::Internal,
            _ => Error::Unavailable,
        }
    }
}
