//! `mainstay tune`

use crate::failure::Failure;
use crate::terminal::{grouped, say};
use argon2::{Algorithm, Argon2, Params, Version};
use clap::Args;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Memory sizes to try, in KiB. The least is OWASP's first recommendation.
const MEMORY_KIB: [u32; 5] = [19_456, 32_768, 65_536, 131_072, 262_144];
/// RFC 9106 wants memory first; but one pass alone leaves a known shortcut to the attacker.
const LEAST_PASSES: u32 = 2;
const MOST_PASSES: u32 = 10;

/// Measure how long a password takes to hash here, and suggest settings
#[derive(Debug, Args)]
#[command(after_help = "\
A login should cost an attacker as much as your users can wait for: about a tenth of a second.

Example:
  mainstay tune --target-ms 250")]
pub(crate) struct Tune {
    /// How long a hash should take, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    target_ms: u64,
    /// The most memory that a hash may take, in MiB; 19 is the least that is safe
    #[arg(long, value_name = "MIB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(19..))]
    memory_mib: u32,
}

/// Parameters, and how long a hash takes with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Choice {
    memory_kib: u32,
    iterations: u32,
    time: Duration,
}

impl Tune {
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        let target = Duration::from_millis(self.target_ms);
        let choice = choose(&self.sizes(), target, measure)?;
        say(&suggestion(choice));
        if choice.time > target {
            say("# The target cannot be met with less: this is the least that OWASP recommends.\n");
        }
        Ok(ExitCode::SUCCESS)
    }

    fn sizes(&self) -> Vec<u32> {
        let most = self.memory_mib.saturating_mul(1_024);
        MEMORY_KIB.into_iter().filter(|size| *size <= most).collect()
    }
}

fn suggestion(choice: Choice) -> String {
    let Choice { memory_kib, iterations, time } = choice;
    format!(
        "# A hash takes {} ms on this machine, and {} KiB of memory.\n\
         [accounts.password]\nmemory_kib = {memory_kib}\niterations = {iterations}\nparallelism = 1\n",
        time.as_millis(),
        grouped(memory_kib.into()),
    )
}

/// As much memory as meets the target in the fewest passes, then as many passes as still do. The least memory, when nothing does.
fn choose(
    sizes: &[u32],
    target: Duration,
    measure: impl Fn(u32, u32) -> Result<Duration, Failure>,
) -> Result<Choice, Failure> {
    let try_out = |memory_kib, iterations| {
        measure(memory_kib, iterations).map(|time| Choice { memory_kib, iterations, time })
    };
    let mut best = try_out(sizes[0], LEAST_PASSES)?;
    for size in &sizes[1..] {
        let larger = try_out(*size, LEAST_PASSES)?;
        if larger.time > target {
            break;
        }
        best = larger;
    }
    while best.iterations < MOST_PASSES {
        let longer = try_out(best.memory_kib, best.iterations + 1)?;
        if longer.time > target {
            break;
        }
        best = longer;
    }
    Ok(best)
}

/// The least of three: whatever else the machine does only adds to the time.
fn measure(memory_kib: u32, iterations: u32) -> Result<Duration, Failure> {
    let times = (0..3).map(|_| time_of_one(memory_kib, iterations)).collect::<Result<Vec<_>, _>>();
    let failed = |error: argon2::Error| Failure::new("tune", format!("cannot hash: {error}"));
    Ok(times.map_err(failed)?.into_iter().min().unwrap_or_default())
}

fn time_of_one(memory_kib: u32, iterations: u32) -> Result<Duration, argon2::Error> {
    let params = Params::new(memory_kib, iterations, 1, None)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let started = Instant::now();
    argon2.hash_password_into(b"a password of usual length", b"sixteen bytes :)", &mut [0; 32])?;
    Ok(started.elapsed())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine that takes a millisecond for a pass over 1,000 KiB.
    fn check(sizes: &[u32], target_ms: u64, expected: (u32, u32)) {
        let measure = |memory: u32, passes: u32| Ok(Duration::from_micros(u64::from(memory * passes)));
        let choice =
            choose(sizes, Duration::from_millis(target_ms), measure).expect("the measure never fails");
        assert_eq!((choice.memory_kib, choice.iterations), expected, "{sizes:?} within {target_ms} ms");
    }

    #[test]
    fn memory_comes_first_then_passes() {
        check(&[10_000, 20_000, 40_000], 100, (40_000, 2));
        check(&[10_000, 20_000, 40_000], 130, (40_000, 3));
        check(&[10_000, 20_000], 100, (20_000, 5));
        check(&[10_000, 20_000], 5, (10_000, 2));
        check(&[10_000], 100_000, (10_000, 10));
    }
}
