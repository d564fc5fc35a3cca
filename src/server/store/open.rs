//! Opening a database, and the sentence for the operator if that fails.

use sqlx::{
    ConnectOptions, Connection, PgConnection, Row, SqliteConnection,
    postgres::{PgConnectOptions, PgSslMode},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use std::{path::Path, time::Duration};

use super::{
    connection::Setup,
    migrate::MigrateError,
    pool::Pool,
    url::{BadUrl, Place},
};
use crate::server::{config::Database, values::public_url::is_here};

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

/// Pages of SQLite's log (4 KiB each) after which a write has to move it into the database file.
/// `Store::checkpoint` moves most of them before that.
const LONGEST_LOG: &str = "4000";

/// Seconds that an instance waits for another that migrates.
const MIGRATION_TURN: u32 = 60;

/// Longest time that finding out about a server may take.
const LOOK: Duration = Duration::from_secs(5);

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

/// Opens connections to PostgreSQL, directly or through a pooler, which is detected here.
pub(super) async fn postgres(
    options: PgConnectOptions,
    limits: &Database,
    connections: usize,
    purpose: Purpose,
) -> Result<Pool<PgConnection>, OpenError> {
    let database = Place::Postgres(options.clone()).name();
    let unopened = |error| OpenError::Open { database: database.clone(), error, purpose };
    let is_far = options.get_socket().is_none() && !is_here(options.get_host());
    let mode = options.get_ssl_mode();
    if is_far && matches!(mode, PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer) {
        tracing::warn!(
            "the connection to {database} need not be encrypted: add ?sslmode=verify-full to {}",
            purpose.setting()
        );
    }
    // Poolers refuse startup parameters they do not know. We read no floating-point numbers.
    let options = options.disable_statement_logging().extra_float_digits(None);
    let found = tokio::time::timeout(LOOK, look(&options)).await;
    let (encoding, is_shared) =
        found.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(unopened)?;
    if encoding != "UTF8" && purpose != Purpose::Read {
        return Err(OpenError::Encoding { database, encoding });
    }
    if is_shared {
        tracing::info!("{database} is behind a pooler that shares its sessions");
    }
    Pool::open(options, setup(limits, is_shared, purpose), connections).await.map_err(unopened)
}

/// Returns the encoding of a database, and whether its sessions are shared: two connections have
/// the same session, or one connection changes its session. A pooler in transaction mode gives the
/// next transaction the session that became free last; if another client was quicker, a connection
/// gets a different session than before.
async fn look(options: &PgConnectOptions) -> sqlx::Result<(String, bool)> {
    let mut one = options.connect().await?;
    let encoding = sqlx::raw_sql("SHOW server_encoding").fetch_one(&mut one).await?.try_get(0)?;
    let first = session_of(&mut one).await?;
    let mut is_shared = false;
    // A user who is granted only one connection must not fail here.
    if let Ok(mut other) = options.connect().await {
        for _ in 0..3 {
            is_shared |= session_of(&mut other).await? == first;
            is_shared |= session_of(&mut one).await? != first;
        }
        other.close().await?;
    }
    one.close().await?;
    Ok((encoding, is_shared))
}

async fn session_of(connection: &mut PgConnection) -> sqlx::Result<i32> {
    sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(connection).await?.try_get(0)
}

/// Returns the limits of a session: set once on a session of our own, or in each transaction where
/// sessions are shared.
fn setup(limits: &Database, is_shared: bool, purpose: Purpose) -> Setup {
    let (statement, lock) = match purpose {
        Purpose::Migrate => (0, MIGRATION_TURN),
        Purpose::Serve | Purpose::Read => (limits.statement_timeout, limits.lock_timeout),
    };
    let idle = limits.idle_in_transaction_timeout;
    let settings = [
        ("statement_timeout", format!("{statement}s")),
        ("lock_timeout", format!("{lock}s")),
        ("idle_in_transaction_session_timeout", format!("{idle}s")),
    ];
    let said = |set: &str| -> String {
        settings.iter().map(|(name, value)| format!("{set} {name} = '{value}'; ")).collect()
    };
    let reads = purpose == Purpose::Read;
    let (session, begin) = if is_shared {
        let begin = if reads { "BEGIN READ ONLY" } else { "BEGIN" };
        (None, format!("{begin}; {}", said("SET LOCAL")))
    } else {
        let only = if reads { "SET default_transaction_read_only = on; " } else { "" };
        (Some(format!("{only}{}", said("SET"))), "BEGIN".to_owned())
    };
    let vanished = limits.vanished_client_timeout;
    // Older servers and some systems know only some of them.
    let at_best = [
        format!("SET tcp_keepalives_idle = {}", vanished / 2),
        format!("SET tcp_keepalives_interval = {}", (vanished / 6).max(1)),
        "SET tcp_keepalives_count = 3".to_owned(),
        format!("SET tcp_user_timeout = '{vanished}s'"),
        "SET client_connection_check_interval = '1s'".to_owned(),
    ];
    Setup {
        session,
        at_best: if is_shared { Vec::new() } else { at_best.to_vec() },
        begin,
        is_shared,
        patience: (statement > 0).then(|| Duration::from_secs(u64::from(statement) + 2)),
        ..Setup::default()
    }
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
