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
mod attempts;
mod audit;
mod audit_pages;
mod auth_requests;
mod backend;
mod backup;
mod bans;
mod catalogue;
mod connection;
mod counters;
mod credentials;
mod device_requests;
mod entry_codes;
mod executor;
mod grants;
mod health;
mod invitations;
mod judgements;
mod ledger;
mod logouts;
mod match_numbers;
mod migrate;
mod open;
mod operators;
mod outbox;
mod overrides;
mod people;
mod pool;
mod postgres;
mod purge;
mod sent_mails;
mod sessions;
mod sign_ins;
mod signing_keys;
mod sqlite;
mod statement;
mod suppressions;
mod team_users;
mod transaction;
mod trouble;
mod trust;
mod url;
mod users;
mod waiting_mails;
mod waitlist;

pub use self::url::{missing_file, name_of};
use crate::server::ground::{clock::Millis, error::Error};
pub use accounts::{Ban, NewUser, User};
pub use activity::{ATTEMPTS_SHOWN, Activity, EventLine, SessionLine};
pub use allowances::Allowance;
pub use attempts::{
    Counted, FailedTry, InvitationJudge, PasswordJudge, RequestJudge, Usage, Verdict,
};
pub use audit::{AuditEvent, AuditRow, Events};
pub use audit_pages::{AUDIT_ROWS_ON_A_PAGE, By, End, EventsWanted, Stretch};
pub use auth_requests::{AuthRequest, Ended, NewAuthRequest, NewTerms, OwnRequests, Renewed};
pub use backup::BackupError;
pub use catalogue::statements;
pub use counters::{Count, Sum};
pub use credentials::{Credential, MailedCredential};
pub use device_requests::{DeviceRequest, NewDeviceRequest};
pub use entry_codes::EntryCode;
pub use grants::{Authorization, Grant, NewGrant, Rotated};
pub use invitations::{INVITATIONS_ON_A_PAGE, Invitation, Invited, Remailed};
pub use ledger::{Head, Seal};
pub use logouts::{LAST_WAIT, Logout};
pub use migrate::MigrateError;
pub use open::OpenError;
pub use operators::OperatorRow;
pub use outbox::{Delay, Ending, LEASE, Lease, MailEnd, MailState, NewMail, QueuedMail, SIGN_IN};
pub use overrides::{PolicyChange, PolicyState, Record, Steering};
pub use people::{EVENTS_ON_A_PAGE, FOUND_ON_A_PAGE, MailOfPerson};
pub use pool::Pool;
pub use sent_mails::{Reported, SentMail, Used};
pub use sessions::SessionRow;
pub use sign_ins::{Admission, NewSession, Proof, SignIn, SignInOutcome};
pub use signing_keys::SealedKey;
pub use sqlite::{Durability, Writer};
pub use statement::Value;
pub use suppressions::Suppression;
pub use team_users::{MapError, ROWS_OF_A_START, TeamUsers};
use transaction::Tx;
pub use trouble::Trouble;
pub use trust::{DEVICES_KNOWN_FOR, Dispute, NewPassword, PasswordChange};
pub use waiting_mails::WaitingMail;
pub use waitlist::{Listed, WAITING_ON_A_PAGE, Waiting};

use sqlx::{PgConnection, SqliteConnection};

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
