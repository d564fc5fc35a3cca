//! The way of a new mail straight to the outbox worker of this process, which spares the database
//! two round trips.
//!
//! A mail goes that way only where one of the worker's slots is free for it at once, and no other
//! mail waits: so none grows old between here and there, and none is overtaken.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc};

use crate::server::{ground::clock::Clock, store::QueuedMail};

/// A mail on its way, and the slot it has.
pub type HandedOver = (QueuedMail, Slot);

/// The right to have one mail in hand, given back when dropped.
#[derive(Debug)]
pub struct Slot {
    /// By the monotonic clock: no lease of that mail began earlier.
    pub since: Duration,
    _permit: OwnedSemaphorePermit,
}

/// Both sides' view of the worker's slots.
#[derive(Debug)]
pub struct HandOver {
    clock: Clock,
    slots: Arc<Semaphore>,
    /// Mails wait in the database, or may: those are older than any new one.
    others_wait: AtomicBool,
    way: mpsc::Sender<HandedOver>,
    written: Notify,
}

/// Room for one mail.
pub struct Room<'a> {
    slot: Slot,
    way: mpsc::Permit<'a, HandedOver>,
}

impl Room<'_> {
    /// Gives the worker a mail that is written down, leased.
    pub fn take(self, mail: QueuedMail) {
        self.way.send((mail, self.slot));
    }
}

impl HandOver {
    /// For a worker that has `at_once` mails in hand at most, and what it receives.
    pub fn new(at_once: usize, clock: Clock) -> (Self, mpsc::Receiver<HandedOver>) {
        let (way, handed_over) = mpsc::channel(at_once.max(1));
        let slots = Arc::new(Semaphore::new(at_once));
        let (others_wait, written) = (AtomicBool::new(false), Notify::new());
        (HandOver { clock, slots, others_wait, way, written }, handed_over)
    }

    /// Room for a mail that is about to be written down, unless others wait.
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

    /// Tells the worker of a mail that was written down, and not handed over.
    pub fn written(&self) {
        self.written.notify_one();
    }

    /// Until a mail was written down.
    pub async fn until_written(&self) {
        self.written.notified().await;
    }

    /// Sets whether new mails have to line up behind those in the database.
    pub fn line_up(&self, others_wait: bool) {
        self.others_wait.store(others_wait, Ordering::SeqCst);
    }

    /// A slot, once one is free; new mails line up meanwhile. Nothing once the worker has stopped.
    pub async fn slot(&self) -> Option<Slot> {
        if let Some(slot) = self.free_slot() {
            return Some(slot);
        }
        self.line_up(true);
        let permit = self.slots.clone().acquire_owned().await.ok()?;
        Some(self.slot_of(permit))
    }

    /// A slot that is free now.
    pub fn free_slot(&self) -> Option<Slot> {
        self.slots.clone().try_acquire_owned().ok().map(|permit| self.slot_of(permit))
    }

    fn slot_of(&self, permit: OwnedSemaphorePermit) -> Slot {
        Slot { since: self.clock.monotonic(), _permit: permit }
    }
}
