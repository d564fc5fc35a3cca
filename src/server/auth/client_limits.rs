//! Limits of a client: they keep one machine from keeping the server busy. What protects an address
//! is in the database (`auth::limits`).
//!
//! They are counted in this process. Where several instances share a database (PostgreSQL), what
//! this one gives out it has first reserved there, a quarter of what is left at a time: a client
//! that asks for little costs one short statement a minute and instance, one that asks for much a
//! handful, and all instances together give out no more than one alone. Of many requests at once
//! one reserves and the others wait for what it brings. While the database is away each instance
//! counts by itself.

use arc_swap::ArcSwap;
use governor::{
    Quota, RateLimiter, clock, middleware::NoOpMiddleware, nanos::Nanos,
    state::keyed::DashMapStateStore,
};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::Auth;
use crate::server::{
    config::Limits,
    ground::{clock::Clock, error::Error},
    store::{Allowance, Store},
};

/// The prefixes an IPv6 client is counted by, and how many times the allowance of the first the
/// others have. A provider gives one customer a /64 or a /56, a tunnel broker anybody a /48: that
/// is 65,536 clients of the first kind.
const PREFIXES: [(u32, u32); 3] = [(64, 1), (56, 4), (48, 16)];

/// How long it takes until everything that was given out is there again.
const WINDOW: Duration = Duration::from_secs(60);

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

/// What a client does that is counted: asking for a mail; trying a link, a code or a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Send,
    Verify,
}

/// A client or a wider network of it, and what it does.
type Key = (Kind, u32, IpAddr);

/// Sends and verifies of a minute, for each client.
#[derive(Debug)]
pub struct ClientLimits {
    clock: Clock,
    limiters: ArcSwap<Limiters>,
    /// Whether other instances may share the database.
    is_shared: bool,
    /// What was reserved there and not yet given out.
    reserved: Mutex<HashMap<Key, Reserved>>,
}

#[derive(Debug)]
struct Limiters {
    per_minute: (u32, u32),
    /// One for each of [`PREFIXES`].
    sends: [Limiter; 3],
    verifies: [Limiter; 3],
}

/// So many, until they would have come back by themselves.
#[derive(Debug, Default)]
struct Reserved {
    left: i64,
    until: Duration,
    /// Held by who reserves more.
    refill: Arc<AsyncMutex<()>>,
}

impl ClientLimits {
    pub fn new(clock: Clock, limits: &Limits, store: &Store) -> Self {
        let limiters = ArcSwap::from_pointee(Limiters::new(&clock, limits));
        let is_shared = matches!(store, Store::Postgres(_));
        ClientLimits { clock, limiters, is_shared, reserved: Mutex::default() }
    }

    /// Takes new numbers from the policy; who was counted is forgotten only if they differ.
    pub fn apply(&self, limits: &Limits) {
        if self.limiters.load().per_minute != (limits.sends_per_minute, limits.verifies_per_minute)
        {
            self.limiters.store(Limiters::new(&self.clock, limits).into());
        }
    }

    /// Counts one more in this process, the narrowest network first: who is refused there takes
    /// nothing from the neighbours. The keys it was counted under, with the allowance of each.
    fn count(&self, kind: Kind, ip: IpAddr) -> Result<Vec<(Key, u32)>, Error> {
        let limiters = self.limiters.load();
        let (most, levels) = match kind {
            Kind::Send => (limiters.per_minute.0, &limiters.sends),
            Kind::Verify => (limiters.per_minute.1, &limiters.verifies),
        };
        let mut counted = Vec::with_capacity(PREFIXES.len());
        for ((prefix, times), limiter) in PREFIXES.into_iter().zip(levels) {
            let network = match ip {
                IpAddr::V4(_) if prefix == 64 => ip,
                IpAddr::V4(_) => break,
                IpAddr::V6(ip) => masked(ip, prefix),
            };
            limiter.check_key(&network).map_err(|not_until| {
                let now = clock::Clock::now(&LimitClock(self.clock.clone()));
                refused(not_until.wait_time_from(now))
            })?;
            counted.push(((kind, prefix, network), most.saturating_mul(times)));
        }
        Ok(counted)
    }

    /// Gives out one of what was reserved under a key. Whether there was one.
    fn give_out(&self, key: &Key) -> bool {
        let now = self.clock.monotonic();
        let mut all = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let reserved =
            all.get_mut(key).filter(|reserved| reserved.left > 0 && reserved.until > now);
        reserved.map(|reserved| reserved.left -= 1).is_some()
    }

    /// Waits until nobody else reserves under a key. Who needs several takes the narrowest network
    /// first, so no two wait for each other.
    async fn refill(&self, key: Key) -> OwnedMutexGuard<()> {
        let refill = {
            let mut all = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&all.entry(key).or_default().refill)
        };
        refill.lock_owned().await
    }

    /// Keeps what was reserved under a key, but for the one that is given out now.
    fn keep(&self, key: Key, taken: i64, most: u32) {
        let now = self.clock.monotonic();
        let until = now + step(most) * u32::try_from(taken).unwrap_or(u32::MAX);
        let mut all = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let reserved = all.entry(key).or_default();
        if reserved.until <= now {
            reserved.left = 0;
        }
        reserved.left += taken - 1;
        reserved.until = reserved.until.max(until);
    }

    /// Forgets clients that have all their allowance back.
    pub fn forget_idle(&self) {
        let limiters = self.limiters.load();
        for limiter in limiters.sends.iter().chain(&limiters.verifies) {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
        let now = self.clock.monotonic();
        let mut all = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, reserved| {
            let is_used = Arc::strong_count(&reserved.refill) > 1;
            is_used || (reserved.left > 0 && reserved.until > now)
        });
        all.shrink_to_fit();
    }
}

impl Auth {
    /// One more mail is asked for by a client.
    pub async fn one_more_send(&self, ip: Option<IpAddr>) -> Result<(), Error> {
        self.one_more(Kind::Send, ip).await
    }

    /// One more link, code or password is tried by a client.
    pub async fn one_more_verify(&self, ip: Option<IpAddr>) -> Result<(), Error> {
        self.one_more(Kind::Verify, ip).await
    }

    async fn one_more(&self, kind: Kind, ip: Option<IpAddr>) -> Result<(), Error> {
        // A caller within this program has no address and no limit.
        let Some(ip) = ip else { return Ok(()) };
        let mut missing = self.client_limits.count(kind, ip)?;
        if !self.client_limits.is_shared {
            return Ok(());
        }
        missing.retain(|(key, _)| !self.client_limits.give_out(key));
        if missing.is_empty() {
            return Ok(());
        }
        let mut refills = Vec::with_capacity(missing.len());
        for (key, _) in &missing {
            refills.push(self.client_limits.refill(*key).await);
        }
        // Who held these before may have brought enough.
        missing.retain(|(key, _)| !self.client_limits.give_out(key));
        if missing.is_empty() {
            return Ok(());
        }
        let allowances: Vec<Allowance> = missing
            .iter()
            .map(|(key, most)| Allowance { name: self.name(key), step: step(*most) })
            .collect();
        let reserved = self.store.reserve(self.clock.now(), WINDOW, &allowances).await;
        let mut answer = Ok(());
        for ((key, most), allowance) in missing.into_iter().zip(&allowances) {
            let taken = match &reserved {
                Ok(taken) => taken.get(&allowance.name).copied(),
                // The database is away: who waits here need not find that out one by one.
                Err(_) => Some(most.div_ceil(4).into()),
            };
            match taken {
                Some(taken) => self.client_limits.keep(key, taken, most),
                // One comes back within a step.
                None => answer = Err(refused(allowance.step)),
            }
        }
        answer
    }

    /// What a key is called in the database, which is to hold nobody's whole address.
    fn name(&self, (kind, prefix, network): &Key) -> String {
        let text = format!("{kind:?} {network}/{prefix}");
        let name = self.keys.subjects(&text).next();
        name.unwrap_or(text)
    }
}

impl Limiters {
    fn new(clock: &Clock, limits: &Limits) -> Self {
        let limiters = |most: u32| {
            PREFIXES.map(|(_, times)| {
                let most = NonZeroU32::new(most.saturating_mul(times)).unwrap_or(NonZeroU32::MIN);
                let clock = LimitClock(clock.clone());
                Limiter::new(Quota::per_minute(most), DashMapStateStore::default(), clock)
            })
        };
        let per_minute = (limits.sends_per_minute, limits.verifies_per_minute);
        Limiters { per_minute, sends: limiters(per_minute.0), verifies: limiters(per_minute.1) }
    }
}

/// The time in which one of so many comes back.
fn step(most: u32) -> Duration {
    WINDOW / most.max(1)
}

fn refused(wait: Duration) -> Error {
    let seconds = wait.as_millis().div_ceil(1_000).max(1);
    Error::RateLimited { retry_after: seconds.try_into().unwrap_or(60) }
}

fn masked(ip: Ipv6Addr, prefix: u32) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << (128 - prefix))))
}
