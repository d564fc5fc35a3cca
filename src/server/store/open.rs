//! Opening a database, and the sentence for the operator if that fails.

use sqlx::{
    ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{path::Path, time::Duration};

use super::{
    Store, Writer,
    connection::Setup,
    health,
    migrate::MigrateError,
    pool::Pool,
    postgres,
    url::{BadUrl, Place, missing_file, name_of},
};
use crate::server::config::Database;

/// Why a database could not be opened, as a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{setting} {why}")]
    Url { setting: &'static str, why: BadUrl },
    #[error(
        "The database {database} cannot be opened: {error}. {}",
        remedy(error).replace("its URL", purpose.setting())
    )]
    Open { database: String, error: sqlx::Error, purpose: Purpose },
    #[error(
        "The database {database} keeps its texts as {encoding}, which does not hold every address: \
         make one with `createdb --encoding UTF8 --template template0`."
    )]
    Encoding { database: String, encoding: String },
    #[error("The database {database} cannot be migrated: {error}.")]
    Migrate { database: String, error: MigrateError },
    #[error("There is no database at {file}; the server makes it at its first start.")]
    Missing { file: String },
    #[error("The database {database} lacks tables, which the server makes at its start.")]
    Untabled { database: String },
}

/// Purpose for which a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Serve,
    /// Read tables that belong to others.
    Read,
    /// Create and change tables, without a time limit on statements.
    Migrate,
}

impl Purpose {
    /// Returns the setting that names the database.
    pub fn setting(self) -> &'static str {
        match self {
            Purpose::Serve => "DATABASE_URL",
            Purpose::Read => "users.database_url",
            Purpose::Migrate => "DATABASE_URL (or database.migrate_url)",
        }
    }
}

/// Number of SQLite connections that read.
const READERS: usize = 4;

/// Pages of SQLite's log (4 KiB each) after which a write has to move it into the database file.
/// `Store::checkpoint` moves most of them before that.
const LONGEST_LOG: &str = "4000";

impl Store {
    /// Opens the database that `url` names. Creates it if it is a file that does not exist, and
    /// creates the tables it lacks. Instances that start together take turns.
    pub async fn open(url: &str, limits: &Database) -> Result<Self, OpenError> {
        let store = Self::connect(url, limits).await?;
        let database = name_of(url);
        let unmigrated = |error| OpenError::Migrate { database: database.clone(), error };
        let pending = store.pending_migrations().await.map_err(unmigrated)?;
        if pending > 0 {
            if limits.migrate_url.is_none() && !store.may_migrate().await.map_err(unmigrated)? {
                return Err(unmigrated(MigrateError::Forbidden(pending)));
            }
            Self::migrate(url, limits).await?;
        }
        if let Store::Sqlite { writer, .. } = &store {
            let purpose = Purpose::Serve;
            let unopened = |error| OpenError::Open { database: database.clone(), error, purpose };
            health::judge_file(writer).await.map_err(unopened)?;
            health::forget_statistics(writer).await.map_err(unopened)?;
        }
        Ok(store)
    }

    /// Opens an existing database, without creating it or any of its tables.
    pub async fn attach(url: &str, limits: &Database) -> Result<Self, OpenError> {
        let store = Self::connect_existing(url, limits).await?;
        let database = name_of(url);
        match store.pending_migrations().await {
            Ok(0) => Ok(store),
            Ok(_) => Err(OpenError::Untabled { database }),
            Err(error) => Err(OpenError::Migrate { database, error }),
        }
    }

    /// Opens an existing database, whatever tables it has.
    pub async fn connect_existing(url: &str, limits: &Database) -> Result<Self, OpenError> {
        match missing_file(url) {
            Some(file) => Err(OpenError::Missing { file }),
            None => Self::connect(url, limits).await,
        }
    }

    /// Opens the database like `open`, but leaves its tables alone.
    pub async fn connect(url: &str, limits: &Database) -> Result<Self, OpenError> {
        match place(url, "DATABASE_URL")? {
            Place::Sqlite(options) => {
                let (readers, writer) = sqlite(options, READERS).await?;
                Ok(Store::Sqlite { readers, writer: Writer::new(writer) })
            }
            Place::Postgres(options) => {
                let connections = limits.connections as usize;
                let pool = postgres::open(options, limits, connections, Purpose::Serve).await?;
                Ok(Store::Postgres(pool))
            }
        }
    }
}

pub(super) fn place(url: &str, setting: &'static str) -> Result<Place, OpenError> {
    Place::of(url).map_err(|why| OpenError::Url { setting, why })
}

/// Opens a file of our own: its readers and its one writer.
pub(super) async fn sqlite(
    options: SqliteConnectOptions,
    readers: usize,
) -> Result<(Pool<SqliteConnection>, Pool<SqliteConnection>), OpenError> {
    let database = Place::Sqlite(options.clone()).name();
    let purpose = Purpose::Serve;
    let unopened = |error| OpenError::Open { database: database.clone(), error, purpose };
    let options = options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .pragma("wal_autocheckpoint", LONGEST_LOG)
        .disable_statement_logging();
    let file = options.get_filename().to_owned();
    if let Some(folder) = file.parent().filter(|folder| *folder != Path::new("")) {
        std::fs::create_dir_all(folder).map_err(|error| unopened(sqlx::Error::Io(error)))?;
    }
    let writer = Pool::open(options.clone(), Setup::default(), 1).await.map_err(unopened)?;
    let readers = Pool::open(options, Setup::default(), readers).await.map_err(unopened)?;
    Ok((readers, writer))
}

/// Opens a file that belongs to others, which is never written.
pub(super) async fn sqlite_to_read(
    options: SqliteConnectOptions,
    readers: usize,
) -> Result<Pool<SqliteConnection>, OpenError> {
    let database = Place::Sqlite(options.clone()).name();
    let options = options.read_only(true).disable_statement_logging();
    let pool = Pool::open(options, Setup::default(), readers).await;
    pool.map_err(|error| OpenError::Open { database, error, purpose: Purpose::Read })
}

/// Returns what to do about a database that cannot be opened.
fn remedy(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::Tls(_) => {
            "If an authority of your own signed its certificate, name that by sslrootcert= in its URL."
        }
        sqlx::Error::Database(error) => {
            of_database(&error.code().unwrap_or_default(), error.message())
        }
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => {
            "Check its URL, and that the way there is open (a folder: writable)."
        }
        _ => "Check its URL; of a file, that its folder is writable.",
    }
}

fn of_database(code: &str, message: &str) -> &'static str {
    // PostgreSQL's classes: invalid_authorization_specification, invalid_catalog_name,
    // protocol_violation.
    match code {
        _ if code.starts_with("28") => {
            "Check user and password in its URL, and that pg_hba.conf lets this host in."
        }
        "3D000" => "Make it, with `createdb --owner` and our user, or check its name in its URL.",
        _ if message.contains("startup parameter") => {
            "Take it out of the URL (or PGOPTIONS), or let the pooler pass over it: \
             ignore_startup_parameters in pgbouncer.ini."
        }
        _ if message.contains("statement pooling mode") => {
            "Set pool_mode = transaction (or session) in pgbouncer.ini."
        }
        _ if code.starts_with("53") => {
            "Too many connections are in use: lower database.connections, or raise what it grants."
        }
        _ => "Check its URL, and what its log says.",
    }
}
