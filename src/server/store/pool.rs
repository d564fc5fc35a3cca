//! Connections that stay open, each lent to one caller at a time.
//!
//! Not sqlx's own pool: that pings the database whenever a connection is taken and whenever it
//! comes back, which costs more than most of our statements. It also closes a connection whose
//! caller has gone away.

// Connections and answers age in real time, even when a test moves the clock.
#![allow(clippy::disallowed_methods)]

use sqlx::SqlSafeStr;
use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::BuildHasher,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::{Mutex as AsyncMutex, OwnedMutexGuard, OwnedSemaphorePermit, Semaphore, oneshot},
    time::{Instant, timeout},
};

use super::{
    backend::{Backend, Outcome},
    connection::{DbConnection, Setup},
    statement::Value,
    trouble::Trouble,
};
use crate::server::values::address::Address;

/// Time that a request waits for a connection before it fails: users prefer a fast 503 to a page
/// that hangs.
const PATIENCE: Duration = Duration::from_secs(3);

/// A connection that has been idle for this long is pinged before it is lent: a firewall may have
/// dropped it silently.
const IDLE: Duration = Duration::from_secs(1);
/// Time that a ping may take.
const PING: Duration = Duration::from_millis(500);

/// Time that cleaning up after a caller may take.
const CLEANING: Duration = Duration::from_secs(10);

/// Age at which a connection is replaced, so that a database that moved to another host is found
/// again.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

/// Number of addresses with a turn at which those that nobody holds or waits for are forgotten.
const TURNS: usize = 256;

/// A limited number of connections to one database, opened as they are needed.
#[derive(Debug)]
pub struct Pool<C: Backend>(Arc<Inner<C>>);

#[derive(Debug)]
struct Inner<C: Backend> {
    options: C::Options,
    setup: Arc<Setup>,
    /// Idle connections, each with the time since which it is idle. The last used is lent first.
    idle: Mutex<Vec<(DbConnection<C>, Instant)>>,
    room: Arc<Semaphore>,
    /// Transactions for one address take turns before they take a connection. Otherwise those for
    /// an address in high demand would hold all connections while they wait for each other. Keyed
    /// by a hash of the address.
    turns: Mutex<HashMap<u64, Weak<AsyncMutex<()>>>>,
    hasher: RandomState,
}

impl<C: Backend> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Pool(self.0.clone())
    }
}

impl<C: Backend + 'static> Pool<C> {
    /// Opens a pool with one connection, so that a failure to connect shows at once.
    pub async fn open(options: C::Options, setup: Setup, size: usize) -> sqlx::Result<Self> {
        let pool = Pool(Arc::new(Inner {
            options,
            setup: Arc::new(setup),
            idle: Mutex::default(),
            room: Arc::new(Semaphore::new(size)),
            turns: Mutex::default(),
            hasher: RandomState::new(),
        }));
        pool.get().await?.give_back();
        Ok(pool)
    }

    /// Lends a connection.
    pub async fn get(&self) -> sqlx::Result<Lent<C>> {
        self.get_for(None).await
    }

    /// Runs one statement on its own.
    pub async fn run(
        &self,
        sql: impl SqlSafeStr,
        values: &[Value<'_>],
    ) -> sqlx::Result<Vec<Outcome<C>>> {
        let mut lent = self.get().await?;
        let outcomes = lent.connection()?.statement(sql.into_sql_str(), values).await?;
        lent.give_back();
        Ok(outcomes)
    }

    /// Lends a connection, however long it takes to get one.
    pub async fn get_patiently(&self) -> sqlx::Result<Lent<C>> {
        match self.0.room.clone().acquire_owned().await {
            Ok(permit) => self.lend(Held { _turn: None, _permit: permit }).await,
            Err(_) => Err(sqlx::Error::PoolClosed),
        }
    }

    /// Lends a connection on which a transaction has begun. With an address, it is the only
    /// transaction for that address at a time.
    pub async fn begin(&self, address: Option<&Address>) -> sqlx::Result<Lent<C>> {
        let mut lent = self.get_for(address).await?;
        lent.connection()?.begin(address).await?;
        Ok(lent)
    }

    async fn get_for(&self, address: Option<&Address>) -> sqlx::Result<Lent<C>> {
        let turn_and_permit = async {
            let turn = match address {
                Some(address) => Some(self.turn_of(address).lock_owned().await),
                None => None,
            };
            Ok::<_, sqlx::Error>((turn, self.0.room.clone().acquire_owned().await))
        };
        let lent = match timeout(PATIENCE, turn_and_permit).await {
            Ok(Ok((turn, Ok(permit)))) => self.lend(Held { _turn: turn, _permit: permit }).await,
            Ok(_) => Err(sqlx::Error::PoolClosed),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        };
        lent.inspect_err(|error| self.0.setup.note(error))
    }

    fn turn_of(&self, address: &Address) -> Arc<AsyncMutex<()>> {
        let mut turns = self.0.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= TURNS {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = turns.entry(self.0.hasher.hash_one(address)).or_default();
        turn.upgrade().unwrap_or_else(|| {
            let new = Arc::default();
            *turn = Arc::downgrade(&new);
            new
        })
    }

    /// Lends the idle connection that was used last, if it still answers, or a new one.
    async fn lend(&self, held: Held) -> sqlx::Result<Lent<C>> {
        let found = self.idle().pop();
        let Some((connection, since)) = found
            .filter(|(connection, _)| connection.group.is_some() || connection.age() < LIFETIME)
        else {
            return self.connect(held).await;
        };
        let mut lent = Lent { connection: Some(connection), held: Some(held), pool: self.clone() };
        if since.elapsed() < IDLE {
            return Ok(lent);
        }
        if let Ok(Ok(())) = timeout(PING, lent.connection()?.ping()).await {
            return Ok(lent);
        }
        // Whatever made this one hang or break has probably hit the others too.
        self.forget_idle();
        lent.connection = None;
        match lent.held.take() {
            Some(held) => self.connect(held).await,
            None => Err(sqlx::Error::PoolClosed),
        }
    }

    /// Opens a new connection in a task: if the caller goes away meanwhile, the connection is kept
    /// for the next instead of being torn down half open.
    async fn connect(&self, held: Held) -> sqlx::Result<Lent<C>> {
        let (hand_over, handed_over) = oneshot::channel();
        let pool = self.clone();
        tokio::spawn(async move {
            let connection = DbConnection::open(&pool.0.options, pool.0.setup.clone());
            let connection = timeout(PATIENCE, connection)
                .await
                .unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut));
            let lent = connection.map(|connection| Lent {
                connection: Some(connection),
                held: Some(held),
                pool,
            });
            if let Err(Ok(lent)) = hand_over.send(lent) {
                lent.give_back();
            }
        });
        handed_over.await.unwrap_or(Err(sqlx::Error::PoolClosed))
    }

    /// Returns the last thing that went wrong with the database.
    pub fn trouble(&self) -> Option<Trouble> {
        self.0.setup.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// True if the server's sessions are shared with other clients.
    pub fn is_shared(&self) -> bool {
        self.0.setup.is_shared
    }

    /// Closes the idle connections in the orderly way of the database, and lends no more.
    pub async fn close(&self) {
        self.0.room.close();
        let idle = std::mem::take(&mut *self.idle());
        for (connection, _) in idle {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a connection to the database did not close");
            }
        }
    }

    fn keep(&self, connection: DbConnection<C>) {
        if !self.0.room.is_closed() {
            self.idle().push((connection, Instant::now()));
        }
    }

    fn forget_idle(&self) {
        let forgotten = std::mem::take(&mut *self.idle());
        drop(forgotten);
    }

    fn idle(&self) -> MutexGuard<'_, Vec<(DbConnection<C>, Instant)>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Resources that a lent connection occupies: a place in the pool, and the turn of its address.
#[derive(Debug)]
struct Held {
    _turn: Option<OwnedMutexGuard<()>>,
    _permit: OwnedSemaphorePermit,
}

/// A connection in use. If it is dropped without [`Lent::give_back`] (after an error, or because
/// the caller went away), something may be unfinished on it. A task undoes that before the
/// connection is lent again. A new connection would cost the database more, and anybody who hangs
/// up could force one.
#[derive(Debug)]
pub struct Lent<C: Backend + 'static> {
    /// Both are `Some` until it is dropped.
    connection: Option<DbConnection<C>>,
    held: Option<Held>,
    pool: Pool<C>,
}

impl<C: Backend + 'static> Lent<C> {
    pub fn connection(&mut self) -> sqlx::Result<&mut DbConnection<C>> {
        self.connection.as_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Returns the connection to the pool. Nothing may be unfinished on it.
    pub fn give_back(mut self) {
        if let Some(connection) = self.connection.take_if(|connection| !connection.is_spent()) {
            self.pool.keep(connection);
        }
    }
}

impl<C: Backend + 'static> Drop for Lent<C> {
    fn drop(&mut self) {
        let (Some(mut connection), Some(held)) = (self.connection.take(), self.held.take()) else {
            return;
        };
        if connection.is_spent() {
            return self.pool.forget_idle();
        }
        let pool = self.pool.clone();
        // Without a runtime the program is ending.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                match timeout(CLEANING, connection.clean()).await {
                    Ok(Ok(())) if !connection.is_spent() => pool.keep(connection),
                    _ => pool.forget_idle(),
                }
                drop(held);
            });
        }
    }
}
