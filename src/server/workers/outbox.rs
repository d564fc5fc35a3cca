//! The outbox worker: takes due mails from the database and hands them to a transport.

use lettre::message::Mailbox;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Interval, MissedTickBehavior, interval, timeout},
};

use crate::server::{
    auth::{
        Auth,
        worker_queue::{MailJob, Slot},
    },
    ground::error::Error,
    mail::{
        templates::Templates,
        transports::{InUse, Transports},
    },
    store::QueuedMail,
};

/// Longest wait between two polls of the outbox, for mails that other instances or retries have
/// made due.
const POLL: Duration = Duration::from_secs(1);
/// Time that the database may take for one step of the worker.
pub(super) const DATABASE: Duration = Duration::from_secs(5);

/// The outbox worker, with everything it needs.
#[derive(Debug)]
pub struct Outbox {
    pub auth: Arc<Auth>,
    pub transports: Arc<Transports>,
    pub templates: Arc<Templates>,
    pub from: Mailbox,
}

impl Outbox {
    /// Sends mails from the queue and mails that are due, until `stop`; then finishes those in
    /// progress. A slow mail delays no other as long as there are free slots.
    pub async fn run(
        self: Arc<Self>,
        mut jobs: mpsc::Receiver<MailJob>,
        mut stop: watch::Receiver<bool>,
    ) {
        // Tasks, not futures polled in this loop: they have to go on while the loop waits for the
        // database, or they would hold up what it waits for.
        let mut deliveries = JoinSet::new();
        let mut tick = ticking();
        let mut may_be_due = true;
        while !*stop.borrow() {
            tokio::select! {
                Some((mail, slot)) = jobs.recv() => {
                    deliveries.spawn(self.clone().deliver(mail, slot));
                }
                Some(slot) = self.auth.outbox.slot(), if may_be_due => {
                    may_be_due = self.claim_into_slots(slot, &mut deliveries).await;
                }
                Some(_) = deliveries.join_next() => {}
                () = self.auth.outbox.until_woken() => may_be_due = true,
                _ = tick.tick() => {
                    may_be_due = true;
                    self.transports.close_idle();
                }
                _ = stop.changed() => {}
            }
        }
        // A mail written from here on is left to the next worker.
        self.auth.outbox.set_backlog(true);
        jobs.close();
        while let Some((mail, slot)) = jobs.recv().await {
            deliveries.spawn(self.clone().deliver(mail, slot));
        }
        while deliveries.join_next().await.is_some() {}
    }

    /// Takes as many due mails as there are free slots, `slot` being the first. Returns true if
    /// more may be due.
    async fn claim_into_slots(self: &Arc<Self>, slot: Slot, deliveries: &mut JoinSet<()>) -> bool {
        let outbox = &self.auth.outbox;
        let mut slots = vec![slot];
        slots.extend(std::iter::from_fn(|| outbox.free_slot()));
        slots.truncate(self.in_use().room(slots.len()));
        if slots.is_empty() {
            outbox.set_backlog(true);
            return false;
        }
        let mails = self.claim(slots.len()).await;
        let may_be_more = mails.len() == slots.len();
        outbox.set_backlog(may_be_more || !self.in_use().are_well());
        for (mail, slot) in mails.into_iter().zip(slots) {
            deliveries.spawn(self.clone().deliver(mail, slot));
        }
        may_be_more
    }

    /// Returns the transports that get new mails by the policy in force.
    pub(super) fn in_use(&self) -> InUse<'_> {
        self.transports.without(&self.auth.policy().mail.passed_over)
    }

    async fn claim(&self, most: usize) -> Vec<QueuedMail> {
        let now = self.auth.clock.now();
        let claimed = within(DATABASE, self.auth.store.claim_mails(now, most)).await;
        claimed.unwrap_or_else(|error| {
            tracing::warn!(%error, "the outbox cannot be read; trying again");
            Vec::new()
        })
    }
}

/// Returns an interval that ticks at once, and then every second.
pub(super) fn ticking() -> Interval {
    let mut tick = interval(POLL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

/// Runs a step of the database, and gives up when it takes too long: a connection whose packets are
/// dropped may stay silent for a quarter of an hour.
pub(super) async fn within<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    timeout(limit, step).await.unwrap_or(Err(Error::Unavailable))
}
