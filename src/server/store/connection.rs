//! One connection to a database, and how statements are sent over it.

// Connections and answers age in real time, even when a test moves the clock.
#![allow(clippy::disallowed_methods)]

use sqlx::{AssertSqlSafe, ConnectOptions, SqlSafeStr, SqlStr};
use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout};

use super::{
    backend::{Arguments, Backend, Outcome},
    sqlite::{Durability, Group},
    statement::Value,
    trouble::{Trouble, spends},
};
use crate::server::values::address::Address;

/// Use of the connections of one pool.
#[derive(Debug, Default)]
pub struct Setup {
    /// Statements run on each new connection.
    pub session: Option<String>,
    /// Further statements for each new connection, skipped where the server does not know them.
    pub at_best: Vec<String>,
    /// Statements that begin a transaction. On a shared session they include the settings.
    pub begin: String,
    /// True if other clients may use the server's session between two transactions, as behind a
    /// pooler. Statements then have no names, because names would collide. A statement with
    /// parameters, which takes two messages, then runs in a transaction, or the second message
    /// might reach another session.
    pub is_shared: bool,
    /// The longest a statement may take, measured here: a server that has vanished cannot enforce
    /// its own timeout.
    pub patience: Option<Duration>,
    pub trouble: Mutex<Option<Trouble>>,
}

impl Setup {
    /// Remembers what an error says about the state of the database.
    pub fn note(&self, error: &sqlx::Error) {
        if let Some(trouble) = Trouble::of(error) {
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
        }
    }
}

/// The innermost thing that is open on a connection, to be undone if its user goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    Nothing,
    Transaction,
    Savepoint,
}

/// A connection that tracks whether it is in a transaction and whether it is still usable.
pub struct DbConnection<C> {
    connection: C,
    setup: Arc<Setup>,
    /// Set before the statement that begins it is sent, so that a statement cut off on the way is
    /// undone too.
    pub(super) open: Open,
    is_spent: bool,
    opened_at: Instant,
    /// Only on SQLite's writer: transactions that have ended and wait for their commit.
    pub(super) group: Option<Group>,
    /// Only on SQLite's writer: what its transactions survive.
    durability: Durability,
}

impl<C: Backend> DbConnection<C> {
    pub async fn open(options: &C::Options, setup: Arc<Setup>) -> sqlx::Result<Self> {
        let opened = async {
            let connection = options.connect().await?;
            let opened_at = Instant::now();
            let mut connection = DbConnection {
                connection,
                setup,
                open: Open::Nothing,
                is_spent: false,
                opened_at,
                group: None,
                durability: Durability::PowerCut,
            };
            if let Some(session) = connection.setup.session.clone() {
                connection.say(AssertSqlSafe(session)).await?;
            }
            for setting in connection.setup.at_best.clone() {
                match connection.say(AssertSqlSafe(setting)).await {
                    Err(error) if connection.is_spent => return Err(error),
                    _ => {}
                }
            }
            Ok(connection)
        };
        opened.await
    }

    pub fn age(&self) -> Duration {
        self.opened_at.elapsed()
    }

    /// True if it must not be lent again.
    pub fn is_spent(&self) -> bool {
        self.is_spent
    }

    /// Marks it to be closed instead of lent again.
    pub fn spend(&mut self) {
        self.is_spent = true;
    }

    pub async fn begin(&mut self, address: Option<&Address>) -> sqlx::Result<()> {
        self.open = Open::Transaction;
        self.durability = Durability::PowerCut;
        self.say(C::beginning(&self.setup, address)).await
    }

    /// Ends a transaction by `COMMIT` or `ROLLBACK`.
    pub async fn end(&mut self, how: &'static str) -> sqlx::Result<()> {
        self.say(how).await?;
        self.open = Open::Nothing;
        Ok(())
    }

    /// Sets whether SQLite flushes what the next transaction writes. Only allowed outside of a
    /// transaction.
    pub async fn flush_for(&mut self, durability: Durability) -> sqlx::Result<()> {
        if self.durability == durability {
            return Ok(());
        }
        // Not a prepared statement: this pragma takes effect when it is prepared.
        self.say(match durability {
            Durability::PowerCut => "PRAGMA synchronous = FULL",
            Durability::ProcessEnd => "PRAGMA synchronous = NORMAL",
        })
        .await?;
        self.durability = durability;
        Ok(())
    }

    /// Rolls back what is open. If SQLite has already ended the whole transaction, its group fails
    /// too.
    pub async fn undo(&mut self) -> sqlx::Result<()> {
        if self.open == Open::Savepoint {
            let undone = self.say("ROLLBACK TO member; RELEASE member").await;
            if !is_of_no_transaction(&undone) {
                self.open = Open::Nothing;
                return undone;
            }
            // SQLite has ended the transaction by itself, as it does on a full disk.
            self.group = None;
        }
        if self.open != Open::Nothing {
            let undone = self.say("ROLLBACK").await;
            if !is_of_no_transaction(&undone) {
                undone?;
            }
            self.open = Open::Nothing;
        }
        Ok(())
    }

    /// Runs statements without parameters and ignores what they return.
    pub async fn say(&mut self, sql: impl SqlSafeStr) -> sqlx::Result<()> {
        self.limited(sql.into_sql_str(), None).await.map(drop)
    }

    pub async fn ping(&mut self) -> sqlx::Result<()> {
        self.connection.ping().await
    }

    /// Waits for what was started and abandoned on the connection, and undoes it.
    pub async fn clean(&mut self) -> sqlx::Result<()> {
        // Errors of abandoned statements arrive first.
        for _ in 0..4 {
            match self.connection.ping().await {
                Err(sqlx::Error::Database(_)) => {}
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        self.undo().await
    }

    pub async fn close(self) -> sqlx::Result<()> {
        self.connection.close().await
    }

    async fn limited(
        &mut self,
        sql: SqlStr,
        arguments: Option<Arguments<C>>,
    ) -> sqlx::Result<Vec<Outcome<C>>> {
        let outcomes = self.connection.outcomes(sql, arguments, !self.setup.is_shared);
        let outcomes = match self.setup.patience {
            Some(patience) => timeout(patience, outcomes).await.unwrap_or_else(|_| {
                Err(sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")))
            }),
            None => outcomes.await,
        };
        outcomes.inspect_err(|error| {
            self.setup.note(error);
            self.is_spent |= spends(error);
        })
    }

    pub async fn statement(
        &mut self,
        sql: impl Into<SqlStr>,
        values: &[Value<'_>],
    ) -> sqlx::Result<Vec<Outcome<C>>> {
        let arguments = C::arguments(values)?;
        self.send(sql.into(), Some(arguments)).await
    }

    pub(super) async fn send(
        &mut self,
        sql: SqlStr,
        arguments: Option<Arguments<C>>,
    ) -> sqlx::Result<Vec<Outcome<C>>> {
        if !self.setup.is_shared || self.open != Open::Nothing || arguments.is_none() {
            return self.limited(sql, arguments).await;
        }
        self.begin(None).await?;
        let outcomes = self.limited(sql, arguments).await;
        let ended = self.end(if outcomes.is_ok() { "COMMIT" } else { "ROLLBACK" }).await;
        outcomes.and_then(|outcomes| ended.map(|()| outcomes))
    }
}

/// True if SQLite answered that there is no transaction or savepoint to end (SQLITE_ERROR, 1).
fn is_of_no_transaction(ended: &sqlx::Result<()>) -> bool {
    let told = ended.as_ref().err().and_then(|error| error.as_database_error());
    told.and_then(|told| told.code()).is_some_and(|code| code == "1")
}

impl<C> fmt::Debug for DbConnection<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DbConnection").finish_non_exhaustive()
    }
}
