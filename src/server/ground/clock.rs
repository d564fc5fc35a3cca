//! Time as a parameter, from two clocks. The wall clock says when something happened or expires; it
//! may be set in either direction (a first step of NTP, a virtual machine that resumes). The
//! monotonic clock says how long something took; it is never set.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use time::OffsetDateTime;

/// Unix time in milliseconds, the unit of every time in the database.
pub type Millis = i64;

pub const SECOND: Millis = 1_000;
pub const MINUTE: Millis = 60 * SECOND;
pub const HOUR: Millis = 60 * MINUTE;
pub const DAY: Millis = 24 * HOUR;

/// Source of the time: the system, or a clock that a test moves.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    #[default]
    System,
    Manual(Arc<Hands>),
}

/// The two times of a clock that stands still until it is moved.
#[derive(Debug)]
pub struct Hands {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl Clock {
    /// Creates a clock that stands at `at` until it is moved.
    pub fn manual(at: Millis) -> Self {
        let (wall, monotonic) = (AtomicI64::new(at), AtomicI64::new(0));
        Clock::Manual(Arc::new(Hands { wall, monotonic }))
    }

    /// Returns the wall clock's time, which is stored and compared with what other instances or
    /// earlier starts have stored.
    #[allow(clippy::disallowed_methods)] // allowed only here
    pub fn now(&self) -> Millis {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
            }
            Clock::Manual(hands) => hands.wall.load(Ordering::SeqCst),
        }
    }

    /// Returns the time since a fixed moment of this process. It never goes back and never jumps,
    /// so it measures limits, timeouts and leases within the process. To another process it means
    /// nothing.
    #[allow(clippy::disallowed_methods)] // allowed only here
    pub fn monotonic(&self) -> Duration {
        static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);
        match self {
            Clock::System => {
                let beginning = *BEGINNING; // taken before `Instant::now()`, even on the first call
                Instant::now().duration_since(beginning)
            }
            Clock::Manual(hands) => {
                let passed = hands.monotonic.load(Ordering::SeqCst);
                Duration::from_millis(u64::try_from(passed).unwrap_or(0))
            }
        }
    }

    /// Moves both times of a manual clock forward. Does not affect the system's clock.
    pub fn advance(&self, by: Millis) {
        self.step(by);
        self.pass(by);
    }

    /// Sets the wall clock of a manual clock forwards or back, while no time passes.
    pub fn step(&self, by: Millis) {
        if let Clock::Manual(hands) = self {
            hands.wall.fetch_add(by, Ordering::SeqCst);
        }
    }

    /// Lets time pass that the wall clock of a manual clock does not show. It cannot pass
    /// backwards.
    pub fn pass(&self, by: Millis) {
        if let Clock::Manual(hands) = self {
            hands.monotonic.fetch_add(by.max(0), Ordering::SeqCst);
        }
    }
}

/// Returns the whole seconds until `then`, rounded up, so that waiting that long is enough.
pub fn seconds_until(now: Millis, then: Millis) -> u64 {
    u64::try_from(then.saturating_sub(now)).unwrap_or(0).div_ceil(1_000)
}

/// Formats a time like `2026-01-31T12:00:00.000Z`.
pub fn rfc_3339(at: Millis) -> String {
    let seconds = at.div_euclid(SECOND);
    let Ok(time) = OffsetDateTime::from_unix_timestamp(seconds) else { return at.to_string() };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        time.year(),
        u8::from(time.month()),
        time.day(),
        time.hour(),
        time.minute(),
        time.second(),
        at.rem_euclid(SECOND)
    )
}
