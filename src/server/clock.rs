//! Time as a parameter.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
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
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `at` until it is moved.
    pub fn manual(at: Millis) -> Self {
        Clock::Manual(Arc::new(AtomicI64::new(at)))
    }

    #[allow(clippy::disallowed_methods)] // the one place that may
    pub fn now(&self) -> Millis {
        match self {
            Clock::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
            }
            Clock::Manual(at) => at.load(Ordering::SeqCst),
        }
    }

    /// Moves a manual clock; the system's does not move for us.
    pub fn advance(&self, by: Millis) {
        if let Clock::Manual(at) = self {
            at.fetch_add(by, Ordering::SeqCst);
        }
    }
}

/// Whole seconds until `then`, rounded up, so that waiting that long is enough.
pub fn seconds_until(now: Millis, then: Millis) -> u64 {
    u64::try_from(then.saturating_sub(now)).unwrap_or(0).div_ceil(1_000)
}
