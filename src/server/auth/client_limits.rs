//! Rate limits per client, so that one machine cannot keep the server busy. The limits that protect
//! an address are in the database (`auth::limits`).
//!
//! The limits are counted in this process. If several instances share a database (PostgreSQL), an
//! instance first reserves there what it gives out, a quarter of the remaining allowance at a time.
//! A client with few requests costs one short statement per minute and instance, a client with many
//! costs a handful, and all instances together give out no more than one alone would. Of many
//! concurrent requests one reserves, and the others wait for the result. While the database is
//! unavailable, each instance counts on its own.

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

use super::{Auth, Client};
use crate::server::{
    config::Limits,
    ground::{clock::Clock, error::Error},
    store::{Allowance, Store},
};

/// Prefix lengths that an IPv6 client is counted under, each with a factor on the allowance of a
/// /64. A provider gives one customer a /64 or a /56. A tunnel broker gives anybody a /48, which is
/// 65,536 networks of size /64.
const PREFIXES: [(u32, u32); 3] = [(64, 1), (56, 4), (48, 16)];

/// Factor on the allowance of a client for an app that has proved who it is. A back end speaks for
/// all its users, so the allowance of one of them would lock out the rest; the limits per address
/// hold for each, and those of a client for each whose IP address it tells. It still has a bound: an app whose secret was stolen, or whose own form a crowd
/// of bots fills in, leaves the mail server to the others.
const TIMES_OF_AN_APP: u32 = 100;

/// Time after which a spent allowance is fully restored.
const WINDOW: Duration = Duration::from_secs(60);

/// Adapter of our clock for governor. It reads the monotonic clock: with the wall clock, after it
/// was set back, every client already counted would be refused until it had caught up.
#[derive(Clone, Debug)]
struct LimitClock(Clock);

impl clock::Clock for LimitClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.monotonic())
    }
}

type Limiter = RateLimiter<Sender, DashMapStateStore<Sender>, LimitClock, NoOpMiddleware<Nanos>>;

/// Kind of request that is counted: asking for a mail, or trying a link, a code, a password or a
/// "not me" link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Send,
    Verify,
}

/// Sender whose requests are counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Sender {
    /// A prefix length, and the client or the network of that length around it.
    Network(u32, IpAddr),
    App(String),
}

type Key = (Kind, Sender);

/// Limits on sends and verifies per minute, for each client.
#[derive(Debug)]
pub struct ClientLimits {
    clock: Clock,
    limiters: ArcSwap<Limiters>,
    /// True if other instances may share the database.
    is_shared: bool,
    /// Allowances reserved in the database and not yet given out.
    reserved: Mutex<HashMap<Key, Reserved>>,
}

#[derive(Debug)]
struct Limiters {
    per_minute: (u32, u32),
    /// One limiter for each factor on the allowance.
    sends: [(u32, Limiter); 4],
    verifies: [(u32, Limiter); 4],
}

/// Reserved allowance. It lapses at the time by which it would have been restored anyway.
#[derive(Debug, Default)]
struct Reserved {
    left: i64,
    until: Duration,
    /// Held by the request that is reserving more.
    refill: Arc<AsyncMutex<()>>,
}

impl ClientLimits {
    pub fn new(clock: Clock, limits: &Limits, store: &Store) -> Self {
        let limiters = ArcSwap::from_pointee(Limiters::new(&clock, limits));
        let is_shared = matches!(store, Store::Postgres(_));
        ClientLimits { clock, limiters, is_shared, reserved: Mutex::default() }
    }

    /// Applies the policy's limits. Counts are reset only if the limits differ.
    pub fn apply(&self, limits: &Limits) {
        if self.limiters.load().per_minute != (limits.sends_per_minute, limits.verifies_per_minute)
        {
            self.limiters.store(Limiters::new(&self.clock, limits).into());
        }
    }

    /// Counts one more request in this process. Returns the keys it was counted under, each with
    /// its allowance. The narrowest network comes first: a client refused there takes nothing from
    /// its neighbours.
    fn count(&self, kind: Kind, client: &Client) -> Result<Vec<(Key, u32)>, Error> {
        let limiters = self.limiters.load();
        let (most, limiters) = match kind {
            Kind::Send => (limiters.per_minute.0, &limiters.sends),
            Kind::Verify => (limiters.per_minute.1, &limiters.verifies),
        };
        let mut counted = Vec::with_capacity(PREFIXES.len() + 1);
        for (sender, times) in senders(client) {
            let limiter = limiters.iter().find(|(factor, _)| *factor == times);
            let checked = limiter.map_or(Ok(()), |(_, limiter)| limiter.check_key(&sender));
            checked.map_err(|not_until| {
                let now = clock::Clock::now(&LimitClock(self.clock.clone()));
                refused(not_until.wait_time_from(now))
            })?;
            counted.push(((kind, sender), most.saturating_mul(times)));
        }
        Ok(counted)
    }

    /// Gives out one of the reserved allowance under a key. Returns false if there was none.
    fn give_out(&self, key: &Key) -> bool {
        let now = self.clock.monotonic();
        let mut all = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let reserved =
            all.get_mut(key).filter(|reserved| reserved.left > 0 && reserved.until > now);
        reserved.map(|reserved| reserved.left -= 1).is_some()
    }

    /// Waits until no other request is reserving under a key. A request that needs several keys
    /// locks the narrowest network first, so two requests cannot deadlock.
    async fn refill(&self, key: Key) -> OwnedMutexGuard<()> {
        let refill = {
            let mut all = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&all.entry(key).or_default().refill)
        };
        refill.lock_owned().await
    }

    /// Keeps a new reservation under a key, less the one that is given out at once.
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

    /// Forgets clients whose allowance is fully restored, and reservations that are used up or have
    /// lapsed.
    pub fn forget_idle(&self) {
        let limiters = self.limiters.load();
        for (_, limiter) in limiters.sends.iter().chain(&limiters.verifies) {
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
    /// Counts one more request for a mail from a client, or refuses it.
    pub async fn one_more_send(&self, client: &Client) -> Result<(), Error> {
        self.one_more(Kind::Send, client).await
    }

    /// Counts one more try of a link, a code, a password or a "not me" link from a client, or
    /// refuses it.
    pub async fn one_more_verify(&self, client: &Client) -> Result<(), Error> {
        self.one_more(Kind::Verify, client).await
    }

    async fn one_more(&self, kind: Kind, client: &Client) -> Result<(), Error> {
        let mut missing = self.client_limits.count(kind, client)?;
        if !self.client_limits.is_shared {
            return Ok(());
        }
        missing.retain(|(key, _)| !self.client_limits.give_out(key));
        if missing.is_empty() {
            return Ok(());
        }
        let mut refills = Vec::with_capacity(missing.len());
        for (key, _) in &missing {
            refills.push(self.client_limits.refill(key.clone()).await);
        }
        // The request that held these locks may have reserved enough.
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
                // Database unavailable: waiting requests need not each find that out for
                // themselves.
                Err(_) => Some(most.div_ceil(4).into()),
            };
            match taken {
                Some(taken) => self.client_limits.keep(key, taken, most),
                // The next one is restored within one step.
                None => answer = Err(refused(allowance.step)),
            }
        }
        answer
    }

    /// Returns the name of a key in the database, hashed so that no full IP address is stored
    /// there.
    fn name(&self, (kind, sender): &Key) -> String {
        let text = match sender {
            Sender::Network(prefix, network) => format!("{kind:?} {network}/{prefix}"),
            Sender::App(id) => format!("{kind:?} app {id}"),
        };
        let name = self.keys.subjects(&text).next();
        name.unwrap_or(text)
    }
}

impl Limiters {
    fn new(clock: &Clock, limits: &Limits) -> Self {
        let limiters = |most: u32| {
            [1, 4, 16, TIMES_OF_AN_APP].map(|times| {
                let most = NonZeroU32::new(most.saturating_mul(times)).unwrap_or(NonZeroU32::MIN);
                let clock = LimitClock(clock.clone());
                let store = DashMapStateStore::default();
                (times, Limiter::new(Quota::per_minute(most), store, clock))
            })
        };
        let per_minute = (limits.sends_per_minute, limits.verifies_per_minute);
        Limiters { per_minute, sends: limiters(per_minute.0), verifies: limiters(per_minute.1) }
    }
}

/// Returns the time in which one of `most` per window is restored.
fn step(most: u32) -> Duration {
    WINDOW / most.max(1)
}

fn refused(wait: Duration) -> Error {
    let seconds = wait.as_millis().div_ceil(1_000).max(1);
    Error::RateLimited { retry_after: seconds.try_into().unwrap_or(60) }
}

/// Returns the senders that a request of a client counts for, each with a factor on the allowance.
/// The networks are those of the person. An app counts for itself as well, wherever its back end
/// runs, and alone if it does not tell whose request it sends. A caller inside this program has
/// neither, and no limit.
fn senders(client: &Client) -> Vec<(Sender, u32)> {
    let mut senders: Vec<_> = match client.ip {
        Some(IpAddr::V4(ip)) => vec![(Sender::Network(64, ip.into()), 1)],
        Some(IpAddr::V6(ip)) => {
            let network = |(prefix, times)| (Sender::Network(prefix, masked(ip, prefix)), times);
            PREFIXES.map(network).into()
        }
        None => Vec::new(),
    };
    let app = client.app.iter().map(|app| (Sender::App(app.clone()), TIMES_OF_AN_APP));
    senders.extend(app);
    senders
}

fn masked(ip: Ipv6Addr, prefix: u32) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & (u128::MAX << (128 - prefix))))
}
