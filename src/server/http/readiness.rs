//! Readiness of this instance: the database takes writes, mails are sent, and the team's users can
//! be read. Faults are logged, and not shown to the requester.

// Connections and answers age by real time, whatever a test's clock says.
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

/// Time that a result is reused, for any number of requests: asking for readiness must not load the
/// database.
const HOLDS: Duration = Duration::from_millis(250);
/// Deadline of one check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub struct Readiness {
    last: tokio::sync::Mutex<Option<(Instant, bool)>>,
    /// The fault that was logged last, so that each change is logged once.
    logged: Mutex<Option<String>>,
    worker: OnceLock<AbortHandle>,
}

impl Readiness {
    /// Ties readiness to this worker: without it no mail would be sent.
    pub fn needs(&self, worker: AbortHandle) {
        // Set once, when the server is built.
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
        let wrong = match timeout(CHECK_TIMEOUT, self.check(auth)).await {
            Ok(found) => found.err(),
            Err(_) => Some("the database does not answer in time".to_owned()),
        };
        *last = Some((at, wrong.is_none()));
        self.log_change(&wrong);
        wrong.is_none()
    }

    /// Returns an error with what is wrong, if anything.
    async fn check(&self, auth: &Auth) -> Result<(), String> {
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

    fn log_change(&self, wrong: &Option<String>) {
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        match wrong {
            _ if *logged == *wrong => {}
            Some(why) => tracing::error!(event = "not_ready", %why, "no requests should come here"),
            None => tracing::info!(event = "ready", "requests can be served again"),
        }
        logged.clone_from(wrong);
    }
}
