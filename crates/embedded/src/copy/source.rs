//! A database that is read as of one moment, whoever else writes it.

use super::moved::{self, Moved};
use crate::OpenError;
use crate::connection::open_writer;
use crate::feed::{self, End};
use crate::meta::{self, Meta};
use crate::open::require_restored;
use crate::value::{Bound, read};
use mainstay_expr::Value;
use mainstay_model::FieldType;
use mainstay_ports::Position;
use mainstay_sql::copy::{StoredChange, stored};
use mainstay_sql::migrate::{Schema, Table};
use mainstay_sql::{Sqlite, copy};
use rusqlite::{Connection, Row};
use std::path::Path;
use uuid::Uuid;

/// A database, as of the moment when it was opened here.
pub struct Source {
    connection: Connection,
    schema: Schema,
    position: Position,
    bytes: i64,
}

/// What a feed has forgotten: the number of the last change that was trimmed away, and the size of all up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// Its number.
    pub offset: i64,
    /// Their size.
    pub bytes: i64,
}

impl Source {
    /// Opens a database, which may be in use and go on changing.
    ///
    /// # Errors
    /// When it cannot be read or is not ours.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Source::begin(path, "BEGIN")
    }

    /// The same, and lets nobody write until this is dropped or marked as [`Moved`]. Whoever wants to write meanwhile waits for up to five seconds.
    ///
    /// # Errors
    /// As for [`Source::open`], and when somebody else does not let go of it.
    pub fn stop_writes(path: &Path) -> Result<Self, OpenError> {
        Source::begin(path, "BEGIN IMMEDIATE")
    }

    fn begin(path: &Path, begin: &str) -> Result<Self, OpenError> {
        require_restored(path)?;
        let connection = open_writer(path)?;
        // What is marked has to stay so, whatever happens to the machine.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.execute_batch(begin)?;
        // The first question is what fixes the moment.
        let Meta { schema, epoch } = meta::read(&connection)?.ok_or(OpenError::NotOurs)?;
        let End { offset, bytes } = End::read(&connection)?;
        let position = Position { epoch, offset };
        Ok(Source { connection, schema, position, bytes: feed::signed(bytes) })
    }

    /// Its tables.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The end of its feed.
    pub fn position(&self) -> Position {
        self.position
    }

    /// The size of all changes that there ever were.
    pub fn feed_bytes(&self) -> i64 {
        self.bytes
    }

    /// What its feed has forgotten.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn feed_start(&self) -> Result<Start, OpenError> {
        let End { offset, bytes } = feed::start(&self.connection)?;
        Ok(Start { offset: feed::signed(offset), bytes: feed::signed(bytes) })
    }

    /// Where its data went, if they did.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn moved(&self) -> Result<Option<Moved>, OpenError> {
        moved::moved(&self.connection)
    }

    /// Notes for good that the data went elsewhere, and ends: nobody writes here any more.
    ///
    /// # Errors
    /// When it cannot be written, or somebody has written since this was opened.
    pub fn mark(self, moved: &Moved) -> Result<(), OpenError> {
        moved.write(&self.connection)?;
        Ok(self.connection.execute_batch("COMMIT")?)
    }

    /// Up to `limit` rows of a table in the order of their ids, behind `after`. A row is the columns of its table.
    ///
    /// # Errors
    /// When they cannot be read, or a column holds what it must not.
    pub fn rows(&self, table: &Table, after: Option<Uuid>, limit: u32) -> Result<Vec<Vec<Value>>, OpenError> {
        let text = copy::rows(&Sqlite, table, after.is_none());
        let values: Vec<Value> =
            after.map(Value::Uuid).into_iter().chain([Value::Int(limit.into())]).collect();
        self.read(&text, &values, table)
    }

    /// The row of this id.
    ///
    /// # Errors
    /// As for [`Source::rows`].
    pub fn row(&self, table: &Table, id: Uuid) -> Result<Option<Vec<Value>>, OpenError> {
        let rows = self.read(&copy::row(&Sqlite, table), &[Value::Uuid(id)], table)?;
        Ok(rows.into_iter().next())
    }

    /// Up to `limit` changes behind `after`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn changes(&self, after: i64, limit: u32) -> Result<Vec<StoredChange>, OpenError> {
        let select = r#"SELECT "offset", "model", "id", "operation", "before", "after", "actor", "request_id", "at", "total_bytes"
            FROM "_mainstay_change" WHERE "offset" > ?1 ORDER BY "offset" LIMIT ?2"#;
        let mut statement = self.connection.prepare_cached(select)?;
        let changes = statement.query_map((after, limit), change)?;
        Ok(changes.collect::<rusqlite::Result<_>>()?)
    }

    /// The last change that there is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn last_change(&self) -> Result<i64, OpenError> {
        let select = r#"SELECT coalesce(max("offset"), 0) FROM "_mainstay_change""#;
        Ok(self.connection.query_row(select, [], |row| row.get(0))?)
    }

    /// How many rows a table has.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub fn count(&self, table: &Table) -> Result<u64, OpenError> {
        let count = format!("SELECT count(*) FROM {}", copy::name(table));
        let count: i64 = self.connection.query_row(&count, [], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }

    fn read(&self, text: &str, values: &[Value], table: &Table) -> Result<Vec<Vec<Value>>, OpenError> {
        let types: Vec<FieldType> = table.columns.iter().map(|column| stored(&column.ty)).collect();
        let mut statement = self.connection.prepare_cached(text)?;
        let mut found = statement.query(rusqlite::params_from_iter(values.iter().map(Bound)))?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            rows.push(read_row(&types, row, table)?);
        }
        Ok(rows)
    }
}

fn read_row(types: &[FieldType], row: &Row<'_>, table: &Table) -> Result<Vec<Value>, OpenError> {
    let value = |(place, ty): (usize, &FieldType)| {
        let damaged = || {
            let column = &table.columns[place].name;
            OpenError::Damaged(format!("`{}.{column}` holds what its type does not allow", table.name))
        };
        read(ty, row.get_ref(place)?).ok_or_else(damaged)
    };
    types.iter().enumerate().map(value).collect()
}

fn change(row: &Row<'_>) -> rusqlite::Result<StoredChange> {
    let actor: Option<[u8; 16]> = row.get(6)?;
    Ok(StoredChange {
        offset: row.get(0)?,
        model: row.get(1)?,
        id: Uuid::from_bytes(row.get(2)?),
        operation: row.get(3)?,
        before: row.get(4)?,
        after: row.get(5)?,
        actor: actor.map(Uuid::from_bytes),
        request_id: row.get(7)?,
        at: row.get(8)?,
        total_bytes: row.get(9)?,
    })
}
