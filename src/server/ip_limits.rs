//! Limits of a client address, in this process: they keep one machine from keeping the server busy.
//! What protects an address is in the database (`sign_in::limits`).

use arc_swap::ArcSwap;
use governor::{
    Quota, RateLimiter, clock, middleware::NoOpMiddleware, nanos::Nanos,
    state::keyed::DashMapStateStore,
};
use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
};

use super::{clock::Clock, config::Limits};
use crate::error::Error;

/// Our clock, as governor reads it: the monotonic one, or everybody who was counted before the wall
/// clock was set back would be refused until it is there again.
#[derive(Clone, Debug)]
struct LimitClock(Clock);

impl clock::Clock for LimitClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.monotonic())
    }
}

type Limiter = RateLimiter<IpAddr, DashMapStateStore<IpAddr>, LimitClock, NoOpMiddleware<Nanos>>;

/// Sends and verifies of a minute, for each client.
#[derive(Debug)]
pub struct IpLimits {
    clock: Clock,
    limiters: ArcSwap<Limiters>,
}

#[derive(Debug)]
struct Limiters {
    per_minute: (u32, u32),
    sends: Limiter,
    verifies: Limiter,
}

impl IpLimits {
    pub fn new(clock: Clock, limits: &Limits) -> Self {
        let limiters = ArcSwap::from_pointee(Limiters::new(&clock, limits));
        IpLimits { clock, limiters }
    }

    /// Takes new numbers from the policy; who was counted is forgotten only if they differ.
    pub fn apply(&self, limits: &Limits) {
        if self.limiters.load().per_minute != (limits.sends_per_minute, limits.verifies_per_minute)
        {
            self.limiters.store(Limiters::new(&self.clock, limits).into());
        }
    }

    /// One more mail is asked for.
    pub fn send(&self, ip: Option<IpAddr>) -> Result<(), Error> {
        self.take(&self.limiters.load().sends, ip)
    }

    /// One more link, code or password is tried.
    pub fn verify(&self, ip: Option<IpAddr>) -> Result<(), Error> {
        self.take(&self.limiters.load().verifies, ip)
    }

    fn take(&self, limiter: &Limiter, ip: Option<IpAddr>) -> Result<(), Error> {
        // A caller within this program has no address and no limit.
        let Some(ip) = ip else { return Ok(()) };
        limiter.check_key(&bucket(ip)).map_err(|not_until| {
            let wait = not_until.wait_time_from(clock::Clock::now(&LimitClock(self.clock.clone())));
            Error::RateLimited {
                retry_after: wait.as_millis().div_ceil(1_000).try_into().unwrap_or(60),
            }
        })
    }

    /// Forgets clients that have all their allowance back.
    pub fn forget_idle(&self) {
        let limiters = self.limiters.load();
        for limiter in [&limiters.sends, &limiters.verifies] {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

impl Limiters {
    fn new(clock: &Clock, limits: &Limits) -> Self {
        let limiter = |most: u32| {
            let quota = Quota::per_minute(NonZeroU32::new(most).unwrap_or(NonZeroU32::MIN));
            Limiter::new(quota, DashMapStateStore::default(), LimitClock(clock.clone()))
        };
        let per_minute = (limits.sends_per_minute, limits.verifies_per_minute);
        Limiters { per_minute, sends: limiter(per_minute.0), verifies: limiter(per_minute.1) }
    }
}

/// One client: an IPv4 address, or an IPv6 /64, which is what a provider gives one customer.
fn bucket(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => ip,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << 64))),
    }
}
