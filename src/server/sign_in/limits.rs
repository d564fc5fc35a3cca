//! Limits of an address. They count rows of the database, so they survive restarts and hold across instances.

use crate::{
    error::Error,
    server::{
        clock::{HOUR, MINUTE, Millis, seconds_until},
        config::Limits,
    },
};

/// Whether one more mail may go to an address to which mails were queued at `queued_at`, newest first. Known and unknown
/// addresses, first mails and resends are all alike (stops mail bombing, OWASP "Forgot Password" cheat sheet).
pub fn mail(limits: &Limits, queued_at: &[Millis], now: Millis) -> Result<(), Error> {
    let full = |most: u32, window: Millis| {
        // The oldest of the newest `most` mails has to leave the window before there is room.
        let oldest = queued_at.get(usize::try_from(most).ok()?.checked_sub(1)?)?;
        (oldest + window > now).then_some(oldest + window)
    };
    let free_at = full(limits.mails_per_minute, MINUTE).max(full(limits.mails_per_hour, HOUR));
    free_at.map_or(Ok(()), |at| Err(Error::RateLimited { retry_after: seconds_until(now, at) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 100 * HOUR;

    fn after(ago: &[Millis]) -> Result<(), Error> {
        let queued_at: Vec<Millis> = ago.iter().map(|ago| NOW - ago).collect();
        mail(&Limits { mails_per_minute: 2, mails_per_hour: 4 }, &queued_at, NOW)
    }

    #[test]
    fn a_third_mail_within_a_minute_waits_for_the_first_to_be_a_minute_old() {
        assert_eq!(after(&[5_000]), Ok(()));
        assert_eq!(after(&[5_000, 20_000]), Err(Error::RateLimited { retry_after: 40 }));
        assert_eq!(after(&[5_000, 60_000]), Ok(()));
    }

    #[test]
    fn the_hour_counts_too() {
        let minutes = |n: Millis| n * MINUTE;
        assert_eq!(after(&[minutes(2), minutes(10), minutes(20), minutes(50)]), Err(Error::RateLimited { retry_after: 600 }));
        assert_eq!(after(&[minutes(2), minutes(10), minutes(20), minutes(60)]), Ok(()));
    }
}
