//! What a round consists of: the workloads, each followed by its limits.

use crate::bare::Work;
use crate::workload::Workload;

/// Something that is measured once in each round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// The program with a workload.
    Workload(Workload),
    /// Bare axum with answers of a size.
    Axum(Size),
    /// Bare SQLite or argon2.
    Bare(Work),
    /// Paced reads by half of the connections, while nobody logs in.
    ReadsAlone,
    /// The same reads, while the other half log in.
    ReadsBesideLogins,
    /// The bare loop over the watchers' sockets.
    Loop,
}

/// How large an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Size {
    /// As one message.
    Record,
    /// As a page of 30.
    Page,
}

impl Step {
    /// The name in the report.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Step::Workload(workload) => workload.name(),
            Step::Axum(Size::Record) => "axum_record",
            Step::Axum(Size::Page) => "axum_page",
            Step::Bare(Work::Point) => "sqlite_point",
            Step::Bare(Work::Page) => "sqlite_page",
            Step::Bare(Work::InsertGroups) => "sqlite_insert_groups",
            Step::Bare(Work::InsertBatches) => "sqlite_insert_batches",
            Step::Bare(Work::Passwords) => "argon2id",
            Step::ReadsAlone => "reads_alone",
            Step::ReadsBesideLogins => "reads_beside_logins",
            Step::Loop => "bare_loop",
        }
    }
}

impl Workload {
    /// What the workload's answers for each second of processor time are compared with.
    pub(crate) fn limit(self) -> Step {
        match self {
            Workload::ReadById | Workload::Create => Step::Axum(Size::Record),
            Workload::List => Step::Axum(Size::Page),
            Workload::Login => Step::Bare(Work::Passwords),
            Workload::Batch => Step::Bare(Work::InsertBatches),
            Workload::Watch => Step::Loop,
        }
    }

    /// What else is measured for it.
    fn beside(self) -> &'static [Step] {
        match self {
            Workload::ReadById => &[Step::Bare(Work::Point)],
            Workload::List => &[Step::Axum(Size::Record), Step::Bare(Work::Page)],
            Workload::Login => &[Step::ReadsAlone, Step::ReadsBesideLogins],
            Workload::Create => &[Step::Bare(Work::InsertGroups)],
            Workload::Batch | Workload::Watch => &[],
        }
    }
}

/// The steps of a round with these workloads, each once.
pub(crate) fn of(workloads: &[Workload]) -> Vec<Step> {
    let mut steps = Vec::new();
    for workload in workloads {
        let own = [Step::Workload(*workload), workload.limit()];
        for step in own.iter().chain(workload.beside()) {
            if !steps.contains(step) {
                steps.push(*step);
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(workloads: &[Workload], expected: &[&str]) {
        let names: Vec<_> = of(workloads).into_iter().map(Step::name).collect();
        assert_eq!(names, expected);
    }

    #[test]
    fn limits_are_measured_with_their_workloads_and_once() {
        check(&[], &[]);
        check(&[Workload::Create], &["create", "axum_record", "sqlite_insert_groups"]);
        check(
            &[Workload::ReadById, Workload::List],
            &["read_by_id", "axum_record", "sqlite_point", "list", "axum_page", "sqlite_page"],
        );
        check(&[Workload::Watch], &["watch", "bare_loop"]);
        check(&[Workload::Login], &["login", "argon2id", "reads_alone", "reads_beside_logins"]);
    }
}
