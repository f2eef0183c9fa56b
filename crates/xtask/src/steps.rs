//! Steps that all run, also after one that failed, and what became of each.

use std::fmt;
use std::time::{Duration, Instant};

/// What became of a step.
pub(crate) enum Outcome {
    /// As it should be.
    Passed,
    /// Not a failure, but somebody should read this.
    Noted(String),
    /// It failed, and why.
    Failed(String),
}

impl From<Result<(), String>> for Outcome {
    fn from(result: Result<(), String>) -> Self {
        result.map_or_else(Outcome::Failed, |()| Outcome::Passed)
    }
}

struct Step {
    name: &'static str,
    outcome: Outcome,
    time: Duration,
}

/// The steps that ran.
#[derive(Default)]
pub(crate) struct Steps(Vec<Step>);

impl Steps {
    /// Runs a step, and prints its heading before and its result after.
    pub(crate) fn run(&mut self, name: &'static str, step: impl FnOnce() -> Outcome) {
        println!("\n== {name}");
        let started = Instant::now();
        let outcome = step();
        let step = Step { name, outcome, time: started.elapsed() };
        println!("{step}");
        self.0.push(step);
    }

    /// Whether no step failed.
    pub(crate) fn passed(&self) -> bool {
        !self.0.iter().any(|step| matches!(step.outcome, Outcome::Failed(_)))
    }
}

/// A line for each step.
impl fmt::Display for Steps {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|step| writeln!(out, "{step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, reason) = match &self.outcome {
            Outcome::Passed => ("ok", ""),
            Outcome::Noted(reason) => ("note", reason.as_str()),
            Outcome::Failed(reason) => ("FAILED", reason.as_str()),
        };
        let line = format!("{:<12} {word:<6} {:>7.1} s  {reason}", self.name, self.time.as_secs_f64());
        out.write_str(line.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_steps_run_and_one_failure_is_enough() {
        let mut steps = Steps::default();
        steps.run("first", || Outcome::Failed("broken".to_owned()));
        steps.run("second", || Outcome::Noted("skipped".to_owned()));
        steps.run("third", || Ok(()).into());
        assert!(!steps.passed());
        let shown = steps.to_string();
        let words: Vec<_> =
            shown.lines().map(|line| line.split_whitespace().nth(1).expect("a word")).collect();
        assert_eq!(words, ["FAILED", "note", "ok"]);
    }

    #[test]
    fn a_note_is_no_failure() {
        let mut steps = Steps::default();
        steps.run("only", || Outcome::Noted("look".to_owned()));
        assert!(steps.passed());
    }
}
