//! Limits of an address. They count rows of the database, so they survive restarts and hold across
//! instances.

use super::Requester;
use crate::server::{
    config::Limits,
    ground::{
        clock::{DAY, HOUR, MINUTE, Millis, seconds_until},
        error::Error,
        mode::Mode,
    },
    store::Taken,
};

/// The network whose share of the strangers' allowance of an address a request of `requester` takes
/// from; nothing where it takes from the allowance of a device that has signed in before.
///
/// A network is an IPv4 /24 or an IPv6 /48: the least that is routed on its own, and what one
/// customer of a hoster or a tunnel broker commands. That many people may sit behind one costs them
/// little: they share it only where they ask for the same address.
pub fn network<'a>(address: &str, bucket: &str, requester: &'a Requester) -> Option<&'a str> {
    (bucket == address).then_some(requester.client.ip_prefix.as_str())
}

/// Whether one more mail may go to an address to which `mails` were queued, newest first, if
/// `network` asks for it. Known and unknown addresses, first mails and resends are all alike (stops
/// mail bombing, OWASP "Forgot Password" cheat sheet).
pub fn mail(
    limits: &Limits,
    mails: &[Taken],
    network: Option<&str>,
    now: Millis,
) -> Result<(), Error> {
    // Of a minute nobody is kept a share: it is soon over.
    let free_at = full(mails, None, limits.mails_per_minute, MINUTE, now).max(full(
        mails,
        network,
        limits.mails_per_hour,
        HOUR,
        now,
    ));
    free_at.map_or(Ok(()), |at| Err(Error::RateLimited { retry_after: seconds_until(now, at) }))
}

/// Whether one more code or password may be tried for an address for which `tries` failed, newest
/// first, if `network` tries it, where mails carry what `mode` says. Links go on working, or a
/// stranger could lock an owner out (ASVS 5.0 6.3.1).
pub fn tries(
    limits: &Limits,
    tries: &[Taken],
    network: Option<&str>,
    mode: Mode,
    now: Millis,
) -> Result<(), Error> {
    let (hour, day) = (limits.code_failures_per_hour, limits.code_failures_per_day);
    let free_at = full(tries, network, hour, HOUR, now).max(full(tries, network, day, DAY, now));
    free_at
        .map_or(Ok(()), |at| Err(Error::CodesPaused { mode, retry_after: seconds_until(now, at) }))
}

/// When there is room again in a window that holds `most` of what was `taken` (newest first);
/// nothing when there is room now. One network gets half of it, so that whoever asks for an address
/// on and on from one place leaves the other half to its owner, who is elsewhere.
fn full(
    taken: &[Taken],
    network: Option<&str>,
    most: u32,
    window: Millis,
    now: Millis,
) -> Option<Millis> {
    // What lies ahead by more than the clocks of two instances may differ was counted before the
    // clock was set back, and would keep people waiting for as long again.
    let counted = || taken.iter().filter(|taken| taken.at <= now + MINUTE);
    let in_all = room_at(counted(), most, window, now);
    let share = network.and_then(|network| {
        let own = counted().filter(|taken| taken.network == network);
        room_at(own, most.div_ceil(2), window, now)
    });
    in_all.max(share)
}

/// When a window has room that holds `most` of `taken` (newest first): the oldest of the newest
/// `most` has to leave it.
fn room_at<'a>(
    mut taken: impl Iterator<Item = &'a Taken>,
    most: u32,
    window: Millis,
    now: Millis,
) -> Option<Millis> {
    let oldest = taken.nth(usize::try_from(most).ok()?.checked_sub(1)?)?.at;
    (oldest + window > now).then_some(oldest + window)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Millis = 100 * HOUR;

    fn after(ago: &[Millis]) -> Result<(), Error> {
        after_those_of(None, &ago.iter().map(|ago| (*ago, "")).collect::<Vec<_>>())
    }

    fn after_those_of(network: Option<&str>, ago: &[(Millis, &str)]) -> Result<(), Error> {
        let limits = Limits { mails_per_minute: 2, mails_per_hour: 4, ..Limits::default() };
        let taken = |(ago, network): &(Millis, &str)| Taken {
            at: NOW - ago,
            network: (*network).to_owned(),
        };
        mail(&limits, &ago.iter().map(taken).collect::<Vec<_>>(), network, NOW)
    }

    #[test]
    fn one_network_gets_half_of_the_hourly_limit_and_all_together_the_whole() {
        let (early, late) = (50 * MINUTE, 10 * MINUTE);
        let two = [(late, "here"), (early, "here")];
        let refused = |seconds| Err(Error::RateLimited { retry_after: seconds });
        assert_eq!(after_those_of(Some("here"), &two), refused(600));
        assert_eq!(after_those_of(Some("there"), &two), Ok(()));
        let all = [two[0], (late, "there"), (late, "elsewhere"), two[1]];
        assert_eq!(after_those_of(Some("somewhere"), &all), refused(600));
        assert_eq!(after_those_of(None, &two), Ok(()), "a device has an allowance of its own");
    }

    #[test]
    fn a_third_mail_within_a_minute_waits_for_the_first_to_be_a_minute_old() {
        assert_eq!(after(&[5_000]), Ok(()));
        assert_eq!(after(&[5_000, 20_000]), Err(Error::RateLimited { retry_after: 40 }));
        assert_eq!(after(&[5_000, 60_000]), Ok(()));
    }

    #[test]
    fn mails_counted_before_the_clock_was_set_back_keep_nobody_waiting() {
        assert_eq!(after(&[-HOUR, -HOUR]), Ok(()));
        assert_eq!(
            after(&[-1_000, -2_000]),
            Err(Error::RateLimited { retry_after: 62 }),
            "another instance's clock"
        );
    }

    #[test]
    fn the_hourly_limit_applies_too() {
        let minutes = |n: Millis| n * MINUTE;
        assert_eq!(
            after(&[minutes(2), minutes(10), minutes(20), minutes(50)]),
            Err(Error::RateLimited { retry_after: 600 })
        );
        assert_eq!(after(&[minutes(2), minutes(10), minutes(20), minutes(60)]), Ok(()));
    }
}
