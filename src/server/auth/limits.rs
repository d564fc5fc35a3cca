//! Rate limits per address. They count rows of the database, so they survive restarts and hold
//! across instances.

use super::Requester;
use crate::server::{
    config::Limits,
    ground::{
        clock::{DAY, HOUR, MINUTE, Millis, seconds_until},
        error::Error,
        mode::Instead,
    },
    store::Usage,
    values::address::Address,
};

/// Returns the network whose share of the strangers' allowance for an address a request counts
/// against; `None` if it counts against the allowance of a device that has signed in before.
///
/// A network is an IPv4 /24 or an IPv6 /48: the smallest block that is routed on its own, and what
/// one customer of a hosting provider or a tunnel broker controls. Many people may sit behind one
/// network. That costs them little: they share the allowance only if they ask for the same address.
pub fn network<'a>(address: &Address, bucket: &str, requester: &'a Requester) -> Option<&'a str> {
    (bucket == address.as_str()).then_some(requester.client.ip_prefix.as_str())
}

/// Allows one more mail to an address, requested from `network`, or refuses it. `mails` are those
/// queued to it so far, newest first. Known and unknown addresses, first mails and resends are
/// treated alike (stops mail bombing, OWASP "Forgot Password" cheat sheet).
pub fn mail(
    limits: &Limits,
    mails: &[Usage],
    network: Option<&str>,
    now: Millis,
) -> Result<(), Error> {
    let free_at = mail_free_at(limits, mails, network, now);
    free_at.map_or(Ok(()), |at| Err(Error::RateLimited { retry_after: seconds_until(now, at) }))
}

/// Allows one more try of a code or a password for an address, from `network`, or refuses it.
/// `tries` are those that failed, newest first. `instead` is for the error. Links keep working,
/// or a stranger could lock an owner out (ASVS 5.0 6.3.1).
pub fn tries(
    limits: &Limits,
    tries: &[Usage],
    network: Option<&str>,
    instead: Instead,
    now: Millis,
) -> Result<(), Error> {
    let free_at = try_free_at(limits, tries, network, now);
    let paused = |at| Err(Error::CodesPaused { instead, retry_after: seconds_until(now, at) });
    free_at.map_or(Ok(()), paused)
}

/// Returns when the next mail may be asked for; `None` if one may be now.
fn mail_free_at(
    limits: &Limits,
    mails: &[Usage],
    network: Option<&str>,
    now: Millis,
) -> Option<Millis> {
    // No network share within a minute: it is soon over.
    full(mails, None, limits.mails_per_minute, MINUTE, now).max(full(
        mails,
        network,
        limits.mails_per_hour,
        HOUR,
        now,
    ))
}

/// Returns when the next code or password may be tried; `None` if one may be now.
fn try_free_at(
    limits: &Limits,
    tries: &[Usage],
    network: Option<&str>,
    now: Millis,
) -> Option<Millis> {
    let (hour, day) = (limits.code_failures_per_hour, limits.code_failures_per_day);
    full(tries, network, hour, HOUR, now).max(full(tries, network, day, DAY, now))
}

/// The rest of the limits of an address, for browsers that have not signed in to it before.
#[derive(Debug, Default)]
pub struct LimitsLeft {
    /// Mails that may still be asked for within the hour.
    pub mails: u32,
    /// Time of the next mail, if there is none to be had now.
    pub next_mail_at: Option<Millis>,
    /// Time until which codes are paused, for everybody and for single networks.
    pub codes_paused: Vec<Pause>,
}

/// A pause of codes.
#[derive(Debug, PartialEq, Eq)]
pub struct Pause {
    /// Network that it is for; `None`: for all.
    pub network: Option<String>,
    pub until: Millis,
}

/// Returns what `mails` and `tries`, newest first, leave of the limits.
pub fn left(limits: &Limits, mails: &[Usage], tries: &[Usage], now: Millis) -> LimitsLeft {
    let used = mails.iter().filter(|mail| mail.at > now - HOUR && mail.at <= now + MINUTE).count();
    let used = u32::try_from(used).unwrap_or(u32::MAX);
    let free_at = |network: Option<&str>| try_free_at(limits, tries, network, now);
    let for_all = free_at(None);
    let mut networks: Vec<&str> = tries.iter().map(|failed| failed.network.as_str()).collect();
    networks.sort_unstable();
    networks.dedup();
    let of_network = |network: &str| {
        let until = free_at(Some(network)).filter(|until| Some(*until) > for_all)?;
        Some(Pause { network: Some(network.to_owned()), until })
    };
    let pauses = for_all.map(|until| Pause { network: None, until }).into_iter();
    let networks = networks.into_iter().filter(|network| !network.is_empty());
    LimitsLeft {
        mails: limits.mails_per_hour.saturating_sub(used),
        next_mail_at: mail_free_at(limits, mails, None, now),
        codes_paused: pauses.chain(networks.filter_map(of_network)).collect(),
    }
}

/// Returns when a window that allows `most` of `taken` (newest first) has room again; `None` if it
/// has room now. One network gets half of it: a stranger who keeps asking for an address from one
/// place leaves the other half to its owner, who is elsewhere.
fn full(
    taken: &[Usage],
    network: Option<&str>,
    most: u32,
    window: Millis,
    now: Millis,
) -> Option<Millis> {
    // Times further ahead than two instances' clocks may differ were counted before the clock was
    // set back, and would block people for as long again.
    let counted = || taken.iter().filter(|taken| taken.at <= now + MINUTE);
    let in_all = room_at(counted(), most, window, now);
    let share = network.and_then(|network| {
        let own = counted().filter(|taken| taken.network == network);
        room_at(own, most.div_ceil(2), window, now)
    });
    in_all.max(share)
}

/// Returns when a window that allows `most` of `taken` (newest first) has room: once the oldest of
/// the newest `most` has left it. `None` if it has room now.
fn room_at<'a>(
    mut taken: impl Iterator<Item = &'a Usage>,
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
        let taken = |(ago, network): &(Millis, &str)| Usage {
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
