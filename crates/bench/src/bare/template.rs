//! A row of a table of the program's, to be inserted again with a few columns changed.

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

/// A row, with the names of its columns.
pub(crate) struct Template {
    table: &'static str,
    columns: Vec<String>,
    values: Vec<Value>,
}

impl Template {
    /// The first row that a statement answers.
    pub(crate) fn of(connection: &Connection, table: &'static str, select: &str) -> rusqlite::Result<Self> {
        let mut select = connection.prepare(select)?;
        let columns: Vec<String> = select.column_names().map(str::to_owned).collect();
        let values = select.query_row([], |row| values(row, columns.len()))?;
        Ok(Template { table, columns, values })
    }

    /// The statement that inserts such a row.
    pub(crate) fn insert(&self) -> String {
        let columns: Vec<String> = self.columns.iter().map(|column| format!("\"{column}\"")).collect();
        let places = vec!["?"; columns.len()].join(", ");
        format!("INSERT INTO {} ({}) VALUES ({places})", self.table, columns.join(", "))
    }

    /// What is in a column; null when there is no such column.
    pub(crate) fn value(&self, column: &str) -> Value {
        let at = self.columns.iter().position(|name| name == column);
        at.map_or(Value::Null, |at| self.values[at].clone())
    }

    /// The values, with some replaced.
    pub(crate) fn with<'a>(&'a self, replaced: &'a [(&str, &'a Value)]) -> impl rusqlite::Params + 'a {
        params_from_iter(self.columns.iter().zip(&self.values).map(move |(column, value)| {
            replaced.iter().find(|(name, _)| name == column).map_or(value, |(_, other)| other)
        }))
    }
}

/// All columns of a row.
pub(crate) fn values(row: &Row<'_>, columns: usize) -> rusqlite::Result<Vec<Value>> {
    (0..columns).map(|column| row.get(column)).collect()
}
