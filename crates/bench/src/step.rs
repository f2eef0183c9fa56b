//! What a round consists of: the workloads, each followed by its limits.

use crate::bare::Work;
use crate::options::Engine;
use crate::postgres as pgbench;
use crate::watch::Wire;
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
    /// `pgbench` on the same PostgreSQL.
    Pgbench(pgbench::Work),
    /// Paced reads by half of the connections, while nobody logs in.
    ReadsAlone,
    /// The same reads, while the other half log in.
    ReadsBesideLogins,
    /// The bare loop over the watchers' sockets.
    Loop,
    /// Bare tungstenite, which sends the same to so many sockets.
    Broadcast(Wire, u16),
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
            Step::Pgbench(pgbench::Work::Read) => "pgbench_read",
            Step::Pgbench(pgbench::Work::List) => "pgbench_list",
            Step::Pgbench(pgbench::Work::Create) => "pgbench_create",
            Step::Pgbench(pgbench::Work::Insert) => "pgbench_insert",
            Step::Pgbench(pgbench::Work::Batch) => "pgbench_batch",
            Step::ReadsAlone => "reads_alone",
            Step::ReadsBesideLogins => "reads_beside_logins",
            Step::Loop => "bare_loop",
            Step::Broadcast(Wire::Records, _) => "bare_sockets_watch_1000",
            Step::Broadcast(_, 10_000) => "bare_sockets_10000",
            Step::Broadcast(..) => "bare_sockets_1000",
        }
    }
}

impl Workload {
    /// What the workload's answers are compared with: what the program does beside its engine, or, where the engine is a server on the same
    /// machine, that one.
    pub(crate) fn limit(self, engine: Engine) -> Step {
        match (self, engine) {
            // What another protocol costs over the same operation.
            (Workload::GrpcReadById, _) => Step::Workload(Workload::ReadById),
            (Workload::GrpcList, _) => Step::Workload(Workload::List),
            // What the same costs by REST, in the same run.
            (Workload::GraphqlReadById, _) => Step::Workload(Workload::ReadById),
            (Workload::GraphqlList, _) => Step::Workload(Workload::List),
            (Workload::ReadById, Engine::Postgres) => Step::Pgbench(pgbench::Work::Read),
            (Workload::List, Engine::Postgres) => Step::Pgbench(pgbench::Work::List),
            (Workload::Create, Engine::Postgres) => Step::Pgbench(pgbench::Work::Create),
            (Workload::Batch, Engine::Postgres) => Step::Pgbench(pgbench::Work::Batch),
            (Workload::ReadById | Workload::Create, Engine::Sqlite) => Step::Axum(Size::Record),
            (Workload::List, Engine::Sqlite) => Step::Axum(Size::Page),
            (Workload::Batch, Engine::Sqlite) => Step::Bare(Work::InsertBatches),
            (Workload::Login, _) => Step::Bare(Work::Passwords),
            (Workload::Watch | Workload::LiveIdle, _) => Step::Loop,
            (Workload::Live1000, _) => Step::Broadcast(Wire::Channel, 1_000),
            (Workload::Live10000, _) => Step::Broadcast(Wire::Channel, 10_000),
            (Workload::LiveWatch1000, _) => Step::Broadcast(Wire::Records, 1_000),
        }
    }

    /// What else is measured for it.
    fn beside(self, engine: Engine) -> &'static [Step] {
        match (self, engine) {
            (Workload::ReadById | Workload::List, Engine::Postgres) => &[Step::Axum(Size::Record)],
            (Workload::Create, Engine::Postgres) => {
                &[Step::Pgbench(pgbench::Work::Insert), Step::Axum(Size::Record)]
            }
            (Workload::ReadById, Engine::Sqlite) => &[Step::Bare(Work::Point)],
            (Workload::List, Engine::Sqlite) => &[Step::Axum(Size::Record), Step::Bare(Work::Page)],
            (Workload::Create, Engine::Sqlite) => &[Step::Bare(Work::InsertGroups)],
            (Workload::Login, _) => &[Step::ReadsAlone, Step::ReadsBesideLogins],
            _ => &[],
        }
    }
}

/// The steps of a round with these workloads, each once.
pub(crate) fn of(workloads: &[Workload], engine: Engine) -> Vec<Step> {
    let mut steps = Vec::new();
    for workload in workloads {
        let own = [Step::Workload(*workload), workload.limit(engine)];
        for step in own.iter().chain(workload.beside(engine)) {
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
        check_on(Engine::Sqlite, workloads, expected);
    }

    fn check_on(engine: Engine, workloads: &[Workload], expected: &[&str]) {
        let names: Vec<_> = of(workloads, engine).into_iter().map(Step::name).collect();
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
        check(&[Workload::GrpcList], &["grpc_list", "list"]);
        check(&[Workload::GraphqlList], &["graphql_list", "list"]);
        check(&[Workload::Watch], &["watch", "bare_loop"]);
        check(
            &[Workload::Live1000, Workload::LiveWatch1000],
            &["live_1000", "bare_sockets_1000", "live_watch_1000", "bare_sockets_watch_1000"],
        );
        check(&[Workload::Login], &["login", "argon2id", "reads_alone", "reads_beside_logins"]);
        check_on(
            Engine::Postgres,
            &[Workload::Create],
            &["create", "pgbench_create", "pgbench_insert", "axum_record"],
        );
        check_on(
            Engine::Postgres,
            &[Workload::ReadById, Workload::List],
            &["read_by_id", "pgbench_read", "axum_record", "list", "pgbench_list"],
        );
    }
}
