//! A connection as sqlx's own queries use it.

use futures::{
    FutureExt, StreamExt, TryFutureExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use sqlx::{Database, Either, Execute, Executor, SqlStr};

use super::{
    backend::{Backend, Outcome},
    connection::DbConnection,
};

impl<'l, C: Backend> Executor<'l> for &'l mut DbConnection<C> {
    type Database = C::Database;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, sqlx::Result<Outcome<C>>>
    where
        'l: 'e,
        E: 'q + Execute<'q, C::Database>,
    {
        let run = run(self, query);
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
        let run = run(self, query).map_ok(|outcomes| outcomes.into_iter().find_map(Either::right));
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

async fn run<'q, C: Backend>(
    connection: &mut DbConnection<C>,
    mut query: impl Execute<'q, C::Database>,
) -> sqlx::Result<Vec<Outcome<C>>> {
    let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?;
    connection.send(query.sql(), arguments).await
}

/// Refuses: statements are prepared when they are run, or not at all.
async fn by_hand<T>() -> sqlx::Result<T> {
    Err(sqlx::Error::InvalidArgument("no statement is prepared by hand".to_owned()))
}
