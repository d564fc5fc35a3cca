//! Health of a transport: whether it accepts our sessions. While it does not, one mail at a time
//! tries it again, after growing waits. Otherwise hundreds of waiting mails would mean hundreds of
//! failed logins a minute, and a locked account.

use metrics::gauge;
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use crate::server::ground::clock::Clock;

/// Wait after the first refused session. Each further refusal doubles it, up to [`LAST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LAST_WAIT: Duration = Duration::from_secs(30);
/// Mails in a row of which nobody knows whether it accepted them, after which it counts as one that
/// refuses us. Otherwise one that hangs would keep every mail from those that work. More than one,
/// because a single mail may do that to a server.
const MOST_UNSURE: u32 = 3;

const GAUGE: &str = "latchkey_mail_server_refuses_us";

#[derive(Debug)]
pub struct Health {
    /// Name of the transport.
    name: String,
    clock: Clock,
    refused: Mutex<Option<Refused>>,
    /// Mails since the last that it accepted, of which nobody knows whether it did.
    unsure: AtomicU32,
}

#[derive(Debug)]
struct Refused {
    /// Refusals in a row.
    times: u32,
    /// Earliest time of the next attempt, by the monotonic clock.
    until: Duration,
    /// True while a mail attempts it.
    asking: bool,
}

impl Refused {
    fn wait(&self) -> Duration {
        (FIRST_WAIT * (1 << (self.times - 1).min(10))).min(LAST_WAIT)
    }
}

impl Health {
    pub fn new(name: &str, clock: Clock) -> Self {
        let (name, unsure) = (name.to_owned(), AtomicU32::new(0));
        let health = Health { name, clock, refused: Mutex::default(), unsure };
        health.show(0.0);
        health
    }

    pub fn is_well(&self) -> bool {
        self.lock().is_none()
    }

    /// Returns how long it is not to be tried; zero if it may be tried now.
    pub fn wait(&self) -> Duration {
        let now = self.clock.monotonic();
        self.lock().as_ref().map_or(Duration::ZERO, |refused| refused.until.saturating_sub(now))
    }

    /// Reports whether a mail may try it now. While it refuses us, one mail after each wait may.
    pub fn may_be_tried(&self) -> bool {
        let (mut refused, now) = (self.lock(), self.clock.monotonic());
        let Some(refused) = refused.as_mut() else { return true };
        if now < refused.until {
            return false;
        }
        refused.asking = true;
        // If that mail never reports back (it had expired), another tries after the same wait.
        refused.until = now + refused.wait();
        true
    }

    /// Lets the next mail try it at once, because an operator says so.
    pub fn may_be_tried_now(&self) {
        let now = self.clock.monotonic();
        if let Some(refused) = self.lock().as_mut() {
            refused.until = refused.until.min(now);
        }
    }

    /// Records that a session was refused.
    pub fn refused(&self, why: &str) {
        let (mut refused, now) = (self.lock(), self.clock.monotonic());
        match refused.as_mut() {
            None => {
                let mut new = Refused { times: 1, until: now, asking: false };
                new.until += new.wait();
                *refused = Some(new);
                self.show(1.0);
            }
            Some(refused) if refused.asking => {
                refused.times += 1;
                refused.asking = false;
                refused.until = now + refused.wait();
                // Twice in a row means more than a server that was full for a moment.
                if refused.times == 2 {
                    tracing::error!(
                        transport = self.name,
                        why,
                        "the transport does not take mails from us"
                    );
                }
            }
            // This session began before the refusal was known.
            Some(_) => {}
        }
    }

    /// Records that nobody knows whether it accepted a mail.
    pub fn unsure(&self, why: &str) {
        if self.unsure.fetch_add(1, Ordering::Relaxed) + 1 >= MOST_UNSURE {
            self.refused(why);
        }
    }

    /// Records that a session got as far as the recipient.
    pub fn works(&self) {
        self.unsure.store(0, Ordering::Relaxed);
        if let Some(refused) = self.lock().take() {
            self.show(0.0);
            if refused.times > 1 {
                tracing::info!(transport = self.name, "the transport takes mails from us again");
            }
        }
    }

    fn show(&self, refuses: f64) {
        gauge!(GAUGE, "transport" => self.name.clone()).set(refuses);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Refused>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
