//! What was counted in a stretch of time, and the figures that follow from it.

use crate::histogram::Histogram;
use std::time::Duration;

/// What was counted, of one round or of several together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sample {
    /// Good answers, or whatever the work consists of.
    pub(crate) good: u64,
    /// Answers with another status or another content than expected. They are in no rate.
    pub(crate) bad: u64,
    /// How long was counted.
    pub(crate) time: Duration,
    /// Processor time, user and system, that the process under test spent meanwhile.
    pub(crate) cpu: Duration,
    /// The same of the database server that the process asks, if there is one.
    pub(crate) database_cpu: Duration,
    /// From the first byte of a request to the last of its good answer.
    pub(crate) latency: Histogram,
    /// The most memory that the process had resident meanwhile, in KiB; 0 where it was not looked at.
    pub(crate) peak_kib: u64,
}

impl Sample {
    /// Counts a good answer. How soon a bad one came says nothing: a refusal is quick.
    pub(crate) fn add_good(&mut self, latency: Duration) {
        self.good += 1;
        self.latency.add(latency.as_micros());
    }

    /// Adds another round.
    pub(crate) fn merge(&mut self, other: &Sample) {
        self.good += other.good;
        self.bad += other.bad;
        self.time += other.time;
        self.cpu += other.cpu;
        self.database_cpu += other.database_cpu;
        self.latency.merge(&other.latency);
        self.peak_kib = self.peak_kib.max(other.peak_kib);
    }

    /// Good answers in a second.
    pub(crate) fn per_second(&self) -> f64 {
        ratio(self.good as f64, self.time.as_secs_f64())
    }

    /// Good answers for a second of processor time.
    pub(crate) fn per_cpu_second(&self) -> f64 {
        ratio(self.good as f64, self.cpu.as_secs_f64())
    }

    /// Processor time for a good answer, in microseconds.
    pub(crate) fn cpu_us(&self) -> f64 {
        ratio(self.cpu.as_secs_f64() * 1e6, self.good as f64)
    }

    /// That of the database server, in microseconds.
    pub(crate) fn database_cpu_us(&self) -> f64 {
        ratio(self.database_cpu.as_secs_f64() * 1e6, self.good as f64)
    }
}

/// A part of a whole; 0 when there is no whole.
pub(crate) fn ratio(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

/// The middle one; of an even number the lower of the two in the middle, which was really measured.
pub(crate) fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let middle = times.len().saturating_sub(1) / 2;
    times.get(middle).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(good: u64, millis: u64, cpu_millis: u64) -> Sample {
        let (time, cpu) = (Duration::from_millis(millis), Duration::from_millis(cpu_millis));
        Sample { good, time, cpu, peak_kib: good, ..Sample::default() }
    }

    #[test]
    fn figures_are_per_good_answer() {
        let sample = sample(3_000, 2_000, 300);
        assert_eq!(
            (sample.per_second(), sample.per_cpu_second(), sample.cpu_us()),
            (1_500.0, 10_000.0, 100.0)
        );
    }

    #[test]
    fn nothing_has_no_figures() {
        let none = Sample::default();
        assert_eq!((none.per_second(), none.per_cpu_second(), none.cpu_us()), (0.0, 0.0, 0.0));
    }

    #[test]
    fn long_rounds_weigh_more() {
        let mut both = sample(1_000, 1_000, 100);
        both.merge(&sample(8_000, 2_000, 200));
        assert_eq!((both.per_second(), both.per_cpu_second(), both.peak_kib), (3_000.0, 30_000.0, 8_000));
    }

    #[test]
    fn the_median_was_measured() {
        for (millis, expected) in [(vec![], 0), (vec![5], 5), (vec![9, 1], 1), (vec![9, 1, 5], 5)] {
            let times = millis.into_iter().map(Duration::from_millis).collect();
            assert_eq!(median(times), Duration::from_millis(expected));
        }
    }
}
