//! A database that is made of rows.

use super::Start;
use crate::OpenError;
use crate::connection::open_writer;
use crate::feed;
use crate::meta;
use crate::value::Bound;
use mainstay_expr::Value;
use mainstay_ports::{Clock, Position, SystemClock};
use mainstay_sql::copy::{Creation, StoredChange};
use mainstay_sql::migrate::{Schema, Table};
use mainstay_sql::{Sqlite, copy};
use rusqlite::Connection;
use std::path::Path;
use uuid::Uuid;

/// A database that is being made. It is one transaction, which is not there until it is finished.
pub struct Target {
    connection: Connection,
    creation: Creation,
}

impl Target {
    /// Begins to make one in the empty file at `path`. Nothing is synced to the disk.
    ///
    /// # Errors
    /// When it cannot be written, or is not empty.
    pub fn create(path: &Path, schema: &Schema, epoch: u64) -> Result<Self, OpenError> {
        let connection = open_writer(path)?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.pragma_update(None, "journal_mode", "OFF")?;
        if meta::read(&connection)?.is_some() {
            return Err(OpenError::Failed(format!("{} is a database already", path.display())));
        }
        connection.execute_batch("BEGIN IMMEDIATE")?;
        meta::create(&connection)?;
        meta::write(&connection, "epoch", &epoch.to_string())?;
        meta::write_schema(&connection, schema)?;
        let target = Target { connection, creation: Creation::of(schema, &Sqlite) };
        target.creation.tables.iter().try_for_each(|step| target.connection.execute_batch(&step.sql))?;
        Ok(target)
    }

    /// Adds rows of a table.
    ///
    /// # Errors
    /// When they cannot be written, as where one is there already.
    pub fn add(&self, table: &Table, rows: &[Vec<Value>]) -> Result<(), OpenError> {
        let mut statement = self.connection.prepare_cached(&copy::add(&Sqlite, table))?;
        for row in rows {
            statement.execute(rusqlite::params_from_iter(row.iter().map(Bound)))?;
        }
        Ok(())
    }

    /// Adds changes to the feed.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn append(&self, changes: &[StoredChange]) -> Result<(), OpenError> {
        let mut statement = self.connection.prepare_cached(
            r#"INSERT INTO "_mainstay_change"
            ("offset", "model", "id", "operation", "before", "after", "actor", "request_id", "at", "total_bytes")
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"#,
        )?;
        for change in changes {
            statement.execute((
                change.offset,
                &change.model,
                change.id.as_bytes(),
                &change.operation,
                &change.before,
                &change.after,
                change.actor.as_ref().map(Uuid::as_bytes),
                &change.request_id,
                change.at,
                change.total_bytes,
            ))?;
        }
        Ok(())
    }

    /// Makes the indexes, and ends. `end` is the end of the feed and the size of all changes that there ever were, `start` what it has forgotten.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self, start: Start, end: (Position, i64)) -> Result<(), OpenError> {
        self.creation.indexes.iter().try_for_each(|step| self.connection.execute_batch(&step.sql))?;
        feed::note_ends(&self.connection, start, end)?;
        self.connection.execute(
            r#"INSERT INTO "_mainstay_migration" ("at", "statements") VALUES (?1, '')"#,
            [SystemClock.now_micros()],
        )?;
        Ok(self.connection.execute_batch("COMMIT")?)
    }
}
