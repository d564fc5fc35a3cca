//! Regular upkeep: deletes expired rows in small batches, a minute apart, and forgets idle clients;
//! keeps SQLite's log small without making anybody wait; keeps samples of metrics from piling up;
//! counts mails, suppressions and sessions for `/metrics`.

use metrics::gauge;
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle, time::Instant};

use crate::server::{
    auth::{Auth, ledger},
    ground::{
        clock::{DAY, Millis},
        error::Error,
    },
};

const PURGE_EVERY: Duration = Duration::from_secs(60);
const COUNT_EVERY: Duration = Duration::from_secs(2);
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// Starts the upkeep, which runs until `stop`.
pub fn start(auth: Arc<Auth>, stop: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        tokio::join!(
            purge(&auth, stop.clone()),
            checkpoint(&auth, stop.clone()),
            upkeep(stop.clone()),
            count(&auth, stop)
        );
    })
}

async fn purge(auth: &Auth, mut stop: watch::Receiver<bool>) {
    while waited(PURGE_EVERY, &mut stop).await {
        auth.client_limits.forget_idle();
        let keep_events = Millis::from(auth.policy().audit.keep_days) * DAY;
        let keep_waiting = Millis::from(auth.policy().sign_up.waitlist_days) * DAY;
        let now = auth.clock.now();
        let purged = async {
            let rows = auth.store.purge(now, keep_events).await?;
            let waiting = auth.store.purge_waitlist(now - keep_waiting).await?;
            Ok::<u64, Error>(rows + waiting + ledger::purge(auth, keep_events).await?)
        };
        match purged.await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "expired rows purged"),
            Err(error) => {
                tracing::warn!(%error, "expired rows could not be purged; trying again in a minute")
            }
        }
    }
}

async fn checkpoint(auth: &Auth, mut stop: watch::Receiver<bool>) {
    while waited(CHECKPOINT_EVERY, &mut stop).await {
        if let Err(error) = auth.store.checkpoint().await {
            tracing::warn!(%error, "SQLite's log could not be folded into its file; trying again in a second");
        }
    }
}

async fn upkeep(mut stop: watch::Receiver<bool>) {
    while waited(crate::server::ground::metrics::UPKEEP_EVERY, &mut stop).await {
        crate::server::ground::metrics::upkeep();
    }
}

/// Counts for `/metrics`, at the start and then regularly. The pause is at least a hundred times as
/// long as the last count took, so that counting stays a small part of the database's work.
#[allow(clippy::disallowed_methods)] // counts are timed in real time
async fn count(auth: &Auth, mut stop: watch::Receiver<bool>) {
    let mut bound_to = BTreeSet::new();
    loop {
        let began = Instant::now();
        if let Err(error) = count_once(auth, &mut bound_to).await {
            tracing::warn!(%error, "what /metrics shows could not be counted; trying again");
        }
        if !waited(COUNT_EVERY.max(began.elapsed() * 100), &mut stop).await {
            return;
        }
    }
}

/// Counts what only the database knows. Not done when `/metrics` is read: while the database is
/// down, the other numbers are needed most. `bound_to` are the transports that mails were bound to
/// before: their gauges fall to zero.
async fn count_once(auth: &Auth, bound_to: &mut BTreeSet<String>) -> Result<(), Error> {
    let now = auth.clock.now();
    let queued = auth.store.queued_mails().await?;
    let count: i64 = queued.iter().map(|(_, count, _)| count).sum();
    let oldest = queued.iter().map(|(_, _, at)| *at).min();
    gauge!("latchkey_mails_queued").set(count as f64);
    gauge!("latchkey_oldest_mail_seconds")
        .set(oldest.map_or(0.0, |at| (now - at) as f64 / 1_000.0));
    bound_to.extend(auth.policy().mail.transports.iter().map(|it| it.name.as_str().to_owned()));
    bound_to.extend(queued.iter().filter_map(|(transport, ..)| transport.clone()));
    for name in bound_to.iter() {
        let bound = queued.iter().find(|(transport, ..)| transport.as_ref() == Some(name));
        let count = bound.map_or(0, |(_, count, _)| *count);
        gauge!("latchkey_mails_bound", "transport" => name.clone()).set(count as f64);
    }
    let (suppressions, complaints) = auth.store.count_suppressions(now).await?;
    for (kind, count) in [("hard", suppressions - complaints), ("complaint", complaints)] {
        gauge!("latchkey_suppressions", "kind" => kind).set(count as f64);
    }
    gauge!("latchkey_logouts_queued").set(auth.store.queued_logouts().await? as f64);
    gauge!("latchkey_sessions").set(auth.store.count_sessions(now).await? as f64);
    Ok(())
}

/// Waits for `long`. Returns false if told to stop.
async fn waited(long: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(long) => true,
        _ = stop.changed() => false,
    }
}
