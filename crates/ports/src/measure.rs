//! Instruments: numbers that a part of the program keeps of itself, for whoever watches it from outside.
//!
//! Each part owns a struct of them, made once, and hands it upward; none knows who reads them or in what format. They are
//! atomics without locks, so that noting something costs nanoseconds wherever it is done. There are no names and
//! no labels to look up: the field is the name.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Counts what only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Several more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Shows what comes and goes.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: u64) {
        self.0.store(i64::try_from(value).unwrap_or(i64::MAX), Relaxed);
    }

    /// Raises it by one.
    pub fn increment(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// Lowers it by one.
    pub fn decrement(&self) {
        self.0.fetch_sub(1, Relaxed);
    }

    /// What it shows; never less than nothing.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed).unsigned_abs()
    }
}

/// Sorts what is observed by its size into a fixed number of buckets, so that its memory does not grow with what it saw.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// One more than there are bounds: the last is for what is beyond.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a histogram has seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// Each bound, and how many values were not beyond it.
    pub cumulative: Vec<(u64, u64)>,
    /// How many values there were.
    pub count: u64,
    /// What they come to together.
    pub sum: u64,
}

/// Bounds for times in nanoseconds, from 100 µs to 30 s.
pub const TIMES: &[u64] = &[
    100_000,
    500_000,
    1_000_000,
    5_000_000,
    10_000_000,
    50_000_000,
    100_000_000,
    500_000_000,
    1_000_000_000,
    5_000_000_000,
    30_000_000_000,
];

impl Histogram {
    /// A histogram with these upper bounds, in ascending order; each is part of its bucket.
    pub fn new(bounds: &'static [u64]) -> Self {
        debug_assert!(bounds.is_sorted(), "the bounds ascend");
        let buckets = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Histogram { bounds, buckets, sum: AtomicU64::new(0) }
    }

    /// Notes a value.
    pub fn observe(&self, value: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        self.buckets[bucket].fetch_add(1, Relaxed);
        self.sum.fetch_add(value, Relaxed);
    }

    /// Notes a time, in nanoseconds.
    pub fn observe_time(&self, time: Duration) {
        self.observe(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// What it has seen so far. While others note values the sum may be a little ahead of the counts or behind them.
    pub fn read(&self) -> Distribution {
        let mut count = 0;
        let mut upto = |bucket: &AtomicU64| {
            count += bucket.load(Relaxed);
            count
        };
        let counts: Vec<u64> = self.buckets.iter().map(&mut upto).collect();
        let cumulative = self.bounds.iter().copied().zip(counts).collect();
        Distribution { cumulative, count, sum: self.sum.load(Relaxed) }
    }
}

impl Default for Histogram {
    /// For times, see [`TIMES`].
    fn default() -> Self {
        Histogram::new(TIMES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_part_of_its_bucket() {
        let histogram = Histogram::new(&[1, 10]);
        for value in [0, 1, 2, 10, 11, 1_000] {
            histogram.observe(value);
        }
        let expected = Distribution { cumulative: vec![(1, 2), (10, 4)], count: 6, sum: 1_024 };
        assert_eq!(histogram.read(), expected);
    }

    #[test]
    fn a_time_is_noted_in_nanoseconds() {
        let histogram = Histogram::default();
        histogram.observe_time(Duration::from_millis(2));
        let read = histogram.read();
        assert_eq!((read.count, read.sum), (1, 2_000_000));
        let first = read.cumulative.iter().find(|(_, count)| *count == 1);
        assert_eq!(first, Some(&(5_000_000, 1)));
    }

    #[test]
    fn a_gauge_comes_and_goes() {
        let gauge = Gauge::default();
        gauge.increment();
        gauge.increment();
        gauge.decrement();
        assert_eq!(gauge.get(), 1);
        gauge.set(7);
        assert_eq!(gauge.get(), 7);
    }
}
