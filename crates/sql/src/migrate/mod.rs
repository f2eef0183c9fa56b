//! From the schema that a database has to the one that an application needs.
//!
//! [`Schema::of`] says what an application needs, an adapter keeps it beside the tables as JSON, and [`plan`] compares the two.

mod check;
mod conversion;
mod definition;
mod meaning;
mod origin;
mod schema;
mod table;

pub use conversion::Conversion;
pub(crate) use conversion::conversion;
pub use meaning::Meaning;
pub use schema::{Column, ColumnType, Extent, Index, InvalidSchema, Schema, Table};

use crate::Dialect;
use crate::names::quote;
use definition::{create_index, create_table};
use mainstay_model::Application;
use origin::origins;
use table::TableChange;

/// How to get from one schema to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What to run, in order, in one transaction.
    pub steps: Vec<MigrationStep>,
    /// What gets lost by it, for people: `drops message.text`.
    pub losses: Vec<String>,
    /// What gets lost if the database has it, which [`Plan::settle`] finds out.
    pub possible_losses: Vec<PossibleLoss>,
    /// Which secrets can be read after it, for people.
    pub exposures: Vec<String>,
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
    /// What to do with the statement.
    pub kind: StepKind,
}

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// The statement is run.
    Change,
    /// The statement is a query for records that stand in the way: their ids, and values that tell why. When there are any, the
    /// migration fails.
    Check,
}

/// Something that gets lost if there is any of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PossibleLoss {
    /// A query of one number: how many records lose something. It speaks of the database as it is before the migration.
    pub count: String,
    /// What gets lost, for people.
    pub description: String,
}

impl Plan {
    /// Whether there is nothing to do. What the models mean may have changed all the same in a way that no record can contradict,
    /// so that a schema which is kept is to be written anew.
    pub fn is_empty(&self) -> bool {
        *self == Plan::default()
    }

    /// Whether it can be run, nothing gets lost and no secret becomes readable. What may get lost counts as lost.
    pub fn is_safe(&self) -> bool {
        self.is_allowed(false)
    }

    /// Whether it can be run by someone who says whether loss and exposure are meant.
    pub fn is_allowed(&self, allow_data_loss: bool) -> bool {
        let loses = !self.losses.is_empty() || !self.possible_losses.is_empty();
        self.faults.is_empty() && (allow_data_loss || !loses && self.exposures.is_empty())
    }

    /// Turns what may get lost into what does, by asking the database how many records a query of [`PossibleLoss`] counts.
    ///
    /// # Errors
    /// When `count` fails.
    pub fn settle<E>(&mut self, mut count: impl FnMut(&str) -> Result<i64, E>) -> Result<(), E> {
        for loss in std::mem::take(&mut self.possible_losses) {
            let records = count(&loss.count)?;
            if records > 0 {
                self.losses.push(format!("{} ({records} now)", loss.description));
            }
        }
        Ok(())
    }

    fn step(&mut self, description: String, sql: String) {
        self.steps.push(MigrationStep { sql, description, kind: StepKind::Change });
    }

    fn check(&mut self, description: String, sql: String) {
        self.steps.push(MigrationStep { sql, description, kind: StepKind::Check });
    }
}

/// Plans the way from what a database has to what `app` needs; `None` is a database without tables.
pub fn plan(from: Option<&Schema>, app: &Application, dialect: &dyn Dialect) -> Plan {
    let old: &[Table] = from.map_or(&[], |schema| &schema.tables);
    let new = Schema::of(app).tables;
    let old_names: Vec<&str> = old.iter().map(|table| table.name.as_str()).collect();
    let new_names: Vec<(&str, Option<&str>)> =
        app.models.iter().map(|model| (model.name.as_str(), model.was.as_deref())).collect();
    let origins = origins(&old_names, &new_names);

    let pairs = app.models.iter().zip(&new).zip(&origins);
    let changes: Vec<TableChange<'_>> = pairs
        .filter_map(|((model, table), origin)| Some(TableChange::new(&old[(*origin)?], table, model)))
        .collect();
    let added = new.iter().zip(&origins).filter(|(_, origin)| origin.is_none()).map(|(table, _)| table);
    let dropped = old.iter().enumerate().filter(|(place, _)| !origins.contains(&Some(*place)));

    let renames: Vec<(&str, &str)> = changes.iter().map(TableChange::names).collect();

    // Indexes go first and come last: no column can be dropped under one, and its name is of the whole database. Values are looked at
    // when all tables are there under their new names.
    let mut plan = Plan::default();
    changes.iter().for_each(|change| change.drop_indexes(&mut plan));
    dropped.for_each(|(_, table)| drop_table(table, &mut plan));
    added.for_each(|table| add_table(table, dialect, &mut plan));
    changes.iter().for_each(|change| change.alter(dialect, &mut plan));
    changes.iter().for_each(|change| change.follow_meanings(&renames, dialect, &mut plan));
    changes.iter().for_each(|change| change.create_indexes(dialect, &mut plan));
    plan
}

/// The steps that make the tables of a schema and their indexes in an empty database.
pub(crate) fn create_steps(schema: &Schema, dialect: &dyn Dialect) -> Vec<MigrationStep> {
    let mut plan = Plan::default();
    schema.tables.iter().for_each(|table| add_table(table, dialect, &mut plan));
    plan.steps
}

fn add_table(table: &Table, dialect: &dyn Dialect, plan: &mut Plan) {
    plan.step(format!("creates {}", table.name), create_table(dialect, table, &table.name));
    table.indexes.iter().for_each(|index| add_index(dialect, table, index, plan));
}

fn drop_table(table: &Table, plan: &mut Plan) {
    plan.losses.push(format!("drops {} and its records", table.name));
    plan.step(format!("drops {}", table.name), format!("DROP TABLE {}", quote(&table.name)));
}

fn add_index(dialect: &dyn Dialect, table: &Table, index: &Index, plan: &mut Plan) {
    let (name, columns, records) = (&table.name, index.columns.join(", "), index.extent.records());
    let description = if index.unique {
        format!("makes {columns} unique among the {records} of {name}")
    } else {
        format!("indexes the {records} of {name} by {columns}")
    };
    plan.step(description, create_index(dialect, table, index));
}
