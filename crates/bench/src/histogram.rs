//! Latencies, counted in buckets: the memory is the same for ten answers and for ten million.

/// Buckets in each doubling of the value, as a power of two: a bucket is at most 1/128 as wide as its values are large.
const STEPS_LOG2: u32 = 7;
const STEPS: usize = 1 << STEPS_LOG2;
/// Longer times, of more than an hour, are counted as this.
const MAX_US: u64 = u32::MAX as u64;
const BUCKETS: usize = (32 - STEPS_LOG2 as usize) * STEPS + STEPS;

/// How many times fell into each bucket. A quantile of it is within 1 % of the true one.
#[derive(Debug, Clone)]
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { buckets: vec![0; BUCKETS], count: 0 }
    }
}

impl Histogram {
    /// Counts a time in microseconds.
    pub(crate) fn add(&mut self, micros: u128) {
        let micros = u64::try_from(micros).unwrap_or(MAX_US).min(MAX_US);
        self.buckets[bucket(micros)] += 1;
        self.count += 1;
    }

    /// Counts what another has counted.
    pub(crate) fn merge(&mut self, other: &Histogram) {
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(mine, theirs)| *mine += theirs);
        self.count += other.count;
    }

    /// The time, in microseconds, that this share of all times does not exceed; 0 when nothing was counted.
    pub(crate) fn quantile(&self, share: f64) -> u64 {
        let rank = ((share * self.count as f64).ceil() as u64).clamp(1, self.count.max(1));
        let mut seen = 0;
        let found = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        found.map_or(0, middle)
    }
}

/// Below 256 a bucket for each microsecond, and then 128 for each doubling.
fn bucket(micros: u64) -> usize {
    let shift = (micros | 1).ilog2().saturating_sub(STEPS_LOG2);
    shift as usize * STEPS + (micros >> shift) as usize
}

/// The value in the middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let shift = (bucket / STEPS).saturating_sub(1);
    let least = (bucket - shift * STEPS) << shift;
    (least + (1 << shift) / 2) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: impl IntoIterator<Item = u128>) -> Histogram {
        let mut histogram = Histogram::default();
        times.into_iter().for_each(|time| histogram.add(time));
        histogram
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        let mut last = 0;
        for micros in 0..1_000_000 {
            let next = bucket(micros);
            assert!(next == last || next == last + 1, "{micros} µs");
            last = next;
        }
        assert_eq!(bucket(MAX_US), BUCKETS - 1);
    }

    #[test]
    fn the_middle_is_within_a_hundredth() {
        for micros in [0, 1, 127, 128, 255, 256, 1_000, 65_535, 1_234_567, MAX_US] {
            let error = middle(bucket(micros)).abs_diff(micros) as f64;
            assert!(error <= micros as f64 / 100.0, "{micros} µs");
        }
    }

    #[test]
    fn quantiles_are_by_rank() {
        let hundred = of(1..=100);
        for (share, expected) in [(0.0, 1), (0.01, 1), (0.5, 50), (0.99, 99), (0.991, 100), (1.0, 100)] {
            assert_eq!(hundred.quantile(share), expected, "{share}");
        }
        assert_eq!(of([7]).quantile(0.99), 7);
        assert_eq!(of([]).quantile(0.5), 0);
    }

    #[test]
    fn absurd_times_are_counted_as_the_longest() {
        assert!(of([u128::MAX]).quantile(0.5) > 4_000_000_000);
    }

    #[test]
    fn merging_is_counting_together() {
        let mut left = of(1..=50);
        left.merge(&of(51..=100));
        assert_eq!((left.quantile(0.5), left.quantile(1.0)), (50, 100));
    }
}
