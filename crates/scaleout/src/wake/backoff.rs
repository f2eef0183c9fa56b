//! How long to wait before the next try.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The first pause, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Pauses that grow with each failure, each of another length, so that nodes that lost one server do not come back in step.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// How long to wait after one more failure: between half of the pause and all of it.
    pub(super) fn next(&mut self) -> Duration {
        let pause = PAUSES.0.saturating_mul(1 << self.failures.min(16)).min(PAUSES.1);
        self.failures += 1;
        pause.mul_f64(0.5 + 0.5 * chance())
    }

    /// Begins anew.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }

    /// How often it failed since it began.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

/// A number from 0 to 1. The keys of maps are random enough to keep nodes apart, and cost no generator.
fn chance() -> f64 {
    f64::from(RandomState::new().hash_one(()) as u32) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_bound_and_begin_anew() {
        let mut backoff = Backoff::default();
        let mut longest = PAUSES.0;
        for _ in 0..100 {
            let pause = backoff.next();
            assert!(pause >= longest / 2 && pause <= longest, "{pause:?} {longest:?}");
            longest = (longest * 2).min(PAUSES.1);
        }
        backoff.reset();
        assert!(backoff.next() <= PAUSES.0);
    }

    #[test]
    fn nodes_do_not_come_back_in_step() {
        let pauses: Vec<_> = (0..20).map(|_| Backoff::default().next()).collect();
        assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{pauses:?}");
    }
}
