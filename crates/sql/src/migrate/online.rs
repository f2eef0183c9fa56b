//! The changes of one table while others go on reading and writing it.
//!
//! A step that waits for a lock makes all who come behind it wait too, so each is short: what looks at every row does so under a lock that
//! lets others read and write, in a step of its own.

use super::check::check_unique;
use super::table::{ColumnChange, TableChange};
use super::{Column, Edit, Index, Plan, Table, add_index};
use crate::Dialect;
use crate::names::{primary_key_name, quote, required_name};

/// What people are told of a step that nodes of the version before do not survive.
const FAILS_OLD_NODES: &str = "; nodes of the version before fail until they are restarted with this one";

/// How many rows a step changes before others get their turn.
const PORTION: usize = 5_000;

impl TableChange<'_> {
    /// Drops the indexes that are not wanted any more, and keeps those that only have another name.
    pub(super) fn drop_indexes_online(&self, plan: &mut Plan) {
        let is_unwanted = |index: &&Index| self.successor(index).is_none() && !self.is_kept(index);
        for index in self.old.indexes.iter().filter(is_unwanted) {
            let (table, name) = (self.old.name.clone(), index.name.clone());
            let description = format!("drops the index of {table} by {}", index.columns.join(", "));
            let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {}", quote(&name));
            plan.concurrent(description, sql).edits(Edit::DropIndex { table, name }).needed(index.unique);
        }
    }

    /// Makes the indexes that are not there, and gives their new names to those that are.
    pub(super) fn create_indexes_online(&self, dialect: &dyn Dialect, plan: &mut Plan) {
        for index in &self.new.indexes {
            match self.old.indexes.iter().find(|old| self.successor(old) == Some(index)) {
                Some(old) if old.name == index.name => {}
                Some(old) => self.rename_index(old, index, plan),
                None => {
                    if index.unique {
                        check_unique(self.new, index, plan);
                    }
                    add_index(dialect, self.new, index, true, plan);
                }
            }
        }
    }

    /// Whether an index stays with a column that stays. A unique one would be in the way of records that are added without the column,
    /// unless it is null in them.
    fn is_kept(&self, index: &Index) -> bool {
        let mut kept = self.kept.iter().filter(|column| index.columns.contains(&column.name)).peekable();
        kept.peek().is_some() && (!index.unique || kept.any(|column| column.nullable))
    }

    /// The new index that an old one can stay for.
    fn successor(&self, old: &Index) -> Option<&Index> {
        let columns: Vec<&str> = old.columns.iter().map(|column| self.new_name(column)).collect();
        let same =
            |new: &&Index| new.columns == columns && (new.unique, new.extent) == (old.unique, old.extent);
        self.new.indexes.iter().find(same)
    }

    fn new_name<'b>(&'b self, column: &'b str) -> &'b str {
        let change = self.columns.iter().find(|change| change.old.is_some_and(|old| old.name == column));
        change.map_or(column, |change| &change.new.name)
    }

    fn rename_index(&self, old: &Index, new: &Index, plan: &mut Plan) {
        let table = &self.new.name;
        let sql = format!("ALTER INDEX {} RENAME TO {}", quote(&old.name), quote(&new.name));
        plan.step(format!("renames the index of {table} by {}", new.columns.join(", ")), sql)
            .edits(Edit::DropIndex { table: table.clone(), name: old.name.clone() })
            .edits(Edit::AddIndex { table: table.clone(), index: new.clone() })
            .needed(false);
    }

    /// Changes the name and the columns.
    pub(super) fn alter_online(&self, dialect: &dyn Dialect, plan: &mut Plan) {
        self.rename_online(plan);
        let name = &self.new.name;
        for column in &self.dropped {
            let sql = format!("ALTER TABLE {} DROP COLUMN {}", quote(name), quote(&column.name));
            plan.step(format!("drops {name}.{}", column.name), sql)
                .edits(Edit::DropColumn { table: name.clone(), name: column.name.clone() });
        }
        self.columns.iter().for_each(|change| change.alter_online(dialect, self.new, plan));
    }

    fn rename_online(&self, plan: &mut Plan) {
        let (old, new) = self.names();
        if old == new {
            return;
        }
        let sql = format!(
            "ALTER TABLE {} RENAME TO {}; ALTER TABLE {} RENAME CONSTRAINT {} TO {}",
            quote(old),
            quote(new),
            quote(new),
            quote(&primary_key_name(old)),
            quote(&primary_key_name(new))
        );
        plan.step(format!("renames {old} to {new}{FAILS_OLD_NODES}"), sql)
            .edits(Edit::RenameTable { from: old.to_owned(), to: new.to_owned() });
    }

    /// Removes the records that a model which no longer keeps them would take for live.
    pub(super) fn end_soft_delete_online(&self, plan: &mut Plan) {
        let (table, name) = (quote(&self.new.name), self.new.name.clone());
        let sql = format!(
            "DELETE FROM {table} WHERE \"id\" IN \
             (SELECT \"id\" FROM {table} WHERE \"deleted_at\" IS NOT NULL LIMIT {PORTION})"
        );
        plan.repeated(format!("removes the deleted records of {name}"), sql)
            .edits(Edit::EndSoftDelete { table: name });
    }
}

impl ColumnChange<'_> {
    fn alter_online(&self, dialect: &dyn Dialect, table: &Table, plan: &mut Plan) {
        let Some(old) = self.old else { return self.add_online(dialect, table, plan) };
        self.rename_online(old, table, plan);
        if old.ty != self.new.ty {
            return self.convert_online(old, dialect, table, plan);
        }
        match (old.nullable, self.new.nullable) {
            (true, false) => self.require_online(dialect, table, plan),
            (false, true) => {
                let field = format!("{}.{}", table.name, self.new.name);
                let description = format!(
                    "lets {field} be empty, which nodes of the version before cannot read where it is"
                );
                let sql = self.altered(table, &["DROP NOT NULL".to_owned(), default_of(self.new)]);
                plan.step(description, sql).edits(self.put(table));
            }
            _ if old.default != self.new.default => {
                let sql = self.altered(table, &[default_of(self.new)]);
                let description = format!("notes the default of {}.{}", table.name, self.new.name);
                plan.step(description, sql).edits(self.put(table)).needed(false);
            }
            _ => {}
        }
    }

    fn add_online(&self, dialect: &dyn Dialect, table: &Table, plan: &mut Plan) {
        let (name, column) = (&table.name, &self.new.name);
        let sql = format!("ALTER TABLE {} ADD COLUMN {}", quote(name), self.added(dialect, name));
        plan.step(format!("adds {name}.{column}"), sql).edits(self.put(table));
    }

    fn rename_online(&self, old: &Column, table: &Table, plan: &mut Plan) {
        let (from, to) = (&old.name, &self.new.name);
        if from == to {
            return;
        }
        let table = &table.name;
        let sql = format!("ALTER TABLE {} RENAME COLUMN {} TO {}", quote(table), quote(from), quote(to));
        plan.step(format!("renames {table}.{from} to {to}{FAILS_OLD_NODES}"), sql)
            .edits(Edit::RenameColumn { table: table.clone(), from: from.clone(), to: to.clone() });
    }

    /// A change of type writes every row anew, with all others shut out meanwhile.
    fn convert_online(&self, old: &Column, dialect: &dyn Dialect, table: &Table, plan: &mut Plan) {
        let name = &self.new.name;
        self.check_conversion(dialect, (&table.name, name), plan);
        let null = if self.new.nullable { "DROP NOT NULL" } else { "SET NOT NULL" };
        let ty =
            format!("TYPE {} USING {}", dialect.column_type(&self.new.ty), self.value(dialect, &quote(name)));
        let changes = ["DROP DEFAULT".to_owned(), ty, default_of(self.new), null.to_owned()];
        let description = format!(
            "makes {}.{name} {} of {}, which writes the whole table anew: whoever reads or writes it waits",
            table.name, self.new.ty, old.ty
        );
        plan.step(description, self.altered(table, &changes)).edits(self.put(table));
    }

    /// Lets no record be without a value: first no new one, then none of those that are there, and then the column says so without
    /// another look at every row.
    fn require_online(&self, dialect: &dyn Dialect, table: &Table, plan: &mut Plan) {
        let (field, column) = (format!("{}.{}", table.name, self.new.name), quote(&self.new.name));
        self.check_conversion(dialect, (&table.name, &self.new.name), plan);
        let alter = format!("ALTER TABLE {}", quote(&table.name));
        let rule = quote(&required_name(&table.name, &self.new.name));
        let add = format!(
            "{alter} DROP CONSTRAINT IF EXISTS {rule}, ADD CONSTRAINT {rule} CHECK ({column} IS NOT NULL) NOT VALID"
        );
        plan.step(format!("requires {field} of what is written from now on"), add);
        if !self.fill.is_null() {
            let fill = dialect.literal(&self.fill);
            let (table, id) = (quote(&table.name), "\"id\"");
            let sql = format!(
                "UPDATE {table} SET {column} = {fill} WHERE {id} IN \
                 (SELECT {id} FROM {table} WHERE {column} IS NULL LIMIT {PORTION})"
            );
            plan.repeated(format!("fills {field} where it is empty"), sql);
        }
        let validate = format!("{alter} VALIDATE CONSTRAINT {rule}");
        plan.step(
            format!("looks whether each record has {field}; others read and write meanwhile"),
            validate,
        );
        let changes = ["SET NOT NULL".to_owned(), default_of(self.new)];
        let sql = format!("{}; {alter} DROP CONSTRAINT {rule}", self.altered(table, &changes));
        plan.step(format!("requires {field}"), sql).edits(self.put(table));
    }

    /// `ALTER TABLE` with these changes of the column.
    fn altered(&self, table: &Table, changes: &[String]) -> String {
        let column = quote(&self.new.name);
        let changes: Vec<String> =
            changes.iter().map(|change| format!("ALTER COLUMN {column} {change}")).collect();
        format!("ALTER TABLE {} {}", quote(&table.name), changes.join(", "))
    }

    fn put(&self, table: &Table) -> Edit {
        Edit::PutColumn { table: table.name.clone(), column: self.new.clone() }
    }
}

fn default_of(column: &Column) -> String {
    match &column.default {
        Some(default) => format!("SET DEFAULT {default}"),
        None => "DROP DEFAULT".to_owned(),
    }
}
