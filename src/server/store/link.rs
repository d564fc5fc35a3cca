//! One connection to a database, and how statements travel over it.

// Connections and answers age by real time, whatever a story's clock says.
#![allow(clippy::disallowed_methods)]

use futures::{
    FutureExt, StreamExt, TryFutureExt, TryStreamExt, future::BoxFuture, stream, stream::BoxStream,
};
use sha2::{Digest, Sha256};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Database, Either, Execute, Executor, PgConnection,
    SqlSafeStr, SqlStr, SqliteConnection,
};
use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, timeout};

use super::trouble::{Trouble, spends};

/// How the connections of one pool are used.
#[derive(Debug, Default)]
pub struct Setup {
    /// What is said on each new connection, and what besides where the server knows it.
    pub session: Option<String>,
    pub at_best: Vec<String>,
    /// How a transaction begins, with the settings of a session that is not ours.
    pub begin: String,
    /// Whether somebody else may have the server's session between two transactions, as behind a
    /// pooler. Then no statement has a name, because names would meet; and what has parameters, and
    /// so takes two messages, runs in a transaction, or the second might reach another session.
    pub is_shared: bool,
    /// The longest a statement may take, as seen from here: a server that has gone without a word
    /// stops no clock of its own.
    pub patience: Option<Duration>,
    pub trouble: Mutex<Option<Trouble>>,
}

impl Setup {
    /// Keeps what an error tells of the database.
    pub fn note(&self, error: &sqlx::Error) {
        if let Some(trouble) = Trouble::of(error) {
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
        }
    }
}

type Arguments<C> = <<C as Connection>::Database as Database>::Arguments;
/// What came of a statement: rows, and how many it changed.
type Outcome<C> = Either<
    <<C as Connection>::Database as Database>::QueryResult,
    <<C as Connection>::Database as Database>::Row,
>;

/// Where the two databases differ on the way.
pub trait Wire: Connection + Sized {
    fn outcomes(
        &mut self,
        sql: SqlStr,
        arguments: Option<Arguments<Self>>,
        is_named: bool,
    ) -> BoxFuture<'_, sqlx::Result<Vec<Outcome<Self>>>>;

    /// The statements that begin a transaction: as durable as `durability` says, and, with an
    /// address, the only one of that address.
    fn beginning(setup: &Setup, durability: &'static str, address: Option<&str>) -> SqlStr;
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

            fn beginning(setup: &Setup, durability: &'static str, address: Option<&str>) -> SqlStr {
                $begin(setup, durability, address)
            }
        }
    };
}

wire!(SqliteConnection, |_, durability: &'static str, _| durability.into_sql_str());
wire!(PgConnection, |setup: &Setup, _, address: Option<&str>| {
    let lock = address
        .map(|address| format!("; SELECT FROM pg_advisory_xact_lock({})", key_of_address(address)));
    AssertSqlSafe(setup.begin.clone() + &lock.unwrap_or_default()).into_sql_str()
});

/// The number by which all instances lock an address.
fn key_of_address(address: &str) -> i64 {
    let hash = Sha256::digest(address);
    hash.iter().take(8).fold(0, |key, byte| key << 8 | i64::from(*byte))
}

/// A connection that knows whether it is in a transaction, and whether it is still of use.
pub struct Link<C> {
    connection: C,
    setup: Arc<Setup>,
    is_in_transaction: bool,
    is_spent: bool,
    opened_at: Instant,
}

impl<C: Wire> Link<C> {
    pub async fn open(options: &C::Options, setup: Arc<Setup>) -> sqlx::Result<Self> {
        let opened = async {
            let connection = options.connect().await?;
            let opened_at = Instant::now();
            let (is_in_transaction, is_spent) = (false, false);
            let mut link = Link { connection, setup, is_in_transaction, is_spent, opened_at };
            if let Some(session) = link.setup.session.clone() {
                link.say(AssertSqlSafe(session)).await?;
            }
            for setting in link.setup.at_best.clone() {
                match link.say(AssertSqlSafe(setting)).await {
                    Err(error) if link.is_spent => return Err(error),
                    _ => {}
                }
            }
            Ok(link)
        };
        opened.await
    }

    pub fn age(&self) -> Duration {
        self.opened_at.elapsed()
    }

    /// Whether it must not be lent again.
    pub fn is_spent(&self) -> bool {
        self.is_spent
    }

    /// Makes it be closed, not lent again.
    pub fn spend(&mut self) {
        self.is_spent = true;
    }

    pub async fn begin(
        &mut self,
        durability: &'static str,
        address: Option<&str>,
    ) -> sqlx::Result<()> {
        self.is_in_transaction = true;
        self.say(C::beginning(&self.setup, durability, address)).await
    }

    /// Ends a transaction, by `COMMIT` or `ROLLBACK`.
    pub async fn end(&mut self, how: &'static str) -> sqlx::Result<()> {
        self.say(how).await?;
        self.is_in_transaction = false;
        Ok(())
    }

    /// A statement has ended the transaction.
    pub fn has_ended(&mut self) {
        self.is_in_transaction = false;
    }

    /// Statements without parameters, for what they do.
    pub async fn say(&mut self, sql: impl SqlSafeStr) -> sqlx::Result<()> {
        self.limited(sql.into_sql_str(), None).await.map(drop)
    }

    pub async fn ping(&mut self) -> sqlx::Result<()> {
        self.connection.ping().await
    }

    /// Waits for what was begun on it and left, and undoes it.
    pub async fn clean(&mut self) -> sqlx::Result<()> {
        // Errors of statements that nobody waits for any more come first.
        for _ in 0..4 {
            match self.connection.ping().await {
                Err(sqlx::Error::Database(_)) => {}
                Err(error) => return Err(error),
                Ok(()) => break,
            }
        }
        if self.is_in_transaction {
            match self.end("ROLLBACK").await {
                // SQLite: it has none to end, because it was ended just before.
                Err(sqlx::Error::Database(told)) if told.code().is_some_and(|code| code == "1") => {
                    self.is_in_transaction = false;
                }
                ended => ended?,
            }
        }
        Ok(())
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
        let (sql, has_arguments) = (query.sql(), arguments.is_some());
        if !self.setup.is_shared || self.is_in_transaction || !has_arguments {
            return self.limited(sql, arguments).await;
        }
        self.begin("", None).await?;
        let outcomes = self.limited(sql, arguments).await;
        let ended = self.end(if outcomes.is_ok() { "COMMIT" } else { "ROLLBACK" }).await;
        outcomes.and_then(|outcomes| ended.map(|()| outcomes))
    }
}

impl<C> fmt::Debug for Link<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl<'l, C: Wire> Executor<'l> for &'l mut Link<C> {
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

/// Statements are prepared as they are run, or not at all.
async fn by_hand<T>() -> sqlx::Result<T> {
    Err(sqlx::Error::InvalidArgument("no statement is prepared by hand".to_owned()))
}
