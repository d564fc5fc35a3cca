//! The differences between the two databases in sending statements.

use futures::{FutureExt, TryStreamExt, future::BoxFuture};
use sha2::{Digest, Sha256};
use sqlx::{
    Arguments as _, AssertSqlSafe, Connection, Database, Either, Executor, FromRow, PgConnection,
    SqlSafeStr, SqlStr, SqliteConnection,
};

use super::{connection::Setup, statement::Value};
use crate::server::values::address::Address;

pub type Arguments<C> = <<C as Connection>::Database as Database>::Arguments;
/// One item that a statement returned: a row, or a result with the number of rows it changed.
pub type Outcome<C> = Either<
    <<C as Connection>::Database as Database>::QueryResult,
    <<C as Connection>::Database as Database>::Row,
>;

/// A connection to one of the two databases, as sqlx has it.
pub trait Backend: Connection + Sized {
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

macro_rules! backend {
    ($connection:ty, $begin:expr) => {
        impl Backend for $connection {
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
backend!(SqliteConnection, |_, _| "PRAGMA synchronous = FULL; BEGIN IMMEDIATE".into_sql_str());
backend!(PgConnection, |setup: &Setup, address: Option<&Address>| {
    let lock = address
        .map(|address| format!("; SELECT FROM pg_advisory_xact_lock({})", key_of_address(address)));
    AssertSqlSafe(setup.begin.clone() + &lock.unwrap_or_default()).into_sql_str()
});

/// Returns the number by which all instances lock an address.
fn key_of_address(address: &Address) -> i64 {
    let hash = Sha256::digest(address.as_str());
    hash.iter().take(8).fold(0, |key, byte| key << 8 | i64::from(*byte))
}

/// Returns the rows among the outcomes.
pub fn rows<R, Q, T: for<'r> FromRow<'r, R>>(outcomes: Vec<Either<Q, R>>) -> sqlx::Result<Vec<T>>
where
    R: sqlx::Row,
{
    outcomes.into_iter().filter_map(Either::right).map(|row| T::from_row(&row)).collect()
}

/// Returns how many rows the first statement changed.
pub fn changes<C: Backend>(outcomes: &[Outcome<C>]) -> u64 {
    let first = outcomes.iter().find_map(|outcome| outcome.as_ref().left());
    first.map_or(0, C::changed)
}
