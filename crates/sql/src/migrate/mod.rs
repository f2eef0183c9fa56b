//! From the schema that a database has to the one that an application needs.
//!
//! [`Schema::of`] says what an application needs, an adapter keeps it beside the tables as JSON, and [`plan`] compares the two.

mod check;
mod conversion;
mod definition;
mod edit;
mod meaning;
mod online;
mod origin;
mod schema;
mod step;
mod table;

pub use conversion::Conversion;
pub(crate) use conversion::conversion;
pub use edit::Edit;
pub use meaning::Meaning;
pub use schema::{Column, ColumnType, Extent, Index, InvalidSchema, Schema, Table};
pub use step::{MigrationStep, StepKind};

use crate::Dialect;
use crate::names::quote;
use definition::{create_index, create_table};
use mainstay_model::Application;
use origin::origins;
use table::TableChange;

/// How to get from one schema to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// What to run, in order: in one transaction, where the engine can.
    pub steps: Vec<MigrationStep>,
    /// What is left as it is because nodes of the version before may need it, for people: see [`plan_keeping`].
    pub kept: Vec<String>,
    /// What gets lost by it, for people: `drops message.text`.
    pub losses: Vec<String>,
    /// What gets lost if the database has it, which [`Plan::settle`] finds out.
    pub possible_losses: Vec<PossibleLoss>,
    /// Which secrets can be read after it, for people.
    pub exposures: Vec<String>,
    /// Why it cannot be run, for people; the steps are then not to be run.
    pub faults: Vec<String>,
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
        *self == Plan { kept: self.kept.clone(), ..Plan::default() }
    }

    /// Whether nodes can work with the database as it is, and the rest is only for speed or order.
    pub fn is_workable(&self) -> bool {
        let rest = Plan { kept: self.kept.clone(), steps: self.steps.clone(), ..Plan::default() };
        *self == rest && !self.steps.iter().any(|step| step.needed)
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
}

/// Plans the way from what a database has to what `app` needs; `None` is a database without tables.
pub fn plan(from: Option<&Schema>, app: &Application, dialect: &dyn Dialect) -> Plan {
    planned(from, app, dialect, false)
}

/// As [`plan`], but tables stay that are no models any more, and columns that are no fields any more, where records can be added without
/// them: nodes of the version before may go on reading and writing them. [`Plan::kept`] names them.
pub fn plan_keeping(from: Option<&Schema>, app: &Application, dialect: &dyn Dialect) -> Plan {
    planned(from, app, dialect, true)
}

fn planned(from: Option<&Schema>, app: &Application, dialect: &dyn Dialect, keeping: bool) -> Plan {
    let old: &[Table] = from.map_or(&[], |schema| &schema.tables);
    let new = Schema::of(app).tables;
    let old_names: Vec<&str> = old.iter().map(|table| table.name.as_str()).collect();
    let new_names: Vec<(&str, Option<&str>)> =
        app.models.iter().map(|model| (model.name.as_str(), model.was.as_deref())).collect();
    let origins = origins(&old_names, &new_names);

    let pairs = app.models.iter().zip(&new).zip(&origins);
    let changes: Vec<TableChange<'_>> = pairs
        .filter_map(|((model, table), origin)| {
            Some(TableChange::new(&old[(*origin)?], table, model, keeping))
        })
        .collect();
    let added = new.iter().zip(&origins).filter(|(_, origin)| origin.is_none()).map(|(table, _)| table);
    let dropped = old.iter().enumerate().filter(|(place, _)| !origins.contains(&Some(*place)));

    let renames: Vec<(&str, &str)> = changes.iter().map(TableChange::names).collect();

    // Indexes go first and come last: no column can be dropped under one, and its name is of the whole database. Values are looked at
    // when all tables are there under their new names.
    let mut plan = Plan::default();
    changes.iter().for_each(|change| change.drop_indexes(dialect, &mut plan));
    for (_, table) in dropped {
        if keeping {
            plan.kept.push(format!("{} and its records", table.name));
        } else {
            drop_table(table, &mut plan);
        }
    }
    added.for_each(|table| add_table(dialect, table, &mut plan));
    changes.iter().for_each(|change| change.alter(dialect, &mut plan));
    changes.iter().for_each(|change| change.follow_meanings(&renames, dialect, &mut plan));
    changes.iter().for_each(|change| change.create_indexes(dialect, &mut plan));
    plan
}

/// The steps that make the tables of a schema and their indexes in an empty database.
pub(crate) fn create_steps(schema: &Schema, dialect: &dyn Dialect) -> Vec<MigrationStep> {
    let mut plan = Plan::default();
    schema.tables.iter().for_each(|table| add_table(dialect, table, &mut plan));
    plan.steps
}

fn drop_table(table: &Table, plan: &mut Plan) {
    let name = &table.name;
    plan.losses.push(format!("drops {name} and its records"));
    plan.step(format!("drops {name}"), format!("DROP TABLE {}", quote(name)))
        .edits(Edit::DropTable(name.clone()));
}

fn add_table(dialect: &dyn Dialect, table: &Table, plan: &mut Plan) {
    let bare = Table { indexes: Vec::new(), ..table.clone() };
    plan.step(format!("creates {}", table.name), create_table(dialect, table, &table.name))
        .edits(Edit::AddTable(bare));
    table.indexes.iter().for_each(|index| add_index(dialect, table, index, false, plan));
}

/// Makes an index: `online` while others use the table.
fn add_index(dialect: &dyn Dialect, table: &Table, index: &Index, online: bool, plan: &mut Plan) {
    let (name, columns, records) = (&table.name, index.columns.join(", "), index.extent.records());
    let description = if index.unique {
        format!("makes {columns} unique among the {records} of {name}")
    } else {
        format!("indexes the {records} of {name} by {columns}")
    };
    let sql = create_index(dialect, table, index, online);
    let step = if online { plan.concurrent(description, sql) } else { plan.step(description, sql) };
    step.edits(Edit::AddIndex { table: name.clone(), index: index.clone() }).needed(index.unique);
}
