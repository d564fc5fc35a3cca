//! Limit on concurrent password hashing: each hash takes 19 MiB and a core for a while, and a crowd
//! of requests must not exhaust the server's memory (ASVS 5.0 15.2.2).

use std::{sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::server::ground::{
    error::Error,
    words::{language, speaking},
};

/// Time a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(3);

/// Semaphore with as many permits as there are cores.
#[derive(Debug)]
pub struct Hashing(Arc<Semaphore>);

impl Default for Hashing {
    fn default() -> Self {
        Hashing::of(std::thread::available_parallelism().map_or(1, usize::from))
    }
}

impl Hashing {
    fn of(at_once: usize) -> Self {
        Hashing(Arc::new(Semaphore::new(at_once)))
    }

    /// Runs the hashing on a blocking thread when its turn comes. Returns [`Error::Unavailable`] if
    /// the wait is too long. A hash cannot be stopped, so the permit belongs to the hash, not to
    /// the request: a client that disconnects frees nothing early.
    pub async fn run<T: Send + 'static>(
        &self,
        hash: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let turn = timeout(PATIENCE, self.0.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| Error::Unavailable)?.map_err(|_| Error::Internal)?;
        // Errors made on that thread must be in the language of the waiting request.
        let language = language();
        let hashed = spawn_blocking(move || {
            let hashed = speaking(language, hash);
            drop(turn);
            hashed
        });
        hashed.await.map_err(|_| Error::Internal)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc::{Receiver, channel},
    };

    #[tokio::test]
    async fn a_caller_that_hangs_up_does_not_free_its_turn_early() {
        let hashing = Arc::new(Hashing::of(2));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let start = |until: Receiver<()>| {
            let (hashing, running, most) = (hashing.clone(), running.clone(), most.clone());
            let hash = move || {
                most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                let _ = until.recv();
                running.fetch_sub(1, SeqCst);
                Ok(())
            };
            tokio::spawn(async move { hashing.run(hash).await })
        };
        let mut let_go = Vec::new();
        for n in 1..=2 {
            let (go, until) = channel();
            let_go.push(go);
            let asked = start(until);
            while running.load(SeqCst) < n {
                tokio::task::yield_now().await;
            }
            asked.abort();
            assert!(asked.await.is_err(), "it has hung up");
        }
        assert_eq!((running.load(SeqCst), hashing.0.available_permits()), (2, 0), "both run on");
        let waiting: Vec<_> = (0..8).map(|_| start(channel().1)).collect();
        let_go.clear();
        for hashed in waiting {
            assert_eq!(hashed.await.unwrap(), Ok(()));
        }
        assert_eq!(most.load(SeqCst), 2);
    }
}
