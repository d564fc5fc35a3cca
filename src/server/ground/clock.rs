//! Time as a parameter, by two clocks: the wall clock says when something happened or expires, the
//! monotonic one how long something took. The first may be set, in either direction (a first step
//! of NTP, a virtual machine that goes on); the second never is.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

/// Unix time in milliseconds, the unit of every time in the database.
pub type Millis = i64;

pub const SECOND: Millis = 1_000;
pub const MINUTE: Millis = 60 * SECOND;
pub const HOUR: Millis = 60 * MINUTE;
pub const DAY: Millis = 24 * HOUR;

/// Where the time comes from: the system, or the hands of a test.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    Manual(Arc<Hands>),
}

/// The hands of a clock that stands until it is moved.
#[derive(Debug)]
pub struct Hands {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl Clock {
    /// A clock that stands at `at` until it is moved.
    pub fn manual(at: Millis) -> Self {
        let (wall, monotonic) = (AtomicI64::new(at), AtomicI64::new(0));
        Clock::Manual(Arc::new(Hands { wall, monotonic }))
    }

    /// The wall clock: what is written down, and compared with what another instance or an earlier
    /// start has written down.
    #[allow(clippy::disallowed_methods)] // the one place that may
    pub fn now(&self) -> Millis {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
            }
            Clock::Manual(hands) => hands.wall.load(Ordering::SeqCst),
        }
    }

    /// The time since some moment of this process. It never goes back and never jumps, and so it
    /// measures limits, timeouts and leases within the process; to another one it means nothing.
    #[allow(clippy::disallowed_methods)] // the one place that may
    pub fn monotonic(&self) -> Duration {
        static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
        match self {
            Clock::System => {
                let beginning = *BEGINNING; // before now, also when this is the first to ask
                Instant::now().duration_since(beginning)
            }
            Clock::Manual(hands) => {
                let passed = hands.monotonic.load(Ordering::SeqCst);
                Duration::from_millis(u64::try_from(passed).unwrap_or(0))
            }
        }
    }

    /// Lets time pass on a manual clock, on both sides; the system's does not move for us.
    pub fn advance(&self, by: Millis) {
        self.step(by);
        self.pass(by);
    }

    /// Sets the wall clock forwards or back, while no time passes.
    pub fn step(&self, by: Millis) {
        if let Clock::Manual(hands) = self {
            hands.wall.fetch_add(by, Ordering::SeqCst);
        }
    }

    /// Lets time pass that the wall clock does not show. It cannot pass backwards.
    pub fn pass(&self, by: Millis) {
        if let Clock::Manual(hands) = self {
            hands.monotonic.fetch_add(by.max(0), Ordering::SeqCst);
        }
    }
}

/// Whole seconds until `then`, rounded up, so that waiting that long is enough.
pub fn seconds_until(now: Millis, then: Millis) -> u64 {
    u64::try_from(then.saturating_sub(now)).unwrap_or(0).div_ceil(1_000)
}
