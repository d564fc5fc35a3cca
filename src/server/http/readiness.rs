//! Whether this instance can serve: the database takes writes, mails are sent, and the team's users
//! can be read. What is wrong is told in the log, and not to whoever asks.

// Connections and answers age by real time, whatever a story's clock says.
#![allow(clippy::disallowed_methods)]

use std::{
    sync::{Mutex, OnceLock, PoisonError},
    time::Duration,
};
use tokio::{
    task::AbortHandle,
    time::{Instant, timeout},
};

use crate::server::auth::Auth;

/// How long an answer holds, however many ask: nobody is to load the database by asking how it is.
const HOLDS: Duration = Duration::from_millis(250);
/// How long a look may take.
const LOOK: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub struct Readiness {
    last: tokio::sync::Mutex<Option<(Instant, bool)>>,
    /// What was told last, so that each change is told once.
    told: Mutex<Option<String>>,
    worker: OnceLock<AbortHandle>,
}

impl Readiness {
    /// Without this worker no mail would be sent.
    pub fn needs(&self, worker: AbortHandle) {
        // Set once, when the server is put together.
        let _ = self.worker.set(worker);
    }

    pub async fn is_ready(&self, auth: &Auth) -> bool {
        let mut last = self.last.lock().await;
        let troubled_at = auth.store.trouble().map(|trouble| trouble.at);
        if let Some((at, is_ready)) = *last
            && at.elapsed() < HOLDS
            && troubled_at.is_none_or(|troubled_at| troubled_at < at)
        {
            return is_ready;
        }
        let at = Instant::now();
        let wrong = match timeout(LOOK, self.look(auth)).await {
            Ok(found) => found.err(),
            Err(_) => Some("the database does not answer in time".to_owned()),
        };
        *last = Some((at, wrong.is_none()));
        self.tell(&wrong);
        wrong.is_none()
    }

    /// What is wrong, or nothing.
    async fn look(&self, auth: &Auth) -> Result<(), String> {
        if self.worker.get().is_some_and(AbortHandle::is_finished) {
            return Err("the outbox worker has ended: no mail is sent".to_owned());
        }
        auth.store.probe().await.map_err(|why| format!("the database: {why}"))?;
        if let Some(mapped) = &auth.team_users {
            mapped
                .ping()
                .await
                .map_err(|_| "the database of [users] does not answer".to_owned())?;
        }
        Ok(())
    }

    fn tell(&self, wrong: &Option<String>) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        match wrong {
            _ if *told == *wrong => {}
            Some(why) => tracing::error!(event = "not_ready", %why, "no requests should come here"),
            None => tracing::info!(event = "ready", "requests can be served again"),
        }
        told.clone_from(wrong);
    }
}
