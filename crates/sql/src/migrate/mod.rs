//! From the schema that a database has to the one that an application needs.

mod schema;

pub use schema::{Column, ColumnType, Index, InvalidSchema, Schema, Table};

use crate::Dialect;
use mainstay_model::Application;

/// How to get from one schema to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What to run, in order, in one transaction.
    pub steps: Vec<MigrationStep>,
    /// What gets lost by it, for people: `drops message.text`.
    pub losses: Vec<String>,
    /// Why it cannot be run, for people; the steps are then not to be run.
    pub faults: Vec<String>,
}

/// A step of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStep {
    /// One statement without parameters.
    pub sql: String,
    /// What it does and when it fails, for people.
    pub description: String,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.losses.is_empty() && self.faults.is_empty()
    }

    /// Whether it can be run and nothing gets lost.
    pub fn is_safe(&self) -> bool {
        self.losses.is_empty() && self.faults.is_empty()
    }
}

/// Plans the way from what a database has to what `app` needs; `None` is a database without tables.
pub fn plan(from: Option<&Schema>, app: &Application, dialect: &dyn Dialect) -> Plan {
    let _ = (from, app, dialect);
    Plan::default()
}
