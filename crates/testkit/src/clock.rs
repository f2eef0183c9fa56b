//! A clock that is set by hand.

use mainstay_ports::Clock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Stands still until a test moves it.
#[derive(Debug)]
pub struct FakeClock {
    now_micros: AtomicI64,
}

impl FakeClock {
    /// A clock that shows this instant, in microseconds since 1970.
    pub fn new(now_micros: i64) -> Self {
        FakeClock { now_micros: AtomicI64::new(now_micros) }
    }

    /// Sets it, also backwards.
    pub fn set(&self, now_micros: i64) {
        self.now_micros.store(now_micros, Ordering::SeqCst);
    }

    /// Moves it forwards.
    pub fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        let later = |now: i64| Some(now.saturating_add(micros));
        self.now_micros.try_update(Ordering::SeqCst, Ordering::SeqCst, later).ok();
    }
}

impl Clock for FakeClock {
    fn now_micros(&self) -> i64 {
        self.now_micros.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_what_it_is_told() {
        let clock = FakeClock::new(5);
        assert_eq!(clock.now_micros(), 5);
        clock.advance(Duration::from_secs(2));
        assert_eq!(clock.now_micros(), 2_000_005);
        clock.set(-1);
        assert_eq!(clock.now_micros(), -1);
        clock.advance(Duration::MAX);
        assert_eq!(clock.now_micros(), i64::MAX - 1);
    }
}
