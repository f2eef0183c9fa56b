//! A database that is filled.

use super::read::Ends;
use super::state::Stage;
use super::{Database, KEY};
use crate::postgres::OpenError;
use crate::postgres::connect::reason;
use crate::postgres::meta;
use crate::postgres::value::Bound;
use futures::pin_mut;
use mainstay_expr::Value;
use mainstay_ports::{Clock, SystemClock};
use mainstay_sql::copy::{Creation, StoredChange};
use mainstay_sql::migrate::{ColumnType, MigrationStep, Schema, Table};
use mainstay_sql::{Postgres, copy};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

const APPEND: &str = r#"COPY "_mainstay_change"
    ("offset", "model", "id", "operation", "before", "after", "actor", "request_id", "at", "total_bytes")
    FROM STDIN (FORMAT binary)"#;

/// The types of the columns that [`APPEND`] names.
const CHANGE: [Type; 10] = [
    Type::INT8,
    Type::TEXT,
    Type::UUID,
    Type::TEXT,
    Type::TEXT,
    Type::TEXT,
    Type::UUID,
    Type::TEXT,
    Type::INT8,
    Type::INT8,
];

impl Database {
    /// Begins a transaction: what is written is there when it is committed, or not at all.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn begin(&self) -> Result<(), OpenError> {
        Ok(self.client.batch_execute("BEGIN").await?)
    }

    /// Ends a transaction. With an error it has taken effect or not.
    ///
    /// # Errors
    /// When the server does not answer or will not.
    pub async fn commit(&self) -> Result<(), OpenError> {
        Ok(self.client.batch_execute("COMMIT").await?)
    }

    /// Makes the tables of a schema in an empty database, without indexes, under a note that it is not whole.
    ///
    /// # Errors
    /// When something of this name is there.
    pub async fn create(&self, schema: &Schema, epoch: u64) -> Result<(), OpenError> {
        meta::create(&self.client).await?;
        meta::write(&self.client, "epoch", &epoch.to_string()).await?;
        meta::write_schema(&self.client, schema).await?;
        meta::write(&self.client, KEY, &Stage::Rows.text()).await?;
        self.run(&Creation::of(schema, &Postgres).tables).await
    }

    /// Makes the indexes of a schema.
    ///
    /// # Errors
    /// When records contradict a unique one.
    pub async fn index(&self, schema: &Schema) -> Result<(), OpenError> {
        self.run(&Creation::of(schema, &Postgres).indexes).await?;
        let insert = r#"INSERT INTO "_mainstay_migration" ("at", "statements") VALUES ($1, '')"#;
        self.client.execute(insert, &[&SystemClock.now_micros()]).await?;
        Ok(())
    }

    async fn run(&self, steps: &[MigrationStep]) -> Result<(), OpenError> {
        for step in steps {
            let ran = self.client.batch_execute(&step.sql).await;
            ran.map_err(|error| OpenError::StepFailed {
                description: step.description.clone(),
                detail: reason(&error),
            })?;
        }
        Ok(())
    }

    /// Removes the rows of these ids.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn remove(&self, table: &Table, ids: &[Uuid]) -> Result<(), OpenError> {
        let delete = format!(r#"DELETE FROM {} WHERE "id" = ANY($1)"#, copy::name(table));
        self.client.execute(&delete, &[&ids]).await?;
        Ok(())
    }

    /// Adds rows.
    ///
    /// # Errors
    /// When one is there already or breaks a unique index.
    pub async fn add(&self, table: &Table, rows: &[Vec<Value>]) -> Result<(), OpenError> {
        if rows.is_empty() {
            return Ok(());
        }
        let (name, columns) = (copy::name(table), copy::columns(table));
        let sink =
            self.client.copy_in(&format!("COPY {name} ({columns}) FROM STDIN (FORMAT binary)")).await?;
        let types: Vec<Type> = table.columns.iter().map(|column| type_of(&column.ty)).collect();
        let writer = BinaryCopyInWriter::new(sink, &types);
        pin_mut!(writer);
        for row in rows {
            let bound: Vec<Bound<'_>> = row.iter().map(Bound).collect();
            let bound: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|value| value as _).collect();
            writer.as_mut().write(&bound).await?;
        }
        writer.finish().await?;
        Ok(())
    }

    /// Adds changes to the feed, under the numbers that they have.
    ///
    /// # Errors
    /// When one is there already.
    pub async fn append(&self, changes: &[StoredChange]) -> Result<(), OpenError> {
        let sink = self.client.copy_in(APPEND).await?;
        let writer = BinaryCopyInWriter::new(sink, &CHANGE);
        pin_mut!(writer);
        for change in changes {
            let columns: [&(dyn ToSql + Sync); 10] = [
                &change.offset,
                &change.model,
                &change.id,
                &change.operation,
                &change.before,
                &change.after,
                &change.actor,
                &change.request_id,
                &change.at,
                &change.total_bytes,
            ];
            writer.as_mut().write(&columns).await?;
        }
        writer.finish().await?;
        Ok(())
    }

    /// Sets where the feed begins and ends, so that the next change goes on behind it, and removes what has been forgotten meanwhile.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn set_ends(&self, ends: Ends) -> Result<(), OpenError> {
        let Ends { start, end } = ends;
        let delete = r#"DELETE FROM "_mainstay_change" WHERE "offset" <= $1"#;
        self.client.execute(delete, &[&start.0]).await?;
        meta::write(&self.client, "feed_start", &format!("{} {}", start.0, start.1)).await?;
        meta::write(&self.client, "feed_last", &format!("{} {}", end.0, end.1)).await?;
        for (sequence, value) in [("_mainstay_change_offset", end.0), ("_mainstay_change_bytes", end.1)] {
            // A sequence that has given out nothing begins with 1.
            let set = format!("SELECT setval('\"{sequence}\"', greatest($1::int8, 1), $1::int8 > 0)");
            self.client.execute(&set, &[&value]).await?;
        }
        Ok(())
    }
}

/// The type of a column, as the dialect makes it.
fn type_of(ty: &ColumnType) -> Type {
    match ty {
        ColumnType::Bool => Type::BOOL,
        ColumnType::Float => Type::FLOAT8,
        ColumnType::Date => Type::INT4,
        ColumnType::Int
        | ColumnType::Decimal { .. }
        | ColumnType::Time
        | ColumnType::Timestamp
        | ColumnType::Duration => Type::INT8,
        ColumnType::Text | ColumnType::Json | ColumnType::List(_) => Type::TEXT,
        ColumnType::Uuid => Type::UUID,
        ColumnType::Bytes => Type::BYTEA,
    }
}
