//! The database: SQLite embedded, or PostgreSQL for more than one instance. All SQL is in this
//! folder, written once with `$1` placeholders that both understand; columns are TEXT, BIGINT and
//! BLOB/BYTEA.
//!
//! A function here is one atomic step. The rules are in `auth`; where a rule has to be applied
//! inside the transaction, it is passed in as a closure.

mod accounts;
mod activity;
mod allowances;
mod assertions;
mod audit;
mod auth_requests;
mod backup;
mod bans;
mod connection;
mod device_requests;
mod entry_codes;
mod grants;
mod health;
mod logouts;
mod migrate;
mod open;
mod outbox;
mod outbox_by_hand;
mod pool;
mod purge;
mod sessions;
mod sign_ins;
mod signing_keys;
mod sqlite;
mod statement;
mod team_users;
mod transaction;
mod trouble;
mod trust;
mod url;
mod users;

use self::url::Place;
pub use self::url::{missing_file, name_of};
use crate::server::{
    config::Database,
    ground::{clock::Millis, error::Error},
};
pub use accounts::{Ban, NewUser, User};
pub use activity::{ATTEMPTS_SHOWN, Activity, EventLine, SessionLine};
pub use allowances::Allowance;
pub use audit::{AuditEvent, AuditRow, Events};
pub use auth_requests::{
    AuthRequest, Credential, Ended, MailedCredential, NewAuthRequest, NewTerms, Renewed,
};
pub use backup::BackupError;
use connection::rows;
pub use device_requests::{DeviceRequest, NewDeviceRequest};
pub use entry_codes::EntryCode;
pub use grants::{Authorization, Grant, NewGrant, Rotated};
pub use logouts::{LAST_WAIT, Logout};
pub use migrate::MigrateError;
pub use open::OpenError;
use open::Purpose;
pub use outbox::{Ending, LEASE, Lease, NewMail, QueuedMail};
pub use outbox_by_hand::WaitingMail;
pub use pool::Pool;
pub use sessions::SessionRow;
pub use sign_ins::{
    Admission, Counted, NewSession, PasswordJudge, Proof, RequestJudge, SignIn, SignInOutcome,
    Verdict,
};
pub use signing_keys::SealedKey;
pub use sqlite::{Durability, Writer};
pub use statement::Value;
pub use team_users::{MapError, ROWS_OF_A_START, TeamUsers};
use transaction::Tx;
pub use trouble::Trouble;
pub use trust::{DEVICES_KNOWN_FOR, Dispute, NewPassword, PasswordChange};
pub use users::{FailedTry, Taken};

use sqlx::{PgConnection, SqliteConnection};

/// Number of SQLite connections that read.
const READERS: usize = 4;

/// Either of the two databases.
#[derive(Clone, Debug)]
pub enum Store {
    /// Many readers and one writer, as SQLite works: writers queue here, in order, instead of
    /// polling a lock.
    Sqlite {
        readers: Pool<SqliteConnection>,
        writer: Writer,
    },
    Postgres(Pool<PgConnection>),
}

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
            forget_statistics(writer).await.map_err(unopened)?;
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
                let (readers, writer) = open::sqlite(options, READERS).await?;
                Ok(Store::Sqlite { readers, writer: Writer::new(writer) })
            }
            Place::Postgres(options) => {
                let connections = limits.connections as usize;
                let pool = open::postgres(options, limits, connections, Purpose::Serve).await?;
                Ok(Store::Postgres(pool))
            }
        }
    }

    /// Creates the tables that the database lacks, over `migrate_url` if that is set. Statements
    /// have no time limit. Returns how many migrations were applied.
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

    /// Returns how many migrations the database lacks.
    pub async fn pending_migrations(&self) -> Result<usize, MigrateError> {
        // A database that was never migrated does not have the table.
        let pending = match self {
            Store::Sqlite { readers, .. } => {
                let there = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'latchkey_migrations')";
                migrate::of_sqlite().pending(&migrate::made_if(there, readers).await?)?.len()
            }
            Store::Postgres(pool) => {
                let there = "SELECT to_regclass('latchkey_migrations') IS NOT NULL";
                migrate::of_postgres().pending(&migrate::made_if(there, pool).await?)?.len()
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

    /// Returns the current time on the database server.
    pub async fn clock(&self) -> Result<Millis, Error> {
        let time = match self {
            Store::Sqlite { .. } => "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            Store::Postgres(_) => "SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::BIGINT",
        };
        let (time,) = self.one(time, &[]).await?;
        Ok(time)
    }

    /// Moves SQLite's log into the database file, as far as that makes nobody wait. Otherwise a
    /// write would have to do it whenever the log is full, and on a large file, any page of which
    /// may have changed, that takes long.
    pub async fn checkpoint(&self) -> Result<(), Error> {
        if let Store::Sqlite { readers, .. } = self {
            readers.run("PRAGMA wal_checkpoint(PASSIVE)", &[]).await?;
        }
        Ok(())
    }

    /// Closes every connection, so that SQLite moves its log into the database file.
    pub async fn close(&self) {
        match self {
            Store::Sqlite { readers, writer } => {
                // Transactions that wait for their commit are committed first.
                if let Ok(lent) = writer.get().await {
                    lent.give_back();
                }
                readers.close().await;
                writer.pool().close().await;
            }
            Store::Postgres(pool) => pool.close().await,
        }
    }
}

/// Returns every statement that reads or writes rows, to check how the databases find them.
pub fn statements() -> Vec<&'static str> {
    let mut statements = vec![
        accounts::ADD_USER,
        accounts::USERS,
        accounts::BANS,
        activity::EVENTS_OF_SUBJECT,
        &activity::SESSION_AND_ACTIVITY,
        allowances::RESERVE,
        assertions::USE_ASSERTION,
        audit::INSERT_EVENT,
        audit::EVENTS,
        audit::EVENTS_OF_ONE,
        &auth_requests::BY_ID,
        &auth_requests::CREDENTIAL_OF_LINK,
        &auth_requests::CREDENTIALS_OF_CODE,
        auth_requests::SUPERSEDE,
        auth_requests::INSERT_REQUEST,
        auth_requests::RENEW_REQUEST,
        auth_requests::INSERT_CREDENTIAL,
        auth_requests::ADDRESS_OF,
        auth_requests::CANCEL,
        auth_requests::SHOWN_NUMBERS,
        auth_requests::MATCH,
        auth_requests::QUEUED,
        bans::BAN,
        bans::LIFT,
        bans::FIND_BAN,
        device_requests::INSERT_DEVICE_REQUEST,
        device_requests::DEVICE_REQUEST,
        device_requests::DEVICE_REQUEST_OF_USER_CODE,
        device_requests::POLL,
        device_requests::ANSWER,
        entry_codes::INSERT_ENTRY_CODE,
        entry_codes::TAKE_ENTRY_CODE,
        &grants::GRANT,
        &grants::GRANT_OF_CODE,
        grants::INSERT_AUTHORIZATION,
        grants::AUTHORIZATION,
        grants::DELETE_AUTHORIZATION,
        grants::INSERT_GRANT,
        grants::MOVE_GRANTS,
        grants::MOVE_GRANTS_OF_DEVICE,
        grants::USE_CODE,
        grants::END_GRANT,
        grants::SESSION_OF_SID,
        grants::ROTATE,
        grants::ACCESS,
        grants::END_GRANTS_OF,
        grants::DELETE_CONSENT,
        grants::CONSENT,
        grants::KEEP_CONSENT,
        grants::DELETE_GRANTS,
        grants::DELETE_CONSENTS,
        logouts::APPS_TO_TELL,
        logouts::CLAIM_LOGOUTS,
        logouts::CLAIM_LOGOUTS_UNLOCKED,
        logouts::DELAY_LOGOUT,
        logouts::DELETE_LOGOUT,
        logouts::COUNT_LOGOUTS,
        logouts::QUEUE_LOGOUTS,
        outbox::INSERT_MAIL,
        outbox::CLAIM,
        outbox::CLAIM_UNLOCKED,
        outbox::ENDS,
        outbox::BRING_NEAR,
        outbox::HOLD,
        outbox::TAKE_OVER,
        outbox::MAIL_OF,
        outbox::COUNT_QUEUED,
        outbox::END_MAIL,
        outbox::DELAY_MAIL,
        outbox_by_hand::WAITING,
        outbox_by_hand::WAITING_ONE,
        outbox_by_hand::RETRY,
        outbox_by_hand::RETRY_RANK,
        purge::OLD_EVENTS,
        sessions::ALIVE,
        sessions::SESSION,
        sessions::COUNT_ALIVE,
        sessions::TOUCH,
        sessions::PROLONG,
        sessions::REVOKE_ONE,
        sessions::REVOKE_OTHERS,
        signing_keys::SIGNING_KEYS,
        signing_keys::INSERT_KEY,
        signing_keys::DELETE_KEY,
        sign_ins::COUNT,
        sign_ins::USE_UP,
        &sign_ins::WITH_USER_OF_ADDRESS,
        &sign_ins::WITH_USER_OF_ID,
        &sign_ins::WITH_PASSWORD,
        sign_ins::INSERT_SESSION,
        sign_ins::END_REQUESTS,
        sign_ins::REVOKE_REPLACED,
        sign_ins::REVOKE_OF_DEVICE,
        sign_ins::INSERT_USER,
        trust::DISTRUST,
        trust::DISTRUSTED_UNTIL,
        trust::DISTRUST_EVERYBODY,
        trust::SESSION_IDS,
        trust::REVOKE_SOME,
        trust::REVOKE_DISPUTED,
        trust::CANCEL_ALL,
        trust::REMOVE_PASSWORD,
        trust::SET_PASSWORD,
        users::FAILED_TRIES,
        users::INSERT_TRY,
        users::PASSWORD,
        users::USER_ID,
        users::RENEW_PASSWORD,
        users::DELETE_SESSIONS,
        users::DELETE_REQUESTS,
        users::DELETE_MAILS,
        users::DELETE_USER,
    ];
    statements.extend(purge::RULES.map(|(statement, _)| statement));
    statements
}

fn place(url: &str, setting: &'static str) -> Result<Place, OpenError> {
    Place::of(url).map_err(|why| OpenError::Url { setting, why })
}

/// Drops the statistics that an ANALYZE has left, of ours or of another program that uses the file:
/// statistics of tables that were small make SQLite scan them once they have grown. Without any, it
/// uses the indexes, which is right for all our statements.
async fn forget_statistics(writer: &Writer) -> Result<(), sqlx::Error> {
    // Closed instead of lent again: a connection keeps the statistics that it has read.
    let mut lent = writer.get().await?;
    let db = lent.connection()?;
    db.spend();
    db.say("DROP TABLE IF EXISTS sqlite_stat1").await
}

/// Tells users to try again later, and logs the reason for operators.
impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        // PostgreSQL cannot store NUL in a text (character_not_in_repertoire,
        // untranslatable_character). The sender gets an error, should the checks at an endpoint
        // have missed it.
        if let sqlx::Error::Database(told) = &error
            && told.code().is_some_and(|code| code == "22021" || code == "22P05")
        {
            return Error::invalid("A text has a character that cannot be kept.");
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
