//! The team's own user table, which Latchkey reads and never writes.

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, SqliteConnection, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};
use std::str::FromStr;

use super::{Pool, Store, lend};
use crate::{error::Error, server::config::Users};

/// The table, and the query that finds a user in it by its index.
#[derive(Clone, Debug)]
pub struct MappedUsers {
    database: Database,
    look_up: String,
}

#[derive(Clone, Debug)]
enum Database {
    Sqlite(Pool<SqliteConnection>),
    Postgres(Pool<PgConnection>),
}

/// Connections to a database of the team's own.
const CONNECTIONS: usize = 4;

/// Why a table cannot be mapped: a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    #[error("[users] database_url must start with sqlite:// or postgres://.")]
    Scheme,
    #[error(
        "[users] {table} cannot be read: {error}. Check users.table, users.id, users.address and the rights of the database user."
    )]
    Read { table: String, error: sqlx::Error },
    #[error(
        "[users] {table} has no index on {address}, so every sign-in would read the whole table. Add one: CREATE UNIQUE INDEX ON {table} (lower({address}))."
    )]
    NoIndex { table: String, address: String },
    #[error(
        "[users] {table} has several rows with the same {address}, so nobody can say whose sign-in it is. Make the addresses unique, regardless of case."
    )]
    NotUnique { table: String, address: String },
}

/// Runs the same code on either database.
macro_rules! on {
    ($database:expr, $db:ident => $body:expr) => {
        match $database {
            Database::Sqlite(pool) => lend!(pool, $db => $body),
            Database::Postgres(pool) => lend!(pool, $db => $body),
        }
    };
}

impl MappedUsers {
    /// Maps the table that `users` names, in its own database or in Latchkey's, after a look at it:
    /// it must be there, its addresses must be unique, and finding one must not read the whole
    /// table.
    pub async fn open(users: &Users, own: &Store) -> Result<Self, MapError> {
        let unreadable = |error| MapError::Read { table: users.table.clone(), error };
        let database = match (&users.database_url, own) {
            (None, Store::Sqlite { readers, .. }) => Database::Sqlite(readers.clone()),
            (None, Store::Postgres(pool)) => Database::Postgres(pool.clone()),
            (Some(url), _) => open_read_only(url).await?.map_err(unreadable)?,
        };
        let quoted = |name: &str| format!("\"{name}\"");
        let table = users.table.split('.').map(quoted).collect::<Vec<_>>().join(".");
        // With the table's name before it, because SQLite takes a quoted name that is no column for
        // a text.
        let (id, address) =
            (format!("u.{}", quoted(&users.id)), format!("u.{}", quoted(&users.address)));
        let duplicates = format!(
            "SELECT 1 FROM {table} AS u WHERE {address} IS NOT NULL GROUP BY lower({address}) HAVING COUNT(*) > 1 LIMIT 1"
        );
        if database.has_rows(duplicates).await.map_err(unreadable)? {
            return Err(MapError::NotUnique {
                table: users.table.clone(),
                address: users.address.clone(),
            });
        }
        // An index on lower(address) finds any spelling; one on the address itself finds those kept
        // in lower case.
        for by in [format!("lower({address})"), address] {
            let look_up =
                format!("SELECT CAST({id} AS TEXT) FROM {table} AS u WHERE {by} = $1 LIMIT 2");
            let mapped = MappedUsers { database: database.clone(), look_up };
            if mapped.uses_an_index().await.map_err(unreadable)? {
                return Ok(mapped);
            }
        }
        Err(MapError::NoIndex { table: users.table.clone(), address: users.address.clone() })
    }

    async fn uses_an_index(&self) -> sqlx::Result<bool> {
        match &self.database {
            Database::Sqlite(pool) => {
                let plan = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", self.look_up));
                let steps: Vec<(i64, i64, i64, String)> =
                    lend!(pool, db => sqlx::query_as(plan).bind("").fetch_all(db).await?);
                Ok(steps.iter().all(|(.., step)| step.starts_with("SEARCH")))
            }
            Database::Postgres(pool) => {
                // A small table is read whole even when it has an index; forbidding that shows
                // whether there is one.
                let mut lent = pool.get().await?;
                let mut tx = lent.connection()?.begin().await?;
                sqlx::query("SET LOCAL enable_seqscan = off").execute(&mut *tx).await?;
                let plan = AssertSqlSafe(format!("EXPLAIN {}", self.look_up.replace("$1", "''")));
                let steps: Vec<String> = sqlx::query_scalar(plan).fetch_all(&mut *tx).await?;
                tx.rollback().await?;
                lent.give_back();
                Ok(!steps.iter().any(|step| step.contains("Seq Scan"))
                    && steps.iter().any(|step| step.contains("Index Cond")))
            }
        }
    }

    /// The id of the user with this address. Two of them are as good as none: nobody can say which.
    pub async fn find(&self, address: &str) -> Result<Option<String>, Error> {
        let query = AssertSqlSafe(self.look_up.clone());
        let mut ids: Vec<String> =
            on!(&self.database, db => sqlx::query_scalar(query).bind(address).fetch_all(db).await?);
        Ok(if ids.len() == 1 { ids.pop() } else { None })
    }
}

impl Database {
    async fn has_rows(&self, query: String) -> sqlx::Result<bool> {
        Ok(on!(self, db => sqlx::query(AssertSqlSafe(query)).fetch_optional(db).await?.is_some()))
    }
}

async fn open_read_only(url: &str) -> Result<sqlx::Result<Database>, MapError> {
    match url.split(':').next() {
        Some("sqlite") => {
            let open = async {
                Pool::open(SqliteConnectOptions::from_str(url)?.read_only(true), CONNECTIONS).await
            };
            Ok(open.await.map(Database::Sqlite))
        }
        Some("postgres" | "postgresql") => {
            let open = async {
                let options = PgConnectOptions::from_str(url)?
                    .options([("default_transaction_read_only", "on")]);
                Pool::open(options, CONNECTIONS).await
            };
            Ok(open.await.map(Database::Postgres))
        }
        _ => Err(MapError::Scheme),
    }
}
