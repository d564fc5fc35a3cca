//! One connection to a database, and how statements are sent over it.

// Connections and answers age in real time, even when a test moves the clock.
#![allow(clippy::disallowed_methods)]

use futures::{
    FutureExt, StreamExt, TryFutureExt, TryStreamExt, future::BoxFuture, stream, stream::BoxStream,
};
use sha2::{Digest, Sha256};
use sqlx::{
    Arguments as _, AssertSqlSafe, ConnectOptions, Connection, Database, Either, Execute, Executor,
    FromRow, PgConnection, SqlSafeStr, SqlStr, SqliteConnection,
};
use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout};

use super::{
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

type Arguments<C> = <<C as Connection>::Database as Database>::Arguments;
/// One item that a statement returned: a row, or a result with the number of rows it changed.
pub type Outcome<C> = Either<
    <<C as Connection>::Database as Database>::QueryResult,
    <<C as Connection>::Database as Database>::Row,
>;

/// The differences between the two databases in sending statements.
pub trait Wire: Connection + Sized {
    fn outcomes(
        &mut self,
        sql: SqlStr,
        arguments: Option<Arguments<Self>>,
        is_named: bool,
    ) -> BoxFuture<'_, sqlx::Result<Vec<Outcome<Self>>>>;

    fn arguments(values: &[Value<'_>]) -> sqlx::Result<Arguments<Self>>;

    /// Returns how many rows a statement changed.
    fn changed(result: &<Self::Database as Database>::QueryResult) -> u64;

    /// Returns the statements that begin a transaction. With an address, it is the only one for
    /// that address at a time.
    fn beginning(setup: &Setup, address: Option<&Address>) -> SqlStr;
}

/// Text of a statement: as written in the source, or composed at run time.
pub enum Sql {
    Plain(SqlStr),
    Composed(String),
}

impl From<Sql> for SqlStr {
    fn from(sql: Sql) -> Self {
        match sql {
            Sql::Plain(sql) => sql,
            Sql::Composed(sql) => AssertSqlSafe(sql).into_sql_str(),
        }
    }
}

macro_rules! wire {
    ($connection:ty, $begin:expr) => {
        impl Wire for $connection {
            fn outcomes(
                &mut self,
                sql: SqlStr,
                arguments: Option<Arguments<Self>>,
                is_named: bool,
            ) -> BoxFuture<'_, sqlx::Result<Vec<Outcome<Self>>>> {
                let outcomes = match arguments {
                    Some(arguments) => {
                        self.fetch_many(sqlx::query_with(sql, arguments).persistent(is_named))
                    }
                    None => self.fetch_many(sqlx::raw_sql(sql)),
                };
                outcomes.try_collect().boxed()
            }

            fn arguments(values: &[Value<'_>]) -> sqlx::Result<Arguments<Self>> {
                let mut arguments = Arguments::<Self>::default();
                for value in values {
                    match *value {
                        Value::Text(text) => arguments.add(text),
                        Value::Int(number) => arguments.add(number),
                        Value::Bytes(bytes) => arguments.add(bytes),
                        Value::Flag(flag) => arguments.add(flag),
                    }
                    .map_err(sqlx::Error::Encode)?;
                }
                Ok(arguments)
            }

            fn changed(result: &<Self::Database as Database>::QueryResult) -> u64 {
                result.rows_affected()
            }

            fn beginning(setup: &Setup, address: Option<&Address>) -> SqlStr {
                $begin(setup, address)
            }
        }
    };
}

// Not a deferred BEGIN: a transaction that reads first and writes later fails at once if another
// has written in between.
wire!(SqliteConnection, |_, _| "PRAGMA synchronous = FULL; BEGIN IMMEDIATE".into_sql_str());
wire!(PgConnection, |setup: &Setup, address: Option<&Address>| {
    let lock = address
        .map(|address| format!("; SELECT FROM pg_advisory_xact_lock({})", key_of_address(address)));
    AssertSqlSafe(setup.begin.clone() + &lock.unwrap_or_default()).into_sql_str()
});

/// Returns the number by which all instances lock an address.
fn key_of_address(address: &Address) -> i64 {
    let hash = Sha256::digest(address.as_str());
    hash.iter().take(8).fold(0, |key, byte| key << 8 | i64::from(*byte))
}

/// The innermost thing that is open on a connection, to be undone if its user goes away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Open {
    Nothing,
    Transaction,
    Savepoint,
}

/// A connection that tracks whether it is in a transaction and whether it is still usable.
pub struct DbConnection<C> {
    connection: C,
    setup: Arc<Setup>,
    open: Open,
    is_spent: bool,
    opened_at: Instant,
    /// Only on SQLite's writer: transactions that have ended and wait for their commit.
    pub(super) group: Option<Group>,
    /// Only on SQLite's writer: what its transactions survive.
    durability: Durability,
}

impl<C: Wire> DbConnection<C> {
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

    /// Records that a statement about to be sent begins a transaction.
    pub fn enter_transaction(&mut self) {
        self.open = Open::Transaction;
    }

    /// Records that a statement about to be sent begins a savepoint in a transaction.
    pub fn enter_savepoint(&mut self) {
        self.open = Open::Savepoint;
    }

    /// Records that what was open has ended, or is somebody else's to end.
    pub fn has_ended(&mut self) {
        self.open = Open::Nothing;
    }

    /// Ends a transaction by `COMMIT` or `ROLLBACK`.
    pub async fn end(&mut self, how: &'static str) -> sqlx::Result<()> {
        self.say(how).await?;
        self.has_ended();
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
                self.has_ended();
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
            self.has_ended();
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

    async fn run<'q, E>(&mut self, mut query: E) -> sqlx::Result<Vec<Outcome<C>>>
    where
        E: 'q + Execute<'q, C::Database>,
    {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?;
        self.travel(query.sql(), arguments).await
    }

    pub async fn statement(
        &mut self,
        sql: impl Into<SqlStr>,
        values: &[Value<'_>],
    ) -> sqlx::Result<Vec<Outcome<C>>> {
        let arguments = C::arguments(values)?;
        self.travel(sql.into(), Some(arguments)).await
    }

    async fn travel(
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

/// Returns the rows among the outcomes.
pub fn rows<R, Q, T: for<'r> FromRow<'r, R>>(outcomes: Vec<Either<Q, R>>) -> sqlx::Result<Vec<T>>
where
    R: sqlx::Row,
{
    outcomes.into_iter().filter_map(Either::right).map(|row| T::from_row(&row)).collect()
}

/// Returns how many rows the first statement changed.
pub fn changes<C: Wire>(outcomes: &[Outcome<C>]) -> u64 {
    let first = outcomes.iter().find_map(|outcome| outcome.as_ref().left());
    first.map_or(0, C::changed)
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

impl<'l, C: Wire> Executor<'l> for &'l mut DbConnection<C> {
    type Database = C::Database;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Outcome<C>>>
    where
        'l: 'e,
        E: 'q + Execute<'q, C::Database>,
    {
        let run = async move { self.run(query).await };
        let outcomes = run.map_ok(|outcomes| stream::iter(outcomes.into_iter().map(Ok)));
        outcomes.try_flatten_stream().boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, sqlx::Result<Option<<C::Database as Database>::Row>>>
    where
        'l: 'e,
        E: 'q + Execute<'q, C::Database>,
    {
        let run = async move { Ok(self.run(query).await?.into_iter().find_map(Either::right)) };
        run.boxed()
    }

    fn prepare_with<'e>(
        self,
        _: SqlStr,
        _: &'e [<C::Database as Database>::TypeInfo],
    ) -> BoxFuture<'e, sqlx::Result<<C::Database as Database>::Statement>>
    where
        'l: 'e,
    {
        by_hand().boxed()
    }

    fn describe<'e>(self, _: SqlStr) -> BoxFuture<'e, sqlx::Result<sqlx::Describe<C::Database>>>
    where
        'l: 'e,
    {
        by_hand().boxed()
    }
}

/// Refuses: statements are prepared when they are run, or not at all.
async fn by_hand<T>() -> sqlx::Result<T> {
    Err(sqlx::Error::InvalidArgument("no statement is prepared by hand".to_owned()))
}
