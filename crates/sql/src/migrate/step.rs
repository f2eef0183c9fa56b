//! A step of a migration.

use super::{Edit, Plan};

/// A step of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStep {
    /// SQL without parameters: one statement, or two that are one where they are run in one transaction.
    pub sql: String,
    /// What it does and when it fails, for people.
    pub description: String,
    /// What to do with the statement.
    pub kind: StepKind,
    /// What it changes in the description of the database, for an engine that does not run all steps in one transaction.
    pub edits: Vec<Edit>,
    /// Whether nodes of this version cannot work before it is done.
    pub needed: bool,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// The statement is run.
    Change,
    /// The statement is run outside of a transaction, since it waits for others while it lets them go on. It can be run again.
    Concurrent,
    /// The statement is run again and again, in a transaction each time, until it changes no row.
    Repeated,
    /// The statement is a query for records that stand in the way: their ids, and values that tell why. When there are any, the
    /// migration fails.
    Check,
}

impl Plan {
    pub(super) fn step(&mut self, description: String, sql: String) -> &mut MigrationStep {
        self.add(StepKind::Change, description, sql)
    }

    pub(super) fn concurrent(&mut self, description: String, sql: String) -> &mut MigrationStep {
        self.add(StepKind::Concurrent, description, sql)
    }

    pub(super) fn repeated(&mut self, description: String, sql: String) -> &mut MigrationStep {
        self.add(StepKind::Repeated, description, sql)
    }

    pub(super) fn check(&mut self, description: String, sql: String) {
        self.add(StepKind::Check, description, sql);
    }

    fn add(&mut self, kind: StepKind, description: String, sql: String) -> &mut MigrationStep {
        self.steps.push(MigrationStep { sql, description, kind, edits: Vec::new(), needed: true });
        self.steps.last_mut().expect("it was just added")
    }
}

impl MigrationStep {
    pub(super) fn edits(&mut self, edit: Edit) -> &mut Self {
        self.edits.push(edit);
        self
    }

    pub(super) fn needed(&mut self, needed: bool) {
        self.needed = needed;
    }
}
