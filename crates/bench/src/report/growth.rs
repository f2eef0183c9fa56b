//! How the processor time for an answer grows with the number of messages.

use super::Target;
use super::table::{push, verdict};
use crate::run::Measured;
use crate::sample::ratio;
use std::fmt::Write;

/// The number of messages that the largest is compared with.
pub(super) const BASE: u64 = 100_000;
const GROWTH: Target = Target::AtMost(1.3);

/// For each workload how many times as much processor time an answer takes with the most messages as with [`BASE`].
pub(super) fn factors(all: &[Measured]) -> Vec<(String, f64)> {
    let base = all.iter().find(|measured| measured.messages == BASE);
    let largest = all.iter().max_by_key(|measured| measured.messages);
    let (Some(base), Some(largest)) = (base, largest) else { return Vec::new() };
    let lines = base.lines().into_iter().zip(largest.lines());
    lines
        .map(|(base, most)| {
            (base.workload.name().to_owned(), ratio(most.sample.cpu_us(), base.sample.cpu_us()))
        })
        .collect()
}

/// The processor time for an answer in microseconds, by workload and number of messages.
pub(crate) fn growth(all: &[Measured]) -> String {
    let mut heading = format!("{:<22}", "CPU µs for an answer");
    for measured in all {
        let _ = write!(heading, " {:>11}", measured.messages);
    }
    let mut text = String::new();
    push(&mut text, &format!("{heading} {:>9}", "growth"));
    for (place, (name, factor)) in factors(all).into_iter().enumerate() {
        let mut line = format!("{name:<22}");
        for measured in all {
            let cpu_us = measured.lines().get(place).map_or(0.0, |line| line.sample.cpu_us());
            let _ = write!(line, " {cpu_us:>11.1}");
        }
        push(&mut text, &format!("{line} {factor:>9.2}  {}", verdict(GROWTH, factor)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::measured;
    use std::time::Duration;

    #[test]
    fn the_largest_is_compared_with_the_base() {
        let mut large = measured();
        large.messages = 10_000_000;
        for sample in large.phases.iter_mut().flat_map(|phase| phase.samples.values_mut()) {
            sample.cpu += Duration::from_secs(3);
        }
        let all = [measured(), large];
        let factors = factors(&all);
        assert_eq!(factors, [("list".to_owned(), 2.0), ("login".to_owned(), 2.5)]);
        let table = growth(&all);
        assert!(table.contains("100000") && table.contains("≤ 1.3 MISSED"), "{table}");
    }
}
