//! What a step of a migration changes in the description of the database.
//!
//! An engine that cannot run all steps in one transaction keeps the description with each of them. A migration that was cut off then goes
//! on from what is there, and with other models if they were changed meanwhile.

use super::{Column, Index, Schema, Table};

/// A change of a schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// A table is there, with its columns and indexes.
    AddTable(Table),
    /// A table is gone.
    DropTable(String),
    /// A table has another name.
    RenameTable {
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// A column is there, or is another than it was.
    PutColumn {
        /// The table's name.
        table: String,
        /// The column as it is.
        column: Column,
    },
    /// A column has another name.
    RenameColumn {
        /// The table's name.
        table: String,
        /// The old name.
        from: String,
        /// The new name.
        to: String,
    },
    /// A column is gone, and with it each index that it was in.
    DropColumn {
        /// The table's name.
        table: String,
        /// The column's name.
        name: String,
    },
    /// An index is there.
    AddIndex {
        /// The table's name.
        table: String,
        /// The index.
        index: Index,
    },
    /// An index is gone.
    DropIndex {
        /// The table's name.
        table: String,
        /// The index's name.
        name: String,
    },
    /// Deleted records are not kept any more.
    EndSoftDelete {
        /// The table's name.
        table: String,
    },
}

impl Schema {
    /// Makes a change. One of what is not there changes nothing.
    pub fn edit(&mut self, edit: &Edit) {
        match edit {
            Edit::AddTable(table) => self.tables.push(table.clone()),
            Edit::DropTable(name) => self.tables.retain(|table| table.name != *name),
            Edit::RenameTable { from, to } => self.in_table(from, |table| table.name.clone_from(to)),
            Edit::PutColumn { table, column } => self.in_table(table, |table| table.put_column(column)),
            Edit::RenameColumn { table, from, to } => {
                self.in_table(table, |table| table.rename_column(from, to));
            }
            Edit::DropColumn { table, name } => self.in_table(table, |table| table.drop_column(name)),
            Edit::AddIndex { table, index } => {
                self.in_table(table, |table| table.indexes.push(index.clone()));
            }
            Edit::DropIndex { table, name } => {
                self.in_table(table, |table| table.indexes.retain(|index| index.name != *name));
            }
            Edit::EndSoftDelete { table } => self.in_table(table, |table| table.soft_delete = false),
        }
    }

    fn in_table(&mut self, name: &str, change: impl FnOnce(&mut Table)) {
        if let Some(table) = self.tables.iter_mut().find(|table| table.name == name) {
            change(table);
        }
    }

    /// This, and what `there` has beside it: tables, and in its own tables columns with their indexes.
    #[must_use]
    pub fn keeping(mut self, there: &Schema) -> Schema {
        for old in &there.tables {
            match self.tables.iter_mut().find(|table| table.name == old.name) {
                None => self.tables.push(old.clone()),
                Some(table) => table.keep_columns(old),
            }
        }
        self
    }
}

impl Table {
    fn put_column(&mut self, column: &Column) {
        match self.columns.iter_mut().find(|there| there.name == column.name) {
            Some(there) => there.clone_from(column),
            None => self.columns.push(column.clone()),
        }
    }

    fn rename_column(&mut self, from: &str, to: &str) {
        let indexed = self.indexes.iter_mut().flat_map(|index| index.columns.iter_mut());
        let names = self.columns.iter_mut().map(|column| &mut column.name).chain(indexed);
        names.filter(|name| *name == from).for_each(|name| to.clone_into(name));
    }

    fn drop_column(&mut self, name: &str) {
        self.columns.retain(|column| column.name != name);
        self.indexes.retain(|index| !index.columns.iter().any(|column| column == name));
    }

    fn keep_columns(&mut self, old: &Table) {
        let is_here = |name: &str| self.columns.iter().any(|here| here.name == *name);
        let kept: Vec<Column> = old.columns.iter().filter(|column| !is_here(&column.name)).cloned().collect();
        let is_of_kept = |index: &&Index| !index.columns.iter().all(|name| is_here(name));
        self.indexes.extend(old.indexes.iter().filter(is_of_kept).cloned());
        self.columns.extend(kept);
    }
}
