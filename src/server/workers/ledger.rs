//! The ledger worker: counts and seals the events of the audit table, soon after they happen.

use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle};

use crate::server::auth::{
    Auth,
    ledger::{Seen, pass},
};

/// Wait between two looks at the table.
const EVERY: Duration = Duration::from_secs(2);

/// Starts the worker, which runs until `stop`. Each instance has one: of those that have read the
/// same events, one writes.
pub fn start(auth: Arc<Auth>, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut seen = Seen::default();
        while !*stop.borrow() {
            match pass(&auth, &mut seen).await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(%error, "events could not be counted and sealed; trying again");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stop.changed() => {}
            }
        }
    })
}
