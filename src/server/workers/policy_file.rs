//! Watches the operator's policy file: saving it applies the policy without a restart. A bad edit,
//! an empty file or a half-written one changes nothing.

use futures::FutureExt;
use metrics::gauge;
use notify::{RecommendedWatcher, RecursiveMode, Watcher, recommended_watcher};
use std::{io, path::Path, sync::Arc, time::Duration};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::{Notify, watch},
    task::JoinHandle,
};

use crate::server::{
    auth::Auth,
    config::{ConfigError, Policy, Source, changes, nothing_vanished, waits_for_start},
};

/// Editors and copy tools write a file in several steps: its content counts once two readings this
/// far apart agree.
const SETTLING: Duration = Duration::from_millis(150);
/// Pause between two looks at the content, whatever the watch reports: a symlink on the path may
/// have been swapped in a folder that is not watched (Kubernetes, NixOS), and network file systems
/// report nothing.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Events in the folder of the file.
#[derive(Default)]
struct Folder {
    /// The file was written. It is read again even if its text is the same, because a logo that it
    /// names may have changed.
    written: Notify,
    /// Something beside the file changed, which may be what the file links to.
    moved: Notify,
}

/// Watches the file of `source` until `stop`, and reads it again on SIGHUP. SIGHUP does not end the
/// program even if there is no file.
pub fn watch(
    auth: Arc<Auth>,
    source: Source,
    mut stop: watch::Receiver<bool>,
) -> io::Result<JoinHandle<()>> {
    let mut hangups = signal(SignalKind::hangup())?;
    let folder = Arc::new(Folder::default());
    let watcher = source.path.as_deref().and_then(|path| folder_watch(path, folder.clone()));
    Ok(tokio::spawn(async move {
        let _watcher = watcher;
        gauge!("latchkey_policy_rejected").set(0.0);
        let started = auth.parts().base.clone();
        let mut known = read(&source).await;
        // The file may have been saved since it was read at the start of the program.
        let newer = known.as_ref().ok().and_then(|text| source.policy_of(text).ok());
        if source.path.is_some() && newer.is_some_and(|new| !changes(&started, &new).is_empty()) {
            known = settled(&source).await;
            apply(&auth, &started, &source, &known).await;
        }
        loop {
            let asked = tokio::select! {
                () = folder.written.notified() => true,
                // Not for each event: the database may be in the same folder.
                () = folder.moved.notified() => {
                    tokio::time::sleep(SETTLING).await;
                    false
                }
                _ = hangups.recv() => true,
                () = tokio::time::sleep(LOOK_EVERY) => false,
                _ = stop.changed() => return,
            };
            if !asked && read(&source).await == known {
                continue;
            }
            known = settled(&source).await;
            // Changes reported meanwhile are in what was read, or are found at the next look.
            let _ =
                (folder.written.notified().now_or_never(), folder.moved.notified().now_or_never());
            apply(&auth, &started, &source, &known).await;
        }
    }))
}

/// Watches the folder of the file. The folder, not the file: editors replace a file by another with
/// the same name.
fn folder_watch(path: &Path, seen: Arc<Folder>) -> Option<RecommendedWatcher> {
    let name = path.file_name()?.to_owned();
    let on_event = move |event: notify::Result<notify::Event>| {
        let Ok(event) = event else { return };
        if event.kind.is_access() {
            return;
        }
        let is_it = event.paths.iter().any(|path| path.file_name() == Some(&name));
        if is_it { seen.written.notify_one() } else { seen.moved.notify_one() }
    };
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let watcher = recommended_watcher(on_event).and_then(|mut watcher| {
        let folder = folder.unwrap_or(Path::new("."));
        watcher.watch(folder, RecursiveMode::NonRecursive).map(|()| watcher)
    });
    let slower = "the folder of the policy file cannot be watched; it is looked at now and then";
    watcher.inspect_err(|error| tracing::warn!(%error, "{slower}")).ok()
}

/// Reads the file on a thread that may block.
async fn read(source: &Source) -> Result<String, ConfigError> {
    let source = source.clone();
    let read = tokio::task::spawn_blocking(move || source.text()).await;
    read.unwrap_or_else(|error| Err(ConfigError(error.to_string())))
}

/// Reads the file once its content no longer changes.
async fn settled(source: &Source) -> Result<String, ConfigError> {
    let mut before = read(source).await;
    loop {
        tokio::time::sleep(SETTLING).await;
        let now = read(source).await;
        if now == before {
            return now;
        }
        before = now;
    }
}

/// Applies the policy in `text` and logs what that changes, or logs why it is rejected.
async fn apply(auth: &Auth, started: &Policy, source: &Source, text: &Result<String, ConfigError>) {
    let policy = text.as_ref().map_err(Clone::clone).and_then(|text| source.policy_of(text));
    let before = auth.parts().base.clone();
    let policy = policy.and_then(|policy| nothing_vanished(&before, &policy).map(|()| policy));
    gauge!("latchkey_policy_rejected").set(f64::from(u8::from(policy.is_err())));
    let policy = match policy {
        Ok(policy) => policy,
        Err(error) => {
            tracing::error!(event = "policy.rejected", %error, "the policy in force stays");
            return;
        }
    };
    let waiting = waits_for_start(started, &policy);
    for key in &waiting {
        tracing::warn!(event = "policy.waits", key, "this takes effect at the next start");
    }
    let changed = auth.take_file(policy).await.tell(&waiting);
    tracing::info!(event = "policy.applied", file = %source.path().display(), changed);
}
