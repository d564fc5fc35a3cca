//! How statements are run: the same code on either database, in as few round trips as it takes.

use sqlx::{PgConnection, SqliteConnection};
use std::{
    fmt::Write,
    ops::{Deref, DerefMut},
};

use super::link::{Link, Wire};

/// Runs code with a connection of a pool, and gives it back; after an error it is looked at first.
macro_rules! lend {
    ($pool:expr, $db:ident => $body:expr) => {{
        let mut lent = $pool.get().await?;
        let $db = lent.connection()?;
        let out = $body;
        lent.give_back();
        out
    }};
}

/// Runs the same code on either database, to read or for one statement on its own.
macro_rules! read {
    ($store:expr, $db:ident => $body:expr) => {
        match $store {
            $crate::server::store::Store::Sqlite { readers, .. } => $crate::server::store::lend!(readers, $db => $body),
            $crate::server::store::Store::Postgres(pool) => $crate::server::store::lend!(pool, $db => $body),
        }
    };
}

/// How SQLite begins what has to survive a power cut: an accepted request and its mail, a session,
/// a wrong code. Not a deferred BEGIN: one that reads first and writes later fails at once when
/// another has written.
pub(crate) const DURABLE: &str = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE";
/// And what has to survive the end of the process alone (SQLite's log is written, and flushed with
/// the next that is durable): a password's try, a mail noted as sent. Waiting for the disk was a
/// third of what a sign-in cost.
pub(crate) const SURVIVES_THE_PROCESS: &str = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";

/// Runs the same code in a write transaction of either database, with `of` an address the only one
/// of that. It has the value of the code; an error inside, by `?` or `return`, rolls back.
macro_rules! write {
    ($store:expr, of $address:expr, $tx:ident => $body:expr) => {
        $crate::server::store::write!($store, $crate::server::store::DURABLE, of $address, $tx => $body)
    };
    ($store:expr, $tx:ident => $body:expr) => {
        $crate::server::store::write!($store, $crate::server::store::DURABLE, $tx => $body)
    };
    ($store:expr, $begin:expr, of $address:expr, $tx:ident => $body:expr) => {
        $crate::server::store::write!(@ $store, $begin, Some($address), $tx => $body)
    };
    ($store:expr, $begin:expr, $tx:ident => $body:expr) => {
        $crate::server::store::write!(@ $store, $begin, None, $tx => $body)
    };
    (@ $store:expr, $begin:expr, $address:expr, $tx:ident => $body:expr) => {
        match $store {
            $crate::server::store::Store::Sqlite { writer, .. } => {
                $crate::server::store::transaction!(writer, $begin, $address, $tx => $body)
            }
            $crate::server::store::Store::Postgres(pool) => {
                $crate::server::store::transaction!(pool, $begin, $address, $tx => $body)
            }
        }
    };
}

macro_rules! transaction {
    ($pool:expr, $begin:expr, $address:expr, $tx:ident => $body:expr) => {{
        let mut lent = $pool.begin($begin, $address).await?;
        let mut $tx = $crate::server::store::Tx::of(lent.connection()?);
        let outcome: Result<_, Error> = async { Ok($body) }.await;
        match outcome {
            Ok(out) => {
                $tx.end("COMMIT").await?;
                lent.give_back();
                out
            }
            Err(error) => {
                // On a full disk SQLite has ended the transaction by itself; then this fails, and
                // what is left of it is looked at before the connection is lent again.
                if $tx.end("ROLLBACK").await.is_ok() {
                    lent.give_back();
                }
                return Err(error);
            }
        }
    }};
}

/// A connection in a write transaction. Not sqlx's own: that ends in a round trip of its own. One
/// that is left in the midst is undone by who lent the connection.
pub(crate) struct Tx<'c, C> {
    link: &'c mut Link<C>,
    /// Committed already.
    pub is_over: bool,
}

impl<'c, C: Wire> Tx<'c, C> {
    pub fn of(link: &'c mut Link<C>) -> Self {
        Tx { link, is_over: false }
    }

    /// Ends it, if it is not over.
    pub async fn end(&mut self, how: &'static str) -> sqlx::Result<()> {
        if self.is_over {
            self.link.has_ended();
            return Ok(());
        }
        self.link.end(how).await
    }
}

impl<C> Deref for Tx<'_, C> {
    type Target = Link<C>;

    fn deref(&self) -> &Link<C> {
        self.link
    }
}

impl<C> DerefMut for Tx<'_, C> {
    fn deref_mut(&mut self) -> &mut Link<C> {
        self.link
    }
}

/// Runs several statements of a transaction, each with its own `$1`, `$2` …, in one round trip, and
/// writes events after them. One with an `if` is left out where that does not hold. No statement
/// sees what another of them did.
macro_rules! run_all {
    ($tx:ident $($rest:tt)*) => { $crate::server::store::run_batch!(batch, $tx $($rest)*) };
}

/// The same for the last statements of a transaction: it ends with them, where the database can do
/// that.
macro_rules! finish {
    ($tx:ident $($rest:tt)*) => {{
        $crate::server::store::run_batch!(last_batch, $tx $($rest)*);
        $tx.is_over = $crate::server::store::Dialect::ends_with_last_batch(&$tx);
    }};
}

macro_rules! run_batch {
    (
        $batch:ident, $tx:ident
        $(, $sql:expr => [$($bind:expr),* $(,)?] $(if $condition:expr)?)*
        $(; note $event:expr, $user_id:expr)* $(,)? $(;)?
    ) => {{
        let mut statements = Vec::new();
        $(if true $(&& $condition)? { statements.push($sql) })*
        $(let _ = &$event; statements.push($crate::server::store::audit::INSERT_EVENT);)*
        let sql = $crate::server::store::Dialect::$batch(&$tx, &statements);
        let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
        $(if true $(&& $condition)? { query = query$(.bind($bind))* })*
        $(
            query = query
                .bind($event.at)
                .bind(&$event.event)
                .bind(&$event.reason)
                .bind(&$event.request_id)
                .bind(&$event.subject)
                .bind(&$event.address)
                .bind($user_id)
                .bind(&$event.user_agent)
                .bind(&$event.ip_prefix)
                .bind($event.list());
        )*
        query.execute(&mut *$tx).await?
    }};
}

/// Runs one statement on its own on either database, to write. The number of rows it changed.
macro_rules! execute {
    ($store:expr, $sql:expr $(, $bind:expr)* $(,)?) => {
        $crate::server::store::returning!($store, db => sqlx::query($sql)$(.bind($bind))*.execute(db).await?.rows_affected())
    };
}

/// Runs one statement on its own on either database, to write and to see what it wrote.
macro_rules! returning {
    ($store:expr, $db:ident => $body:expr) => {
        match $store {
            $crate::server::store::Store::Sqlite { writer, .. } => $crate::server::store::lend!(writer, $db => $body),
            $crate::server::store::Store::Postgres(pool) => $crate::server::store::lend!(pool, $db => $body),
        }
    };
}
pub(crate) use {execute, finish, lend, read, returning, run_all, run_batch, transaction, write};

/// Where the two databases differ inside a transaction.
pub(crate) trait Dialect {
    /// Statements as one, their parameters numbered through. Each round trip costs two changes of
    /// thread on SQLite and the network on PostgreSQL, more than most statements do.
    fn batch(&self, statements: &[&str]) -> String;

    /// The same for the last of a transaction.
    fn last_batch(&self, statements: &[&str]) -> String;

    /// Whether the transaction ends with those.
    fn ends_with_last_batch(&self) -> bool;
}

impl Dialect for Tx<'_, SqliteConnection> {
    fn batch(&self, statements: &[&str]) -> String {
        numbered_through(statements).join("; ")
    }

    fn last_batch(&self, statements: &[&str]) -> String {
        self.batch(statements) + "; COMMIT"
    }

    fn ends_with_last_batch(&self) -> bool {
        true
    }
}

impl Dialect for Tx<'_, PgConnection> {
    fn batch(&self, statements: &[&str]) -> String {
        let mut numbered = numbered_through(statements);
        let last = numbered.pop().unwrap_or_default();
        if numbered.is_empty() {
            return last;
        }
        let named: Vec<String> =
            numbered.iter().enumerate().map(|(n, sql)| format!("s{n} AS ({sql})")).collect();
        format!("WITH {} {last}", named.join(", "))
    }

    /// A statement with parameters goes alone.
    fn last_batch(&self, statements: &[&str]) -> String {
        self.batch(statements)
    }

    fn ends_with_last_batch(&self) -> bool {
        false
    }
}

/// The statements with their `$n` moved on by as many as those before have.
fn numbered_through(statements: &[&str]) -> Vec<String> {
    let mut before = 0;
    let mut renumbered = |sql: &&str| {
        let mut pieces = sql.split('$');
        let mut out = pieces.next().unwrap_or_default().to_owned();
        let mut most = 0;
        for piece in pieces {
            let digits = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let (number, rest) = piece.split_at(digits);
            let number: usize = number.parse().unwrap_or(0);
            most = most.max(number);
            // Writing to a string does not fail.
            let _ = std::write!(out, "${}{rest}", before + number);
        }
        before += most;
        out
    };
    statements.iter().map(&mut renumbered).collect()
}
