//! Bounds over all addresses: what strangers may do in all, however many clients and addresses they
//! have. They are generous. Passing one is told to operators, and keeps strangers waiting until
//! there is room again; browsers that have signed in to an address before go on.
//!
//! Each instance counts what it sees, by the monotonic clock: it is a brake and an alarm, no
//! account.

use metrics::counter;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::Auth;
use crate::server::ground::{error::Error, mode::Mode};

const MINUTE: Duration = Duration::from_secs(60);

/// What is bounded.
#[derive(Debug)]
pub struct Totals {
    mails: Total,
    code_failures: Total,
}

impl Default for Totals {
    fn default() -> Self {
        let total = |name| Total { name, spent: Mutex::default() };
        Totals {
            mails: total("total_mails_per_minute"),
            code_failures: total("total_code_failures_per_minute"),
        }
    }
}

/// A number of things in a minute, each of which is forgotten after its share of it.
#[derive(Debug)]
struct Total {
    /// The key of the policy.
    name: &'static str,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    /// When all is forgotten.
    until: Duration,
    told_at: Option<Duration>,
}

impl Total {
    fn spent(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, most: u32, now: Duration) {
        let mut spent = self.spent();
        spent.until = spent.until.max(now) + MINUTE / most.max(1);
    }

    /// Seconds until there is room for one more; nothing when there is now. Operators are told of
    /// it once a minute, the counter each time.
    fn wait(&self, most: u32, now: Duration) -> Option<u64> {
        let mut spent = self.spent();
        let full = spent.until.max(now) + MINUTE / most.max(1);
        let wait = full.checked_sub(now + MINUTE).filter(|wait| !wait.is_zero())?;
        counter!("latchkey_limits_passed_total", "limit" => self.name).increment(1);
        if spent.told_at.is_none_or(|at| now >= at + MINUTE) {
            spent.told_at = Some(now);
            tracing::error!(
                event = "limit.passed",
                limit = self.name,
                most,
                "strangers wait for room; devices that have signed in before do not"
            );
        }
        Some(u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(60).max(1))
    }
}

impl Auth {
    /// Whether one more mail may be asked for by a stranger (who has a `network`) to the address.
    pub(super) fn room_for_mail(&self, network: Option<&str>) -> Result<(), Error> {
        let most = self.policy().limits.total_mails_per_minute;
        let wait = || self.totals.mails.wait(most, self.clock.monotonic());
        match network.and_then(|_| wait()) {
            Some(retry_after) => Err(Error::RateLimited { retry_after }),
            None => Ok(()),
        }
    }

    /// One more mail was asked for.
    pub(super) fn one_more_mail(&self, network: Option<&str>) {
        if network.is_some() {
            let most = self.policy().limits.total_mails_per_minute;
            self.totals.mails.add(most, self.clock.monotonic());
        }
    }

    /// Whether one more code or password may be tried by a stranger.
    pub(super) fn room_for_try(&self, network: Option<&str>, mode: Mode) -> Result<(), Error> {
        let most = self.policy().limits.total_code_failures_per_minute;
        let wait = || self.totals.code_failures.wait(most, self.clock.monotonic());
        match network.and_then(|_| wait()) {
            Some(retry_after) => Err(Error::CodesPaused { mode, retry_after }),
            None => Ok(()),
        }
    }

    /// One more code or password was wrong.
    pub(super) fn one_more_failure(&self, network: Option<&str>) {
        if network.is_some() {
            let most = self.policy().limits.total_code_failures_per_minute;
            self.totals.code_failures.add(most, self.clock.monotonic());
        }
    }
}
