//! The report: figures, the limits beside them, and whether the targets are met.

mod growth;
mod json;
mod table;

pub(crate) use growth::growth;
pub(crate) use json::json;
pub(crate) use table::table;

use crate::bare;
use crate::options::Engine;
use crate::postgres::Work;
use crate::run::{Measured, Phase};
use crate::sample::{Sample, ratio};
use crate::step::{Size, Step};
use crate::workload::Workload;
use std::collections::BTreeMap;

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// At least this.
    AtLeast(f64),
    /// At most this.
    AtMost(f64),
}

impl Target {
    /// Whether a figure meets it.
    pub(crate) fn is_met(self, figure: f64) -> bool {
        match self {
            Target::AtLeast(least) => figure >= least,
            Target::AtMost(most) => figure <= most,
        }
    }
}

/// The time from the start to the first good answer, in milliseconds.
const FIRST_ANSWER_MS: Target = Target::AtMost(25.0);
/// Resident memory while nobody asks, and while everybody does, in MiB.
const IDLE_MIB: Target = Target::AtMost(20.0);
const PEAK_MIB: Target = Target::AtMost(60.0);
/// Creates a second, each on disk before its answer, with the load on the same two cores.
const CREATES: Target = Target::AtLeast(11_500.0);
/// The part of its rate that others' reading keeps while some log in.
const READS_KEPT: Target = Target::AtLeast(0.8);

/// Memory for an idle socket, in KiB.
const SOCKET_KIB: Target = Target::AtMost(20.0);
/// Deliveries a second in a burst, with the load on the same two cores.
const DELIVERIES: Target = Target::AtLeast(511_000.0);
/// The time that a single message takes to its watchers, as a multiple of that of the bare loop.
const WATCH_P50: Target = Target::AtMost(1.3);
const WATCH_P99: Target = Target::AtMost(1.5);

/// The figures of a limit.
pub(crate) struct Limit<'a> {
    pub(crate) phase: &'static str,
    pub(crate) step: Step,
    pub(crate) sample: &'a Sample,
}

/// A workload's figures.
pub(crate) struct Line<'a> {
    pub(crate) workload: Workload,
    pub(crate) sample: &'a Sample,
    /// What it is compared with, and how it does.
    pub(crate) limit: Step,
    pub(crate) ratio_to_limit: f64,
    /// What that should be.
    pub(crate) target: Option<Target>,
    /// The ratio to bare axum that answers with one record, whatever this workload answers. Logins have none: hashing is
    /// not a server's work. Nor has watching, of which the answer does not end.
    pub(crate) ratio_to_axum: Option<f64>,
    /// For watching, the times of a delivery as multiples of the limit's.
    pub(crate) delays: Option<Delays>,
}

/// How much longer than with the limit half of the deliveries take, and all but one of a hundred.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Delays {
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// What all creates reach of bare inserts into PostgreSQL, which do much less.
const CREATES_OF_INSERTS: Target = Target::AtLeast(0.6);

impl Workload {
    /// What the ratio to the limit should be.
    pub(crate) fn target(self, engine: Engine) -> Option<Target> {
        match self {
            Workload::GrpcReadById | Workload::GrpcList => Some(Target::AtLeast(0.6)),
            Workload::GraphqlReadById | Workload::GraphqlList => Some(Target::AtLeast(0.6)),
            Workload::ReadById | Workload::Create if engine == Engine::Postgres => Some(Target::AtLeast(0.6)),
            _ if engine == Engine::Postgres => None,
            Workload::ReadById => Some(Target::AtLeast(0.5)),
            Workload::List | Workload::Create => Some(Target::AtLeast(0.2)),
            Workload::Login => Some(Target::AtLeast(0.9)),
            Workload::Watch => Some(Target::AtLeast(1.0)),
            _ => None,
        }
    }
}

impl Measured {
    /// The figures of the workloads.
    pub(crate) fn lines(&self) -> Vec<Line<'_>> {
        self.phases.iter().flat_map(|phase| lines(phase, self.engine)).collect()
    }

    /// The limits, and what else was measured beside the workloads. What both phases have is there for each.
    pub(crate) fn limits(&self) -> impl Iterator<Item = Limit<'_>> {
        self.phases.iter().flat_map(limits)
    }

    /// The part of its rate that others' reading kept while some logged in.
    pub(crate) fn reads_kept(&self) -> Option<f64> {
        Some(ratio(self.per_second(Step::ReadsBesideLogins)?, self.per_second(Step::ReadsAlone)?))
    }

    /// Creates for each bare insert into PostgreSQL, both a second.
    pub(crate) fn creates_of_inserts(&self) -> Option<f64> {
        let creates = self.lines().into_iter().find(|line| line.workload == Workload::Create)?;
        Some(ratio(creates.sample.per_second(), self.per_second(Step::Pgbench(Work::Insert))?))
    }

    fn per_second(&self, step: Step) -> Option<f64> {
        self.limits().find(|limit| limit.step == step).map(|limit| limit.sample.per_second())
    }

    /// How many answers were not good.
    pub(crate) fn bad(&self) -> u64 {
        self.phases.iter().flat_map(|phase| phase.samples.values()).map(|sample| sample.bad).sum()
    }
}

fn limits(phase: &Phase) -> impl Iterator<Item = Limit<'_>> {
    let beside = phase.samples.iter().filter(|(step, _)| !matches!(step, Step::Workload(_)));
    beside.map(|(step, sample)| Limit { phase: phase.name, step: *step, sample })
}

fn lines(phase: &Phase, engine: Engine) -> Vec<Line<'_>> {
    let workloads = phase.samples.iter().filter_map(|(step, sample)| match step {
        Step::Workload(workload) => Some((*workload, sample)),
        _ => None,
    });
    workloads.map(|(workload, sample)| line(&phase.samples, engine, workload, sample)).collect()
}

fn line<'a>(
    measured: &BTreeMap<Step, Sample>,
    engine: Engine,
    workload: Workload,
    sample: &'a Sample,
) -> Line<'a> {
    let limit = workload.limit(engine);
    let to = |step: Step| measured.get(&step).map(|limit| compare(step, sample, limit));
    let axum = Step::Axum(Size::Record);
    let is_watched = workload == Workload::Watch || workload.audience().is_some();
    Line {
        workload,
        sample,
        limit,
        ratio_to_limit: to(limit).unwrap_or(0.0),
        target: workload.target(engine),
        ratio_to_axum: if workload == Workload::Login || is_watched { None } else { to(axum) },
        delays: measured.get(&limit).filter(|_| is_watched).map(|limit| delays(sample, limit)),
    }
}

fn delays(sample: &Sample, limit: &Sample) -> Delays {
    let of = |share| ratio(sample.latency.quantile(share) as f64, limit.latency.quantile(share) as f64);
    Delays { p50: of(0.5), p99: of(0.99) }
}

/// Logins are compared by the clock: argon2id is to be busy all the time. So is watching: the bare loop is one thread, and what
/// counts is how soon everyone knows; and what is measured against `pgbench`, which like the program keeps a server busy. All else is
/// compared by processor time, which does not depend on how much of the machine the load itself takes.
fn compare(with: Step, sample: &Sample, limit: &Sample) -> f64 {
    match with {
        Step::Bare(bare::Work::Passwords) | Step::Loop | Step::Pgbench(_) => {
            ratio(sample.per_second(), limit.per_second())
        }
        _ => ratio(sample.per_cpu_second(), limit.per_cpu_second()),
    }
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1_024.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Sizes;
    use std::time::Duration;

    fn sample(good: u64, seconds: u64, cpu_seconds: u64) -> Sample {
        let (time, cpu) = (Duration::from_secs(seconds), Duration::from_secs(cpu_seconds));
        Sample { good, time, cpu, bad: 1, peak_kib: 2_048, ..Sample::default() }
    }

    pub(super) fn measured() -> Measured {
        let reading = BTreeMap::from([
            (Step::Workload(Workload::List), sample(600, 1, 3)),
            (Step::Workload(Workload::Login), sample(90, 2, 2)),
            (Step::Axum(Size::Record), sample(1_000, 1, 1)),
            (Step::Axum(Size::Page), sample(800, 1, 1)),
            (Step::Bare(bare::Work::Passwords), sample(100, 2, 4)),
            (Step::ReadsAlone, sample(200, 1, 1)),
            (Step::ReadsBesideLogins, sample(150, 1, 2)),
        ]);
        Measured {
            engine: Engine::Sqlite,
            messages: 100_000,
            phases: vec![Phase { name: "reading", samples: reading }],
            first_answer: Duration::from_micros(12_340),
            idle_kib: 10_240,
            idle_socket_kib: vec![12.5, 11.0],
            sizes: Sizes { record: 400, page: 12_000, event: 500, ..Sizes::default() },
        }
    }

    #[test]
    fn ratios_are_by_processor_time_but_for_logins() {
        let measured = measured();
        let ratios: Vec<_> = measured
            .lines()
            .iter()
            .map(|line| (line.workload.name(), line.ratio_to_limit, line.ratio_to_axum))
            .collect();
        assert_eq!(ratios, [("list", 0.25, Some(0.2)), ("login", 0.9, None)]);
        assert_eq!((measured.reads_kept(), measured.bad()), (Some(0.75), 7));
    }

    #[test]
    fn deliveries_are_compared_by_the_clock_and_their_times_with_the_loops() {
        let timed = |good, micros: u128| {
            let mut sample = Sample { good, time: Duration::from_secs(1), ..Sample::default() };
            sample.latency.add(micros);
            sample
        };
        let samples = BTreeMap::from([
            (Step::Workload(Workload::Watch), timed(300, 150)),
            (Step::Loop, timed(200, 100)),
        ]);
        let phase = Phase { name: "watching", samples };
        let lines = lines(&phase, Engine::Sqlite);
        assert_eq!((lines[0].ratio_to_limit, lines[0].ratio_to_axum), (1.5, None));
        assert_eq!(lines[0].delays, Some(Delays { p50: 1.5, p99: 1.5 }));
    }

    #[test]
    fn postgres_is_compared_by_the_clock_with_pgbench() {
        let creates = Step::Workload(Workload::Create);
        let samples = BTreeMap::from([
            (creates, sample(600, 1, 9)),
            (Step::Pgbench(Work::Create), sample(1_000, 1, 0)),
            (Step::Pgbench(Work::Insert), sample(2_000, 1, 0)),
            (Step::Axum(Size::Record), sample(1_000, 1, 1)),
        ]);
        let phases = vec![Phase { name: "writing", samples }];
        let measured = Measured { engine: Engine::Postgres, phases, ..measured() };
        let line = &measured.lines()[0];
        assert_eq!((line.ratio_to_limit, line.target), (0.6, Some(Target::AtLeast(0.6))));
        assert_eq!(measured.creates_of_inserts(), Some(0.3));
        assert!(line.ratio_to_axum.is_some_and(|ratio| ratio < 0.1), "that is by processor time");
    }

    #[test]
    fn targets_include_their_bounds() {
        for (target, figure, expected) in [
            (Target::AtLeast(0.5), 0.5, true),
            (Target::AtLeast(0.5), 0.49, false),
            (Target::AtMost(20.0), 20.0, true),
            (Target::AtMost(20.0), 20.1, false),
        ] {
            assert_eq!(target.is_met(figure), expected, "{target:?} {figure}");
        }
    }
}
