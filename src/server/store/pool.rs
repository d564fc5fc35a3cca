//! Connections that stay open, each lent to one caller at a time.
//!
//! Not sqlx's own pool: that asks the database whether it is still there whenever a connection is
//! taken and whenever it comes back, which costs more than most of our statements do.

use deadpool::{
    Runtime,
    managed::{self, Metrics, Object, PoolError, QueueMode, RecycleError, RecycleResult},
};
use sqlx::{ConnectOptions, Connection};
use std::time::Duration;

/// How long a request waits for a connection before it is told to come back: people prefer a fast
/// 503 to a hung page.
const PATIENCE: Duration = Duration::from_secs(3);

/// A connection that nobody used for so long is asked whether it is still there.
const IDLE: Duration = Duration::from_secs(1);

/// An older connection is replaced: a database that moved to another host is found again.
const LIFETIME: Duration = Duration::from_secs(30 * 60);

#[derive(Debug)]
struct Manager<C: Connection> {
    options: C::Options,
}

impl<C: Connection> managed::Manager for Manager<C> {
    type Type = C;
    type Error = sqlx::Error;

    async fn create(&self) -> Result<C, sqlx::Error> {
        self.options.connect().await
    }

    async fn recycle(&self, connection: &mut C, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if metrics.age() > LIFETIME {
            return Err(RecycleError::message("it is old"));
        }
        if metrics.last_used() > IDLE {
            connection.ping().await?;
        }
        Ok(())
    }
}

/// Up to so many connections to one database, opened as they are needed.
#[derive(Debug)]
pub struct Pool<C: Connection>(managed::Pool<Manager<C>>);

impl<C: Connection> Clone for Pool<C> {
    fn clone(&self) -> Self {
        Pool(self.0.clone())
    }
}

impl<C: Connection> Pool<C> {
    /// A pool of which one connection is already open, so that one learns at once whether that can
    /// be done.
    pub async fn open(options: C::Options, size: usize) -> Result<Self, sqlx::Error> {
        let pool = managed::Pool::builder(Manager { options })
            .max_size(size)
            .queue_mode(QueueMode::Lifo)
            .wait_timeout(Some(PATIENCE))
            .create_timeout(Some(PATIENCE))
            .recycle_timeout(Some(PATIENCE))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| sqlx::Error::Configuration(error.into()))?;
        let pool = Pool(pool);
        pool.get().await?.give_back();
        Ok(pool)
    }

    /// A connection of one's own.
    pub async fn get(&self) -> Result<Lent<C>, sqlx::Error> {
        match self.0.get().await {
            Ok(object) => Ok(Lent { object: Some(object), is_sound: false }),
            Err(PoolError::Backend(error)) => Err(error),
            Err(PoolError::Closed) => Err(sqlx::Error::PoolClosed),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// Closes what is not lent, each as the database likes it, and lends no more.
    pub async fn close(&self) {
        for connection in self.0.retain(|_, _| false).removed {
            if let Err(error) = connection.close().await {
                tracing::warn!(%error, "a connection to the database did not close");
            }
        }
        self.0.close();
    }
}

/// A connection in use. Dropped without [`Lent::give_back`] (an error, a caller that went away) it
/// may be in the midst of something, and is closed instead of lent again.
#[derive(Debug)]
pub struct Lent<C: Connection> {
    /// There until it is dropped.
    object: Option<Object<Manager<C>>>,
    is_sound: bool,
}

impl<C: Connection> Lent<C> {
    pub fn connection(&mut self) -> Result<&mut C, sqlx::Error> {
        self.object.as_deref_mut().ok_or(sqlx::Error::PoolClosed)
    }

    /// Nothing is left undone on it: another may have it.
    pub fn give_back(mut self) {
        self.is_sound = true;
    }
}

impl<C: Connection> Drop for Lent<C> {
    fn drop(&mut self) {
        if !self.is_sound {
            self.object.take().map(Object::take);
        }
    }
}
