//! Direct path for a new mail to the outbox worker of this process, which saves two round trips to
//! the database.
//!
//! A mail takes this path only if a slot of the worker is free for it at once and no other mail is
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

/// Mail on its way, with its slot.
pub type HandedOver = (QueuedMail, Slot);

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
pub struct HandOver {
    clock: Clock,
    slots: Arc<Semaphore>,
    /// True if mails wait in the database, or may: they are older than any new one.
    others_wait: AtomicBool,
    way: mpsc::Sender<HandedOver>,
    written: Notify,
}

/// Reserved slot and place in the channel for one mail.
pub struct Room<'a> {
    slot: Slot,
    way: mpsc::Permit<'a, HandedOver>,
}

impl Room<'_> {
    /// Gives the worker a mail that has been written to the database with a lease.
    pub fn take(self, mail: QueuedMail) {
        self.way.send((mail, self.slot));
    }
}

impl HandOver {
    /// Creates the hand-over for a worker that delivers at most `at_once` mails at a time, and the
    /// receiver for that worker.
    pub fn new(at_once: usize, clock: Clock) -> (Self, mpsc::Receiver<HandedOver>) {
        let (way, handed_over) = mpsc::channel(at_once.max(1));
        let slots = Arc::new(Semaphore::new(at_once));
        let (others_wait, written) = (AtomicBool::new(false), Notify::new());
        (HandOver { clock, slots, others_wait, way, written }, handed_over)
    }

    /// Reserves room for a mail that is about to be written to the database; `None` if others wait
    /// or no slot is free.
    pub fn room(&self) -> Option<Room<'_>> {
        if self.others_wait.load(Ordering::SeqCst) {
            return None;
        }
        let room = self.free_slot().zip(self.way.try_reserve().ok());
        if room.is_none() {
            self.others_wait.store(true, Ordering::SeqCst);
        }
        room.map(|(slot, way)| Room { slot, way })
    }

    /// Wakes the worker for a mail that was written to the database but not handed over.
    pub fn written(&self) {
        self.written.notify_one();
    }

    /// Waits until a mail has been written to the database.
    pub async fn until_written(&self) {
        self.written.notified().await;
    }

    /// Sets whether new mails must queue behind those in the database.
    pub fn line_up(&self, others_wait: bool) {
        self.others_wait.store(others_wait, Ordering::SeqCst);
    }

    /// Waits for a free slot; meanwhile new mails queue in the database. `None` once the worker has
    /// stopped.
    pub async fn slot(&self) -> Option<Slot> {
        if let Some(slot) = self.free_slot() {
            return Some(slot);
        }
        self.line_up(true);
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
