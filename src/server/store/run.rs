//! How statements are run: the same code on either database, in as few round trips as it takes.

use sqlx::{Postgres, Sqlite, Transaction};

/// Runs code with a connection of a pool, and gives it back unless an error ended the code.
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

/// How SQLite begins what has to survive a power cut: an accepted request and its mail, a session. Not a deferred BEGIN: one
/// that reads first and writes later fails at once when another has written.
pub(crate) const DURABLE: &str = "PRAGMA synchronous = FULL; BEGIN IMMEDIATE";
/// And what has to survive the end of the process alone (SQLite's log is written, and flushed with the next that is durable): a
/// try counted, a mail noted as sent. Waiting for the disk was a third of what a sign-in cost.
pub(crate) const SURVIVES_THE_PROCESS: &str = "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE";

/// Runs the same code in a write transaction of either database. It has the value of the code; an error inside, by `?` or
/// `return`, rolls back.
macro_rules! write {
    ($store:expr, $tx:ident => $body:expr) => {
        $crate::server::store::write!($store, $crate::server::store::DURABLE, $tx => $body)
    };
    ($store:expr, $begin:expr, $tx:ident => $body:expr) => {
        match $store {
            $crate::server::store::Store::Sqlite { writer, .. } => {
                $crate::server::store::transaction!(writer, begin_with($begin), $tx => $body)
            }
            $crate::server::store::Store::Postgres(pool) => $crate::server::store::transaction!(pool, begin(), $tx => $body),
        }
    };
}

macro_rules! transaction {
    ($pool:expr, $begin:ident($($how:expr)?), $tx:ident => $body:expr) => {{
        let mut lent = $pool.get().await?;
        let mut $tx = sqlx::Connection::$begin(lent.connection()? $(, $how)?).await?;
        let outcome: Result<_, Error> = async { Ok($body) }.await;
        match outcome {
            Ok(out) => {
                $tx.commit().await?;
                lent.give_back();
                out
            }
            Err(error) => {
                // On a full disk SQLite has ended the transaction by itself; then this fails, and the connection is closed.
                if $tx.rollback().await.is_ok() {
                    lent.give_back();
                }
                return Err(error);
            }
        }
    }};
}

/// Runs several statements of a transaction, each with its own `$1`, `$2` …, in one round trip, and writes events after
/// them. No statement sees what another of them did.
macro_rules! run_all {
    ($tx:ident $(, $sql:expr => [$($bind:expr),* $(,)?])* $(; note $event:expr, $user_id:expr)* $(;)?) => {{
        let statements = [$($sql,)* $({ let _ = &$event; $crate::server::store::audit::INSERT_EVENT },)*];
        let sql = $crate::server::store::Dialect::batch(&$tx, &statements);
        sqlx::query(sqlx::AssertSqlSafe(sql))
            $($(.bind($bind))*)*
            $(
                .bind($event.at)
                .bind(&$event.event)
                .bind(&$event.reason)
                .bind(&$event.request_id)
                .bind(&$event.subject)
                .bind(&$event.address)
                .bind($user_id)
                .bind(&$event.user_agent)
                .bind(&$event.ip_prefix)
            )*
            .execute(&mut *$tx)
            .await?
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
pub(crate) use {execute, lend, read, returning, run_all, transaction, write};

/// Where the two databases differ inside a transaction.
pub(crate) trait Dialect {
    /// One writer at a time for one address, where the database has many writers.
    async fn lock_address(&mut self, address: &str) -> sqlx::Result<()>;

    /// Statements as one, their parameters numbered through. Each round trip costs two changes of thread on SQLite and
    /// the network on PostgreSQL, more than most statements do.
    fn batch(&self, statements: &[&str]) -> String;
}

impl Dialect for Transaction<'_, Sqlite> {
    fn batch(&self, statements: &[&str]) -> String {
        numbered_through(statements).join("; ")
    }

    async fn lock_address(&mut self, _: &str) -> sqlx::Result<()> {
        Ok(())
    }
}

impl Dialect for Transaction<'_, Postgres> {
    fn batch(&self, statements: &[&str]) -> String {
        let mut numbered = numbered_through(statements);
        let last = numbered.pop().unwrap_or_default();
        if numbered.is_empty() {
            return last;
        }
        let named: Vec<String> = numbered.iter().enumerate().map(|(n, sql)| format!("s{n} AS ({sql})")).collect();
        format!("WITH {} {last}", named.join(", "))
    }

    async fn lock_address(&mut self, address: &str) -> sqlx::Result<()> {
        let lock = sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))").bind(address);
        lock.execute(&mut **self).await.map(|_| ())
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
            out += &format!("${}{rest}", before + number);
        }
        before += most;
        out
    };
    statements.iter().map(&mut renumbered).collect()
}
