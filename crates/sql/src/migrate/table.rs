//! The changes of one table that stays, perhaps under another name.

use super::check::{Check, check_unique};
use super::definition::{column, create_table};
use super::origin::origins;
use super::{Column, Conversion, Index, Plan, PossibleLoss, Table, add_index};
use crate::Dialect;
use crate::names::quote;
use mainstay_expr::{Operand, Value};
use mainstay_model::{Default, Field, Model};

/// A table as it is and as it shall be.
pub(super) struct TableChange<'a> {
    pub(super) old: &'a Table,
    pub(super) new: &'a Table,
    pub(super) columns: Vec<ColumnChange<'a>>,
    pub(super) dropped: Vec<&'a Column>,
    /// Columns that are no fields any more and stay all the same.
    pub(super) kept: Vec<&'a Column>,
}

/// A column as it is, unless it is new, and as it shall be.
pub(super) struct ColumnChange<'a> {
    pub(super) old: Option<&'a Column>,
    pub(super) new: &'a Column,
    /// What fills it where there is no value; null when the field has no such default.
    pub(super) fill: Value,
}

impl<'a> TableChange<'a> {
    pub(super) fn new(old: &'a Table, new: &'a Table, model: &Model, keeping: bool) -> Self {
        let old_names: Vec<&str> = old.columns.iter().map(|column| column.name.as_str()).collect();
        let new_names: Vec<(&str, Option<&str>)> =
            model.fields.iter().map(|field| (field.name.as_str(), field.was.as_deref())).collect();
        let origins = origins(&old_names, &new_names);
        let columns = new.columns.iter().zip(&model.fields).zip(&origins);
        let columns = columns.map(|((new, field), origin)| ColumnChange {
            old: origin.map(|place| &old.columns[place]),
            new,
            fill: fill(field),
        });
        let gone = old.columns.iter().enumerate().filter(|(place, _)| !origins.contains(&Some(*place)));
        let can_stay = |column: &&Column| keeping && (column.nullable || column.default.is_some());
        let (kept, dropped) = gone.map(|(_, old)| old).partition(can_stay);
        TableChange { old, new, columns: columns.collect(), dropped, kept }
    }

    /// What the table is called, and what it shall be called.
    pub(super) fn names(&self) -> (&'a str, &'a str) {
        (&self.old.name, &self.new.name)
    }

    /// Whether the table has to be written anew: SQLite alters neither the type of a column nor whether it may be null.
    fn is_rebuilt(&self) -> bool {
        self.columns.iter().any(|change| {
            change.old.is_some_and(|old| old.ty != change.new.ty || old.nullable != change.new.nullable)
        })
    }

    /// Drops the indexes that are not wanted any more. Those of a table that is written anew go with it.
    pub(super) fn drop_indexes(&self, dialect: &dyn Dialect, plan: &mut Plan) {
        if dialect.alters_online() {
            return self.drop_indexes_online(plan);
        }
        if self.is_rebuilt() {
            return;
        }
        for index in self.old.indexes.iter().filter(|index| !self.new.indexes.contains(index)) {
            let description = format!("drops the index of {} by {}", self.old.name, index.columns.join(", "));
            plan.step(description, format!("DROP INDEX {}", quote(&index.name)));
        }
    }

    /// Makes the indexes that are not there.
    pub(super) fn create_indexes(&self, dialect: &dyn Dialect, plan: &mut Plan) {
        if dialect.alters_online() {
            return self.create_indexes_online(dialect, plan);
        }
        let is_there = |index: &Index| !self.is_rebuilt() && self.old.indexes.contains(index);
        for index in self.new.indexes.iter().filter(|index| !is_there(index)) {
            if index.unique {
                check_unique(self.new, index, plan);
            }
            add_index(dialect, self.new, index, false, plan);
        }
    }

    /// Looks at values that mean something else now. `renames` has the old and the new name of each table that stays.
    pub(super) fn follow_meanings(&self, renames: &[(&str, &str)], dialect: &dyn Dialect, plan: &mut Plan) {
        for change in &self.columns {
            change.follow_meaning(self.names(), renames, dialect, plan);
        }
    }

    /// Changes the name and the columns.
    pub(super) fn alter(&self, dialect: &dyn Dialect, plan: &mut Plan) {
        self.report(dialect, plan);
        if dialect.alters_online() {
            self.alter_online(dialect, plan);
        } else if self.is_rebuilt() {
            self.rebuild(dialect, plan);
        } else {
            self.alter_in_place(dialect, plan);
        }
        // What was deleted would be live again in a model that does not look at `deleted_at`.
        if self.old.soft_delete && !self.new.soft_delete {
            let name = &self.new.name;
            plan.possible_losses.push(PossibleLoss {
                count: format!(
                    "SELECT count(*) FROM {} WHERE \"deleted_at\" IS NOT NULL",
                    quote(&self.old.name)
                ),
                description: format!("removes the deleted records of {name}, which no longer keeps them"),
            });
            if dialect.alters_online() {
                return self.end_soft_delete_online(plan);
            }
            let sql = format!("DELETE FROM {} WHERE \"deleted_at\" IS NOT NULL", quote(name));
            plan.step(format!("removes the deleted records of {name}"), sql);
        }
    }

    /// Says what gets lost, and what is impossible.
    fn report(&self, dialect: &dyn Dialect, plan: &mut Plan) {
        let name = &self.new.name;
        plan.kept.extend(self.kept.iter().map(|column| format!("{name}.{}", column.name)));
        plan.losses.extend(self.dropped.iter().map(|column| format!("drops {name}.{}", column.name)));
        plan.losses.extend(self.columns.iter().filter_map(|change| change.loss(dialect, name)));
        plan.faults.extend(self.columns.iter().filter_map(|change| change.fault(dialect, name)));
    }

    fn alter_in_place(&self, dialect: &dyn Dialect, plan: &mut Plan) {
        let (old, name) = (&self.old.name, &self.new.name);
        if old != name {
            let sql = format!("ALTER TABLE {} RENAME TO {}", quote(old), quote(name));
            plan.step(format!("renames {old} to {name}"), sql);
        }
        let alter = format!("ALTER TABLE {}", quote(name));
        for Column { name: column, .. } in &self.dropped {
            plan.step(format!("drops {name}.{column}"), format!("{alter} DROP COLUMN {}", quote(column)));
        }
        for change in &self.columns {
            let new = &change.new.name;
            match change.old {
                Some(old) if old.name != *new => {
                    let sql = format!("{alter} RENAME COLUMN {} TO {}", quote(&old.name), quote(new));
                    plan.step(format!("renames {name}.{} to {new}", old.name), sql);
                }
                Some(_) => {}
                None => {
                    let sql = format!("{alter} ADD COLUMN {}", change.added(dialect, name));
                    plan.step(format!("adds {name}.{new}"), sql);
                }
            }
        }
    }

    fn rebuild(&self, dialect: &dyn Dialect, plan: &mut Plan) {
        let (old, name) = (&self.old.name, &self.new.name);
        let copy = format!("_mainstay_new_{name}");
        let columns: Vec<String> = self.columns.iter().map(|change| quote(&change.new.name)).collect();
        let values: Vec<String> = self.columns.iter().map(|change| change.old_value(dialect)).collect();
        let insert = format!(
            "INSERT INTO {} ({}) SELECT {} FROM {}",
            quote(&copy),
            columns.join(", "),
            values.join(", "),
            quote(old)
        );
        let converted = self.columns.iter().filter_map(|change| Some((change, &change.old?.name)));
        converted.for_each(|(change, name)| change.check_conversion(dialect, (old, name), plan));
        plan.step(format!("makes a new table for {name}"), create_table(dialect, self.new, &copy));
        plan.step(format!("copies the records of {old}"), insert);
        plan.step(format!("drops the old table of {old}"), format!("DROP TABLE {}", quote(old)));
        let sql = format!("ALTER TABLE {} RENAME TO {}", quote(&copy), quote(name));
        plan.step(format!("puts the new table of {name} in its place"), sql);
    }
}

impl ColumnChange<'_> {
    /// How the values that are there become the new ones; `None` when there are none or they cannot.
    pub(super) fn conversion(&self, dialect: &dyn Dialect, column: &str) -> Option<Conversion> {
        dialect.conversion(column, &self.old?.ty, &self.new.ty)
    }

    /// Looks for values that cannot become new ones, in a table and a column as they are called when the step is reached.
    pub(super) fn check_conversion(
        &self,
        dialect: &dyn Dialect,
        (table, name): (&str, &str),
        plan: &mut Plan,
    ) {
        let column = quote(name);
        let Some((old, Conversion { fits, .. })) = self.old.zip(self.conversion(dialect, &column)) else {
            return;
        };
        if self.may_lack_values() {
            let condition = format!("{column} IS NULL");
            let description = format!("checks that each record of {table} has {name}, which is required");
            Check { table, columns: &[], condition }.plan(description, plan);
        }
        if let Some(fits) = fits {
            let condition = format!("NOT ({fits})");
            let description = format!("checks that {table}.{name} fits into {} in each record", self.new.ty);
            let shown = Column { name: name.to_owned(), ..old.clone() };
            Check { table, columns: &[&shown], condition }.plan(description, plan);
        }
    }

    /// The value in the new table, as an expression over the old one.
    fn old_value(&self, dialect: &dyn Dialect) -> String {
        self.value(dialect, &self.old.map(|old| quote(&old.name)).unwrap_or_default())
    }

    /// The value that a record gets, as an expression over the column that holds the old one.
    pub(super) fn value(&self, dialect: &dyn Dialect, column: &str) -> String {
        match self.conversion(dialect, column) {
            Some(Conversion { expression, .. }) if self.new.nullable || self.fill.is_null() => expression,
            Some(Conversion { expression, .. }) => {
                format!("coalesce({expression}, {})", dialect.literal(&self.fill))
            }
            None if self.new.nullable => "NULL".to_owned(),
            None => dialect.literal(&self.fill),
        }
    }

    /// The definition of a new column in a table that has rows.
    pub(super) fn added(&self, dialect: &dyn Dialect, table: &str) -> String {
        let definition = column(dialect, table, self.new);
        if self.new.nullable || dialect.alters_online() {
            return definition;
        }
        format!("{definition} DEFAULT {}", dialect.literal(&self.fill))
    }

    /// Whether a value was optional, is required, and nothing fills it.
    fn may_lack_values(&self) -> bool {
        self.old.is_some_and(|old| old.nullable) && !self.new.nullable && self.fill.is_null()
    }

    fn loss(&self, dialect: &dyn Dialect, table: &str) -> Option<String> {
        let old = self.old?;
        let what = format!("{table}.{} from {} to {}", self.new.name, old.ty, self.new.ty);
        match self.conversion(dialect, &quote(&old.name)) {
            Some(conversion) => conversion.loss.map(|loss| format!("converts {what}, which loses {loss}")),
            None => Some(format!("changes {what}, which drops its values")),
        }
    }

    fn fault(&self, dialect: &dyn Dialect, table: &str) -> Option<String> {
        let is_filled = self.new.nullable || !self.fill.is_null() || self.conversion(dialect, "").is_some();
        let name = &self.new.name;
        (!is_filled).then(|| {
            format!("{table}.{name} is required and the records that are there have no value for it: give it a literal default, or make it optional")
        })
    }
}

/// The literal default of a field; null when it has none.
pub(super) fn fill(field: &Field) -> Value {
    match &field.default {
        Some(Default::Value(value) | Default::Computed(Operand::Value(value))) => value.clone(),
        Some(Default::Computed(_)) | None => Value::Null,
    }
}
