//! Write transactions, and single statements, on either database.

use sqlx::{AssertSqlSafe, PgConnection, SqlSafeStr, SqliteConnection};

use super::{
    Durability, Store,
    backend::{changes, rows},
    pool::Lent,
    sqlite::Member,
    statement::{
        Record, Statement, Value, and_then_of_postgres, and_then_of_sqlite, batch_of_postgres,
        batch_of_sqlite,
    },
};
use crate::server::{ground::error::Error, values::address::Address};

/// A write transaction.
pub struct Tx(Kind);

enum Kind {
    Sqlite(Member),
    Postgres(Lent<PgConnection>),
}

impl Tx {
    /// Returns every row of a statement.
    pub async fn all<T: Record>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, Error> {
        let sql = sql.into_sql_str();
        Ok(match &mut self.0 {
            Kind::Sqlite(member) => rows(member.run(sql, values, false).await?)?,
            Kind::Postgres(lent) => rows(lent.connection()?.statement(sql, values).await?)?,
        })
    }

    /// Returns the first row of a statement, if it has one.
    pub async fn first<T: Record>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Option<T>, Error> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// Runs a statement. Returns how many rows it changed.
    pub async fn execute(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, Error> {
        let sql = sql.into_sql_str();
        Ok(match &mut self.0 {
            Kind::Sqlite(member) => {
                changes::<SqliteConnection>(&member.run(sql, values, false).await?)
            }
            Kind::Postgres(lent) => {
                changes::<PgConnection>(&lent.connection()?.statement(sql, values).await?)
            }
        })
    }

    /// Runs several statements, each with its own `$1`, `$2` …, in one round trip. None may rely on
    /// what another of them did: PostgreSQL shows them the state from before.
    pub async fn run(&mut self, statements: &[Statement<'_>]) -> Result<(), Error> {
        self.batch(statements, false).await
    }

    /// Runs the last statements of a transaction like `run`. They also end it, if the database can
    /// do that in the same round trip.
    pub async fn finish(&mut self, statements: &[Statement<'_>]) -> Result<(), Error> {
        self.batch(statements, true).await
    }

    async fn batch(&mut self, statements: &[Statement<'_>], is_last: bool) -> Result<(), Error> {
        let values: Vec<Value<'_>> =
            statements.iter().flat_map(|statement| &statement.values).copied().collect();
        let safe = |sql: String| AssertSqlSafe(sql).into_sql_str();
        match &mut self.0 {
            Kind::Sqlite(member) => {
                member.run(safe(batch_of_sqlite(statements)), &values, is_last).await?;
            }
            Kind::Postgres(lent) => {
                let sql = safe(batch_of_postgres(statements));
                lent.connection()?.statement(sql, &values).await?;
            }
        }
        Ok(())
    }

    async fn commit(self) -> Result<(), Error> {
        match self.0 {
            Kind::Sqlite(member) => member.commit().await?,
            Kind::Postgres(mut lent) => {
                lent.connection()?.end("COMMIT").await?;
                lent.give_back();
            }
        }
        Ok(())
    }

    async fn roll_back(self) {
        match self.0 {
            Kind::Sqlite(member) => member.roll_back().await,
            // If this fails, the connection is cleaned up before it is lent again.
            Kind::Postgres(mut lent) => {
                let Ok(connection) = lent.connection() else { return };
                if connection.end("ROLLBACK").await.is_ok() {
                    lent.give_back();
                }
            }
        }
    }
}

impl Store {
    /// Runs `body` in a write transaction. With an address, it is the only transaction for that
    /// address at a time. If this returns a value, the transaction is committed; after an error it
    /// is undone.
    pub(super) async fn transaction<T>(
        &self,
        durability: Durability,
        address: Option<&Address>,
        body: impl AsyncFnOnce(&mut Tx) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut tx = Tx(match self {
            Store::Sqlite { writer, .. } => Kind::Sqlite(writer.begin(durability).await?),
            Store::Postgres(pool) => Kind::Postgres(pool.begin(address).await?),
        });
        match body(&mut tx).await {
            Ok(value) => {
                tx.commit().await?;
                Ok(value)
            }
            Err(error) => {
                tx.roll_back().await;
                Err(error)
            }
        }
    }

    /// Returns every row of a statement that reads.
    pub(super) async fn all<T: Record>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, Error> {
        Ok(match self {
            Store::Sqlite { readers, .. } => rows(readers.run(sql, values).await?)?,
            Store::Postgres(pool) => rows(pool.run(sql, values).await?)?,
        })
    }

    /// Returns the first row of a statement that reads, if it has one.
    pub(super) async fn first<T: Record>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Option<T>, Error> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    /// Returns the one row of a statement that reads.
    pub(super) async fn one<T: Record>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<T, Error> {
        Ok(self.first(sql, values).await?.ok_or(sqlx::Error::RowNotFound)?)
    }

    /// Runs a single statement that writes, and returns the rows it returns.
    pub(super) async fn change<T: Record>(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, Error> {
        Ok(match self {
            Store::Sqlite { writer, .. } => {
                rows(writer.run(Durability::ProcessEnd, sql, values).await?)?
            }
            Store::Postgres(pool) => rows(pool.run(sql, values).await?)?,
        })
    }

    /// Runs a statement and, if it changes a row, another: in one round trip, as one atomic step.
    /// Returns how many rows the first changed, or on PostgreSQL the second.
    pub(super) async fn execute_and_then(
        &self,
        durability: Durability,
        both: &[Statement<'_>; 2],
    ) -> Result<u64, Error> {
        let values = both.iter().flat_map(|statement| &statement.values).copied();
        let values: Vec<Value<'_>> = values.collect();
        Ok(match self {
            Store::Sqlite { writer, .. } => {
                let sql = AssertSqlSafe(and_then_of_sqlite(both));
                changes::<SqliteConnection>(&writer.run(durability, sql, &values).await?)
            }
            Store::Postgres(pool) => {
                let sql = AssertSqlSafe(and_then_of_postgres(both));
                changes::<PgConnection>(&pool.run(sql, &values).await?)
            }
        })
    }

    /// Runs a single statement that writes. Returns how many rows it changed.
    pub(super) async fn execute(
        &self,
        sql: impl SqlSafeStr,
        values: &[Value<'_>],
    ) -> Result<u64, Error> {
        self.execute_with(Durability::ProcessEnd, sql, values).await
    }

    /// Runs a single statement like `execute`, whose changes a power cut does not undo.
    pub(super) async fn execute_lasting(
        &self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, Error> {
        self.execute_with(Durability::PowerCut, sql, values).await
    }

    async fn execute_with(
        &self,
        durability: Durability,
        sql: impl SqlSafeStr,
        values: &[Value<'_>],
    ) -> Result<u64, Error> {
        Ok(match self {
            Store::Sqlite { writer, .. } => {
                changes::<SqliteConnection>(&writer.run(durability, sql, values).await?)
            }
            Store::Postgres(pool) => changes::<PgConnection>(&pool.run(sql, values).await?),
        })
    }
}
