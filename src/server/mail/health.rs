//! Tracks whether the mail server accepts our sessions. While it does not, one mail at a time tries
//! again, after growing waits. Otherwise hundreds of waiting mails would mean hundreds of failed
//! logins a minute, and a locked account.

use metrics::gauge;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::server::ground::clock::Clock;

/// Wait after the first refused session. Each further refusal doubles it, up to [`LAST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LAST_WAIT: Duration = Duration::from_secs(30);

const GAUGE: &str = "latchkey_mail_server_refuses_us";

#[derive(Debug)]
pub struct Health {
    clock: Clock,
    refused: Mutex<Option<Refused>>,
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
    pub fn new(clock: Clock) -> Self {
        gauge!(GAUGE).set(0);
        Health { clock, refused: Mutex::default() }
    }

    pub fn is_well(&self) -> bool {
        self.lock().is_none()
    }

    /// Returns how many of `free` mails may be sent at the moment.
    pub fn room(&self, free: usize) -> usize {
        let (mut refused, now) = (self.lock(), self.clock.monotonic());
        let Some(refused) = refused.as_mut() else { return free };
        if now < refused.until {
            return 0;
        }
        refused.asking = true;
        // If that mail never reports back (it had expired), another tries after the same wait.
        refused.until = now + refused.wait();
        free.min(1)
    }

    /// Records that a session was refused.
    pub fn refused(&self, why: &str) {
        let (mut refused, now) = (self.lock(), self.clock.monotonic());
        match refused.as_mut() {
            None => {
                let mut new = Refused { times: 1, until: now, asking: false };
                new.until += new.wait();
                *refused = Some(new);
                gauge!(GAUGE).set(1);
            }
            Some(refused) if refused.asking => {
                refused.times += 1;
                refused.asking = false;
                refused.until = now + refused.wait();
                // Twice in a row means more than a server that was full for a moment.
                if refused.times == 2 {
                    tracing::error!(why, "the mail server does not take mails from us; they wait");
                }
            }
            // This session began before the refusal was known.
            Some(_) => {}
        }
    }

    /// Records that a session got as far as the recipient.
    pub fn works(&self) {
        if let Some(refused) = self.lock().take() {
            gauge!(GAUGE).set(0);
            if refused.times > 1 {
                tracing::info!("the mail server takes mails from us again");
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Refused>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
