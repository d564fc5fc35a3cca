//! Watches the overrides of the policy: an operator's act on any instance is in force on all of
//! them within two seconds. While the database is away, the policy in force stays.

use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle};

use crate::server::auth::Auth;

/// Pause between two looks at the version of the overrides, which is one row.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Watches the overrides until `stop`, and records changes of the policy file.
pub fn watch(auth: Arc<Auth>, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut noted = None;
        loop {
            // The store logs a failure, and the next look tries again.
            if let Ok(Some(replaced)) = auth.take_overrides().await {
                let changed = replaced.tell(&[]);
                let version = auth.parts().version;
                tracing::info!(event = "policy.applied", version, changed);
            }
            let base = auth.parts().base.clone();
            let is_noted = noted.as_ref().is_some_and(|noted| Arc::ptr_eq(noted, &base));
            if !is_noted && auth.note_file().await.is_ok() {
                noted = Some(base);
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stop.changed() => return,
            }
        }
    })
}
