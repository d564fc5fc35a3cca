//! The database: SQLite embedded, or PostgreSQL for more than one instance. All SQL is in this
//! folder, written once with `$1` placeholders that both understand; columns are TEXT, BIGINT and
//! BLOB/BYTEA.
//!
//! A function here is one atomic step. What makes a step right or wrong is decided by `auth`;
//! where the decision has to happen inside the transaction, it comes in as a closure.

mod accounts;
mod allowances;
mod audit;
mod auth_requests;
mod backup;
mod bans;
mod health;
mod link;
mod mapped;
mod migrate;
mod open;
mod outbox;
mod outbox_by_hand;
mod overview;
mod pool;
mod purge;
mod run;
mod sessions;
mod trouble;
mod trust;
mod url;
mod users;
mod verification;

use self::url::Place;
pub use self::url::{missing_file, name_of};
use crate::server::{
    config::Database,
    ground::{clock::Millis, error::Error},
};
pub use accounts::{Ban, NewUser, User};
pub use allowances::Allowance;
pub use audit::{AuditEvent, AuditRow, Events};
pub use auth_requests::{AuthRequest, Credential, Ended, NewAuthRequest, NewTerms, Origin};
pub use backup::BackupError;
pub use mapped::{MapError, MappedUsers, ROWS_OF_A_START};
pub use migrate::MigrateError;
pub use open::OpenError;
use open::Purpose;
use outbox::INSERT_MAIL;
pub use outbox::{Ending, LEASE, Lease, NewMail, QueuedMail};
pub use outbox_by_hand::WaitingMail;
use overview::OVERVIEW;
pub use overview::{ATTEMPTS_SHOWN, Line, Overview};
pub use pool::Pool;
pub(crate) use run::{
    DURABLE, Dialect, SURVIVES_THE_PROCESS, Tx, execute, finish, lend, read, returning, run_all,
    run_batch, transaction, write,
};
pub use sessions::{NewSession, SessionRow};
pub use trouble::Trouble;
pub use trust::{DEVICES_KNOWN_FOR, Dispute, NewPassword};
pub use users::{FailedTry, RightPassword, Taken};
pub use verification::{Admission, Completed, Verdict};

use sqlx::{PgConnection, SqliteConnection};

/// Connections of SQLite's readers at once.
const READERS: usize = 4;

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

impl Store {
    /// Opens the database that `url` names, creates it if it is a file that does not exist, and
    /// makes the tables it lacks. Instances that start together take turns.
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
            forget_statistics(writer).await.map_err(unopened)?;
        }
        Ok(store)
    }

    /// The same for whoever is to make no database, and no table in it.
    pub async fn attach(url: &str, limits: &Database) -> Result<Self, OpenError> {
        let store = Self::connect_existing(url, limits).await?;
        let database = name_of(url);
        match store.pending_migrations().await {
            Ok(0) => Ok(store),
            Ok(_) => Err(OpenError::Untabled { database }),
            Err(error) => Err(OpenError::Migrate { database, error }),
        }
    }

    /// The same, whatever tables there are.
    pub async fn connect_existing(url: &str, limits: &Database) -> Result<Self, OpenError> {
        match missing_file(url) {
            Some(file) => Err(OpenError::Missing { file }),
            None => Self::connect(url, limits).await,
        }
    }

    /// The same as `open`, but for the tables.
    pub async fn connect(url: &str, limits: &Database) -> Result<Self, OpenError> {
        match place(url, "DATABASE_URL")? {
            Place::Sqlite(options) => {
                let (readers, writer) = open::sqlite(options, READERS).await?;
                Ok(Store::Sqlite { readers, writer })
            }
            Place::Postgres(options) => {
                let connections = limits.connections as usize;
                let pool = open::postgres(options, limits, connections, Purpose::Serve).await?;
                Ok(Store::Postgres(pool))
            }
        }
    }

    /// Makes the tables that the database lacks, by `migrate_url` where there is one: a statement
    /// may take as long as it takes. How many migrations there were.
    pub async fn migrate(url: &str, limits: &Database) -> Result<usize, OpenError> {
        let (url, setting) = match &limits.migrate_url {
            Some(url) => (url.as_str(), "database.migrate_url"),
            None => (url, "DATABASE_URL"),
        };
        let place = place(url, setting)?;
        let database = place.name();
        let made = match place {
            Place::Sqlite(options) => {
                let (readers, writer) = open::sqlite(options, 1).await?;
                let made = migrate::of_sqlite().run(&writer).await;
                readers.close().await;
                writer.close().await;
                made
            }
            Place::Postgres(options) => {
                let pool = open::postgres(options, limits, 1, Purpose::Migrate).await?;
                let made = migrate::of_postgres().run(&pool).await;
                pool.close().await;
                made
            }
        };
        made.map_err(|error| OpenError::Migrate { database, error })
    }

    /// How many migrations the database lacks.
    pub async fn pending_migrations(&self) -> Result<usize, MigrateError> {
        // A database that was never migrated has no such table.
        let pending = match self {
            Store::Sqlite { readers, .. } => {
                let there = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'latchkey_migrations')";
                let made = lend!(readers, db => {
                    let is_there: bool = sqlx::query_scalar(there).fetch_one(&mut *db).await?;
                    if is_there { migrate::made(db).await? } else { Vec::new() }
                });
                migrate::of_sqlite().pending(&made)?.len()
            }
            Store::Postgres(pool) => {
                let there = "SELECT to_regclass('latchkey_migrations') IS NOT NULL";
                let made = lend!(pool, db => {
                    let is_there: bool = sqlx::query_scalar(there).fetch_one(&mut *db).await?;
                    if is_there { migrate::made(db).await? } else { Vec::new() }
                });
                migrate::of_postgres().pending(&made)?.len()
            }
        };
        Ok(pending)
    }

    /// Whether tables may be made there.
    pub async fn may_migrate(&self) -> Result<bool, MigrateError> {
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

/// The statements that are put together out of pieces.
pub fn composed() -> [&'static str; 6] {
    use self::auth_requests as requests;
    use self::verification as verified;
    [
        &OVERVIEW,
        &requests::BY_ID,
        &requests::ORIGIN_OF_LINK,
        &requests::ORIGINS_OF_CODE,
        &verified::WITH_USER_OF_ADDRESS,
        &verified::WITH_USER_OF_ID,
    ]
}

fn place(url: &str, setting: &'static str) -> Result<Place, OpenError> {
    Place::of(url).map_err(|why| OpenError::Url { setting, why })
}

/// Drops what an ANALYZE has left, of ours or of whoever shares the file: statistics of tables that
/// were small make SQLite read them whole once they have grown. Without any it takes the indexes,
/// which is right for every statement of ours.
async fn forget_statistics(writer: &Pool<SqliteConnection>) -> Result<(), sqlx::Error> {
    // Not lent again, but closed: what a connection has read of them it keeps.
    let mut lent = writer.get().await?;
    let db = lent.connection()?;
    db.spend();
    db.say("DROP TABLE IF EXISTS sqlite_stat1").await
}

/// People are told to come back, operators are told why.
impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        // PostgreSQL holds no NUL in a text (character_not_in_repertoire, untranslatable_character):
        // whoever sent one is told, should a door have let it in.
        if let sqlx::Error::Database(told) = &error
            && told.code().is_some_and(|code| code == "22021" || code == "22P05")
        {
            return Error::invalid("a text has a character that cannot be kept");
        }
        match Trouble::of(&error) {
            Some(trouble) => tracing::error!(why = %trouble.sentence, "the database failed"),
            None => tracing::error!(%error, "the database failed"),
        }
        match error {
            sqlx::Error::Decode(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::ColumnNotFound(_) => Error::Internal,
            _ => Error::Unavailable,
        }
    }
}
