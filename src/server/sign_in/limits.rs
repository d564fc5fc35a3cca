//! Limits of an address. They count rows of the database, so they survive restarts and hold across
//! instances.

use crate::{
    error::Error,
    server::{
        clock::{DAY, HOUR, MINUTE, Millis, seconds_until},
        config::Limits,
    },
};

/// Whether one more mail may go to an address to which mails were queued at `queued_at`, newest
/// first. Known and unknown addresses, first mails and resends are all alike (stops mail bombing,
/// OWASP "Forgot Password" cheat sheet).
pub fn mail(limits: &Limits, queued_at: &[Millis], now: Millis) -> Result<(), Error> {
    let free_at = full(queued_at, limits.mails_per_minute, MINUTE, now).max(full(
        queued_at,
        limits.mails_per_hour,
        HOUR,
        now,
    ));
    free_at.map_or(Ok(()), |at| Err(Error::RateLimited { retry_after: seconds_until(now, at) }))
}

/// Whether one more code or password may be tried for an address for which tries failed at
/// `failed_at`, newest first. Links go on working, or a stranger could lock an owner out (ASVS 5.0
/// 6.3.1).
pub fn tries(limits: &Limits, failed_at: &[Millis], now: Millis) -> Result<(), Error> {
    let (hour, day) = (limits.code_failures_per_hour, limits.code_failures_per_day);
    let free_at = full(failed_at, hour, HOUR, now).max(full(failed_at, day, DAY, now));
    free_at.map_or(Ok(()), |at| Err(Error::CodesPaused { retry_after: seconds_until(now, at) }))
}

/// When there is room again in a window that holds `most` of `times` (newest first); nothing when
/// there is room now.
fn full(times: &[Millis], most: u32, window: Millis, now: Millis) -> Option<Millis> {
    // What lies ahead by more than the clocks of two instances may differ was counted before the
    // clock was set back, and would keep people waiting for as long again.
    let mut counted = times.iter().filter(|at| **at <= now + MINUTE);
    // The oldest of the newest `most` has to leave the window.
    let oldest = counted.nth(usize::try_from(most).ok()?.checked_sub(1)?)?;
    (oldest + window > now).then_some(oldest + window)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 100 * HOUR;

    fn after(ago: &[Millis]) -> Result<(), Error> {
        let queued_at: Vec<Millis> = ago.iter().map(|ago| NOW - ago).collect();
        mail(
            &Limits { mails_per_minute: 2, mails_per_hour: 4, ..Limits::default() },
            &queued_at,
            NOW,
        )
    }

    #[test]
    fn a_third_mail_within_a_minute_waits_for_the_first_to_be_a_minute_old() {
        assert_eq!(after(&[5_000]), Ok(()));
        assert_eq!(after(&[5_000, 20_000]), Err(Error::RateLimited { retry_after: 40 }));
        assert_eq!(after(&[5_000, 60_000]), Ok(()));
    }

    #[test]
    fn what_was_counted_before_the_clock_was_set_back_keeps_nobody_waiting() {
        assert_eq!(after(&[-HOUR, -HOUR]), Ok(()));
        assert_eq!(
            after(&[-1_000, -2_000]),
            Err(Error::RateLimited { retry_after: 62 }),
            "another instance's clock"
        );
    }

    #[test]
    fn the_hour_counts_too() {
        let minutes = |n: Millis| n * MINUTE;
        assert_eq!(
            after(&[minutes(2), minutes(10), minutes(20), minutes(50)]),
            Err(Error::RateLimited { retry_after: 600 })
        );
        assert_eq!(after(&[minutes(2), minutes(10), minutes(20), minutes(60)]), Ok(()));
    }
}
