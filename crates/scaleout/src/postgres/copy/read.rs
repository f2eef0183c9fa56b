//! A database that is read.

use super::Database;
use crate::postgres::OpenError;
use crate::postgres::meta::{self, Meta};
use crate::postgres::value::{Bound, read};
use mainstay_expr::Value;
use mainstay_model::FieldType;
use mainstay_ports::Position;
use mainstay_sql::copy::{StoredChange, stored};
use mainstay_sql::migrate::{Schema, Table};
use mainstay_sql::{Postgres, copy};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

/// What a snapshot says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Its tables.
    pub schema: Schema,
    /// The end of its feed.
    pub position: Position,
    /// Where its feed begins and ends.
    pub ends: Ends,
}

/// Numbers of changes, and the sizes of all changes up to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// The last change that was trimmed away.
    pub start: (i64, i64),
    /// The last change.
    pub end: (i64, i64),
}

/// Each number with its size: of what was trimmed away, and of the last change that there is or was.
const ENDS: &str = r#"
    WITH noted AS (
        SELECT "key", split_part("value", ' ', 1)::int8 AS "offset", split_part("value", ' ', 2)::int8 AS "bytes"
        FROM "_mainstay_meta" WHERE "key" IN ('feed_start', 'feed_last')
    ), ends AS (
        (SELECT "offset", "total_bytes" AS "bytes" FROM "_mainstay_change" ORDER BY "offset" DESC LIMIT 1)
        UNION ALL SELECT "offset", "bytes" FROM noted
        UNION ALL SELECT 0, 0 ORDER BY "offset" DESC LIMIT 1
    )
    SELECT coalesce(max(noted."offset"), 0), coalesce(max(noted."bytes"), 0), max(ends."offset"), max(ends."bytes")
    FROM ends LEFT JOIN noted ON noted."key" = 'feed_start'"#;

const CHANGES: &str = r#"
    SELECT "offset", "model", "id", "operation", "before", "after", "actor", "request_id", "at", "total_bytes"
    FROM "_mainstay_change" WHERE "offset" > $1 ORDER BY "offset" LIMIT $2"#;

impl Database {
    /// Begins to read as of this moment, whatever others write, until this is dropped.
    ///
    /// # Errors
    /// When the database is empty or not whole.
    pub async fn snapshot(&self) -> Result<Snapshot, OpenError> {
        self.client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let meta = meta::read(&self.client).await?;
        let Meta { schema, epoch } =
            meta.ok_or_else(|| OpenError::Unfit("there is nothing in it".to_owned()))?;
        super::require_whole(&self.client).await?;
        let row = self.client.query_one(ENDS, &[]).await?;
        let ends =
            Ends { start: (row.try_get(0)?, row.try_get(1)?), end: (row.try_get(2)?, row.try_get(3)?) };
        let position = Position { epoch, offset: u64::try_from(ends.end.0).unwrap_or(0) };
        Ok(Snapshot { schema, position, ends })
    }

    /// The tables that it has by its own account.
    ///
    /// # Errors
    /// When that cannot be read.
    pub async fn schema(&self) -> Result<Option<Schema>, OpenError> {
        Ok(meta::read(&self.client).await?.map(|meta| meta.schema))
    }

    /// Up to `limit` rows of a table in the order of their ids, behind `after`. A row is the columns of its table.
    ///
    /// # Errors
    /// When they cannot be read, or a column holds what it must not.
    pub async fn rows(
        &self,
        table: &Table,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Vec<Value>>, OpenError> {
        let statement = self.client.prepare(&copy::rows(&Postgres, table, after.is_none())).await?;
        let values: Vec<Value> =
            after.map(Value::Uuid).into_iter().chain([Value::Int(limit.into())]).collect();
        let bound: Vec<Bound<'_>> = values.iter().map(Bound).collect();
        let bound: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|value| value as _).collect();
        let rows = self.client.query(&statement, &bound).await?;
        rows.iter().map(|row| read_row(table, row)).collect()
    }

    /// The row of this id.
    ///
    /// # Errors
    /// As for [`Database::rows`].
    pub async fn row(&self, table: &Table, id: Uuid) -> Result<Option<Vec<Value>>, OpenError> {
        let row = self.client.query_opt(&copy::row(&Postgres, table), &[&id]).await?;
        row.map(|row| read_row(table, &row)).transpose()
    }

    /// Up to `limit` changes behind `after`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn changes(&self, after: i64, limit: u32) -> Result<Vec<StoredChange>, OpenError> {
        let rows = self.client.query(CHANGES, &[&after, &i64::from(limit)]).await?;
        Ok(rows.iter().map(change).collect::<Result<_, tokio_postgres::Error>>()?)
    }

    /// The last change that there is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn last_change(&self) -> Result<i64, OpenError> {
        let row = self
            .client
            .query_one(r#"SELECT coalesce(max("offset"), 0) FROM "_mainstay_change""#, &[])
            .await?;
        Ok(row.try_get(0)?)
    }
}

fn read_row(table: &Table, row: &Row) -> Result<Vec<Value>, OpenError> {
    let types = table.columns.iter().map(|column| stored(&column.ty));
    let value = |(place, ty): (usize, FieldType)| {
        let column = &table.columns[place].name;
        let damaged =
            || OpenError::Damaged(format!("`{}.{column}` holds what its type does not allow", table.name));
        read(&ty, row, place).ok_or_else(damaged)
    };
    types.enumerate().map(value).collect()
}

fn change(row: &Row) -> Result<StoredChange, tokio_postgres::Error> {
    Ok(StoredChange {
        offset: row.try_get(0)?,
        model: row.try_get(1)?,
        id: row.try_get(2)?,
        operation: row.try_get(3)?,
        before: row.try_get(4)?,
        after: row.try_get(5)?,
        actor: row.try_get(6)?,
        request_id: row.try_get(7)?,
        at: row.try_get(8)?,
        total_bytes: row.try_get(9)?,
    })
}
