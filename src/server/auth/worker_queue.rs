//! Queue in memory from the requests of this process to its outbox worker, which saves two round
//! trips to the database.
//!
//! A mail takes it only if a slot of the worker is free for it at once and no other mail is
//! waiting. So no mail ages on the way, and none is overtaken.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

use crate::server::{ground::clock::Clock, store::QueuedMail};

/// Mail to deliver, with its slot.
pub type MailJob = (QueuedMail, Slot);

/// Right to have one mail in progress, given back when dropped.
#[derive(Debug)]
pub struct Slot {
    /// Time on the monotonic clock at which the slot was taken: the lease of its mail began no
    /// earlier.
    pub since: Duration,
    _permit: OwnedSemaphorePermit,
}

/// State of the worker's slots, shared by the request handlers and the worker.
#[derive(Debug)]
pub struct WorkerQueue {
    clock: Clock,
    slots: Arc<Semaphore>,
    /// True if mails wait in the database, or may: they are older than any new one.
    has_backlog: AtomicBool,
    jobs: mpsc::Sender<MailJob>,
    wakeup: Notify,
}

/// Reserved slot and place in the channel for one mail.
pub struct Reservation<'a> {
    slot: Slot,
    place: mpsc::Permit<'a, MailJob>,
}

impl Reservation<'_> {
    /// Gives the worker a mail that has been written to the database with a lease.
    pub fn send(self, mail: QueuedMail) {
        self.place.send((mail, self.slot));
    }
}

impl WorkerQueue {
    /// Creates the queue of a worker that delivers at most `at_once` mails at a time, and the
    /// receiver for that worker.
    pub fn new(at_once: usize, clock: Clock) -> (Self, mpsc::Receiver<MailJob>) {
        let (sender, jobs) = mpsc::channel(at_once.max(1));
        let slots = Arc::new(Semaphore::new(at_once));
        let (has_backlog, wakeup) = (AtomicBool::new(false), Notify::new());
        (WorkerQueue { clock, slots, has_backlog, jobs: sender, wakeup }, jobs)
    }

    /// Reserves room for a mail that is about to be written to the database; `None` if others wait
    /// or no slot is free.
    pub fn reserve(&self) -> Option<Reservation<'_>> {
        if self.has_backlog.load(Ordering::SeqCst) {
            return None;
        }
        let reserved = self.free_slot().zip(self.jobs.try_reserve().ok());
        if reserved.is_none() {
            self.has_backlog.store(true, Ordering::SeqCst);
        }
        reserved.map(|(slot, place)| Reservation { slot, place })
    }

    /// Wakes the worker for a mail that was written to the database and did not take this queue.
    pub fn wake(&self) {
        self.wakeup.notify_one();
    }

    /// Waits for `wake`.
    pub async fn until_woken(&self) {
        self.wakeup.notified().await;
    }

    /// Sets whether new mails must queue behind those in the database.
    pub fn set_backlog(&self, has_backlog: bool) {
        self.has_backlog.store(has_backlog, Ordering::SeqCst);
    }

    /// Waits for a free slot; meanwhile new mails queue in the database. `None` once the worker has
    /// stopped.
    pub async fn slot(&self) -> Option<Slot> {
        if let Some(slot) = self.free_slot() {
            return Some(slot);
        }
        self.set_backlog(true);
        let permit = self.slots.clone().acquire_owned().await.ok()?;
        Some(self.slot_of(permit))
    }

    /// Returns a slot if one is free now.
    pub fn free_slot(&self) -> Option<Slot> {
        self.slots.clone().try_acquire_owned().ok().map(|permit| self.slot_of(permit))
    }

    fn slot_of(&self, permit: OwnedSemaphorePermit) -> Slot {
        Slot { since: self.clock.monotonic(), _permit: permit }
    }
}
