//! The test runner's own count: the sum of the `test result:` lines that `cargo test` prints, one for each test program.

use std::fmt;

/// How many tests passed and failed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed.
    pub(crate) failed: u64,
}

impl Tally {
    /// Adds what a line of the runner's stdout counts; other lines count nothing.
    pub(crate) fn add_line(&mut self, line: &str) {
        let Some((_, counts)) = line.split_once("test result: ") else { return };
        self.passed += number_before(counts, " passed").unwrap_or(0);
        self.failed += number_before(counts, " failed").unwrap_or(0);
    }
}

/// The closing line that the CI reads.
impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} passed, {} failed", self.passed, self.failed)
    }
}

fn number_before(text: &str, word: &str) -> Option<u64> {
    let (before, _) = text.split_once(word)?;
    before.rsplit(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::Tally;

    fn check(lines: &[&str], expected: &str) {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.add_line(line));
        assert_eq!(tally.to_string(), expected, "{lines:?}");
    }

    #[test]
    fn results_are_summed() {
        check(&[], "0 passed, 0 failed");
        check(&["running 3 tests", "test a ... ok"], "0 passed, 0 failed");
        check(
            &[
                "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
                "",
                "test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s",
            ],
            "17 passed, 2 failed",
        );
    }

    #[test]
    fn colour_does_not_hide_a_result() {
        check(&["test result: \u{1b}[32mok\u{1b}[0m. 4 passed; 0 failed; 0 ignored"], "4 passed, 0 failed");
    }

    #[test]
    fn a_line_that_only_looks_like_a_result_counts_nothing() {
        check(&["test result: nobody passed", "test result: "], "0 passed, 0 failed");
    }
}
