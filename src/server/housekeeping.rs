//! What keeps the tables and the memory small: expired rows go in small batches, a minute apart.

use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle};

use super::{
    clock::{DAY, Millis},
    sign_in::Core,
};

const EVERY: Duration = Duration::from_secs(60);

/// Works until `stop`.
pub fn start(core: Arc<Core>, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stop.changed() => return,
            }
            core.ip_limits.forget_idle();
            let keep_events = Millis::from(core.policy().audit.keep_days) * DAY;
            match core.store.purge(core.clock.now(), keep_events).await {
                Ok(0) => {}
                Ok(rows) => tracing::debug!(rows, "expired rows purged"),
                Err(error) => tracing::warn!(%error, "expired rows could not be purged; trying again in a minute"),
            }
        }
    })
}
