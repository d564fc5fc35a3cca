//! Limits over all addresses: what strangers may do in total, however many clients and addresses
//! they have. They are generous. Exceeding one alerts the operators and makes strangers wait until
//! there is room again; browsers that have signed in to an address before are not affected.
//!
//! Each instance counts only its own requests, by the monotonic clock: this is a brake and an
//! alarm, not exact accounting.

use metrics::counter;
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::Auth;
use crate::server::ground::{error::Error, mode::Instead};

const MINUTE: Duration = Duration::from_secs(60);

/// Totals that are limited.
#[derive(Debug)]
pub struct Totals {
    mails: Total,
    code_failures: Total,
    waitlist: Total,
}

impl Default for Totals {
    fn default() -> Self {
        let total = |name, means| Total { name, means, spent: Mutex::default() };
        let wait = "strangers wait for room; devices that have signed in before do not";
        Totals {
            mails: total("total_mails_per_minute", wait),
            code_failures: total("total_code_failures_per_minute", wait),
            waitlist: total("waitlist_per_hour", "more people asked, and are not on the waitlist"),
        }
    }
}

/// Leaky bucket of events per minute: each event is forgotten after its share, `MINUTE / most`.
#[derive(Debug)]
struct Total {
    /// Key of the limit in the policy.
    name: &'static str,
    /// The effect of passing it, for the log.
    means: &'static str,
    spent: Mutex<Spent>,
}

#[derive(Debug, Default)]
struct Spent {
    /// Time at which all events are forgotten.
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

    /// Counts that the limit was passed, and logs it once a minute: whoever floods us must not
    /// flood the log.
    fn passed(&self, spent: &mut Spent, most: u32, now: Duration) {
        counter!("latchkey_limits_passed_total", "limit" => self.name).increment(1);
        if spent.told_at.is_none_or(|at| now >= at + MINUTE) {
            spent.told_at = Some(now);
            tracing::error!(event = "limit.passed", limit = self.name, most, "{}", self.means);
        }
    }

    /// Returns the seconds until there is room for one more event; `None` if there is room now.
    fn wait(&self, most: u32, now: Duration) -> Option<u64> {
        let mut spent = self.spent();
        let full = spent.until.max(now) + MINUTE / most.max(1);
        let wait = full.checked_sub(now + MINUTE).filter(|wait| !wait.is_zero())?;
        self.passed(&mut spent, most, now);
        Some(u64::try_from(wait.as_millis().div_ceil(1_000)).unwrap_or(60).max(1))
    }
}

impl Auth {
    /// Reports that more people asked within an hour than may join the waitlist.
    pub(super) fn waitlist_is_full(&self) {
        let (total, most) = (&self.totals.waitlist, self.policy().sign_up.waitlist_per_hour);
        total.passed(&mut total.spent(), most, self.clock.monotonic());
    }

    /// Allows a stranger one more mail, or refuses it. Only a stranger has a `network` and is
    /// limited.
    pub(super) fn room_for_mail(&self, network: Option<&str>) -> Result<(), Error> {
        let most = self.policy().limits.total_mails_per_minute;
        let wait = || self.totals.mails.wait(most, self.clock.monotonic());
        match network.and_then(|_| wait()) {
            Some(retry_after) => Err(Error::RateLimited { retry_after }),
            None => Ok(()),
        }
    }

    /// Counts one more mail that was asked for.
    pub(super) fn one_more_mail(&self, network: Option<&str>) {
        if network.is_some() {
            let most = self.policy().limits.total_mails_per_minute;
            self.totals.mails.add(most, self.clock.monotonic());
        }
    }

    /// Allows a stranger one more try of a code or a password, or refuses it.
    pub(super) fn room_for_try(
        &self,
        network: Option<&str>,
        instead: Instead,
    ) -> Result<(), Error> {
        let most = self.policy().limits.total_code_failures_per_minute;
        let wait = || self.totals.code_failures.wait(most, self.clock.monotonic());
        match network.and_then(|_| wait()) {
            Some(retry_after) => Err(Error::CodesPaused { instead, retry_after }),
            None => Ok(()),
        }
    }

    /// Counts one more wrong code or password.
    pub(super) fn one_more_failure(&self, network: Option<&str>) {
        if network.is_some() {
            let most = self.policy().limits.total_code_failures_per_minute;
            self.totals.code_failures.add(most, self.clock.monotonic());
        }
    }
}
