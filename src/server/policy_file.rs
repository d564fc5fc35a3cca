//! The operator's file, watched: saving it applies the policy without a restart; a bad edit changes
//! nothing.

use notify::{RecursiveMode, Watcher, recommended_watcher};
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::{config::Source, sign_in::Core};

/// Editors write a file in several steps; what happens within this time is one save.
const SETTLING: Duration = Duration::from_millis(150);

/// Watches the file of `source` until `stop`. Without a file there is nothing to watch.
pub fn watch(
    core: Arc<Core>,
    source: Source,
    mut stop: watch::Receiver<bool>,
) -> Option<JoinHandle<()>> {
    let path = source.path.clone()?;
    let (changed, mut changes) = mpsc::unbounded_channel();
    let name = path.file_name()?.to_owned();
    let on_event = move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| {
            !event.kind.is_access()
                && event.paths.iter().any(|path| path.file_name() == Some(&name))
        }) {
            let _ = changed.send(());
        }
    };
    // The folder, not the file: editors replace a file by another of its name.
    let folder = path
        .parent()
        .filter(|folder| *folder != Path::new(""))
        .unwrap_or(Path::new("."))
        .to_owned();
    let watcher = recommended_watcher(on_event).and_then(|mut watcher| {
        watcher.watch(&folder, RecursiveMode::NonRecursive).map(|()| watcher)
    });
    let watcher =
        watcher.inspect_err(|error| tracing::warn!(%error, "the policy file cannot be watched; changes need a restart")).ok()?;
    let started = core.policy();
    Some(tokio::spawn(async move {
        let _watcher = watcher;
        loop {
            tokio::select! {
                change = changes.recv() => if change.is_none() { return },
                _ = stop.changed() => return,
            }
            tokio::time::sleep(SETTLING).await;
            while changes.try_recv().is_ok() {}
            match source.policy() {
                Ok(policy) => {
                    for key in started.waits_for_start(&policy) {
                        tracing::warn!(
                            event = "policy.waits",
                            key,
                            "this takes effect at the next start"
                        );
                    }
                    core.set_policy(policy);
                    tracing::info!(event = "policy.applied", file = %path.display());
                }
                Err(error) => {
                    tracing::error!(event = "policy.rejected", %error, "the policy in force stays")
                }
            }
        }
    }))
}
