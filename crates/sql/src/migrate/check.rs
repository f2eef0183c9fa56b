//! Queries for the records that stand in the way of a migration.

use super::{Column, ColumnType, Index, Meaning, Plan, Table};
use crate::names::quote;

/// Records of one table that stand in the way.
pub(super) struct Check<'a> {
    /// The table, as it is called when the step is reached.
    pub(super) table: &'a str,
    /// Columns whose values tell why, if they may be shown.
    pub(super) columns: &'a [&'a Column],
    /// What is true of the records.
    pub(super) condition: String,
}

impl Check<'_> {
    /// Makes it a step, which `description` names.
    pub(super) fn plan(&self, description: String, plan: &mut Plan) {
        let shown: Vec<String> =
            self.columns.iter().filter(|column| is_shown(column)).map(|column| quote(&column.name)).collect();
        let id = "\"id\"".to_owned();
        let selected = [std::slice::from_ref(&id), &shown].concat().join(", ");
        // Records with equal values come one after the other, so that the first two are an example of a clash.
        let order = [&shown, std::slice::from_ref(&id)].concat().join(", ");
        let (table, condition) = (quote(self.table), &self.condition);
        plan.check(description, format!("SELECT {selected} FROM {table} WHERE {condition} ORDER BY {order}"));
    }
}

/// Whether people read the stored value as the value that it is. Secrets are never shown.
fn is_shown(column: &Column) -> bool {
    let is_plain = matches!(column.ty, ColumnType::Text | ColumnType::Int | ColumnType::List(_));
    is_plain && column.meaning != Some(Meaning::Secret)
}

/// Plans to look for records that share what `index` makes unique.
pub(super) fn check_unique(table: &Table, index: &Index, plan: &mut Plan) {
    let columns: Vec<&Column> =
        table.columns.iter().filter(|item| index.columns.contains(&item.name)).collect();
    let key = index.columns.iter().map(|column| quote(column)).collect::<Vec<_>>().join(", ");
    let extent = index.extent.condition().unwrap_or("TRUE");
    let condition = format!(
        "{extent} AND ({key}) IN (SELECT {key} FROM {} WHERE {extent} GROUP BY {key} HAVING count(*) > 1)",
        quote(&table.name)
    );
    let (records, name) = (index.extent.records(), &table.name);
    let description =
        format!("checks that no two {records} of {name} have the same {}", index.columns.join(", "));
    Check { table: name, columns: &columns, condition }.plan(description, plan);
}
