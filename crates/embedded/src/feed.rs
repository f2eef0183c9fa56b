//! The change feed: a table that is written in the same transaction as the rows.
//!
//! The writer numbers the changes itself, which it can, being alone: without a gap, in the order of commits. What was trimmed away is
//! remembered in `_mainstay_meta`, so that a position behind it is recognised and numbers are never used again.

use crate::meta;
use crate::sqlite_error::store_error;
use mainstay_model::{Application, Model};
use mainstay_ports::{Change, Changes, Operation, Position, Record, StoreError};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};
use uuid::Uuid;

/// The most changes that one trimming removes, so that writes do not wait for it.
const TRIM_CHANGES: u32 = 2_000;
/// What a change takes in the file beside its records, about.
const CHANGE_BYTES: u64 = 80;
/// The number of the last change that was trimmed away.
const START: &str = "feed_start";
/// [`End::bytes`] at that change.
const START_BYTES: &str = "feed_start_bytes";

/// The end of the feed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct End {
    /// The number of the last change.
    pub(crate) offset: u64,
    /// The size of all changes that there ever were.
    pub(crate) bytes: u64,
}

impl End {
    /// Where the feed of a database ends.
    pub(crate) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let last = r#"SELECT "offset", "total_bytes" FROM "_mainstay_change" ORDER BY "offset" DESC LIMIT 1"#;
        let end = |row: &Row<'_>| Ok(End { offset: unsigned(row.get(0)?), bytes: unsigned(row.get(1)?) });
        let mut statement = connection.prepare_cached(last).map_err(store_error)?;
        let kept = statement.query_row([], end).optional().map_err(store_error)?;
        kept.map_or_else(|| start(connection), Ok)
    }
}

/// The end of what was trimmed away.
fn start(connection: &Connection) -> Result<End, StoreError> {
    let number = |key| meta::optional_number(connection, key).map_err(store_error);
    Ok(End { offset: number(START)?.unwrap_or(0), bytes: number(START_BYTES)?.unwrap_or(0) })
}

/// Text that is known to be UTF-8, without a second look.
struct Json<'a>(&'a [u8]);

impl ToSql for Json<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(ValueRef::Text(self.0)))
    }
}

/// Appends a change behind `end` and moves it.
pub(crate) fn append(
    connection: &Connection,
    model: &Model,
    change: &Change,
    end: &mut End,
) -> Result<(), StoreError> {
    let before = change.before.as_ref().map(|record| json(model, record));
    let after = change.after.as_ref().map(|record| json(model, record));
    let size = |json: &Option<Vec<u8>>| json.as_ref().map_or(0, Vec::len) as u64;
    let next = End { offset: end.offset + 1, bytes: end.bytes + size(&before) + size(&after) + CHANGE_BYTES };
    let insert = r#"INSERT INTO "_mainstay_change"
        ("offset", "model", "id", "operation", "before", "after", "actor", "request_id", "at", "total_bytes")
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"#;
    let mut statement = connection.prepare_cached(insert).map_err(store_error)?;
    let actor = change.actor.as_ref().map(Uuid::as_bytes);
    let inserted = statement.execute((
        signed(next.offset),
        &model.name,
        change.id.as_bytes(),
        change.operation.as_str(),
        before.as_deref().map(Json),
        after.as_deref().map(Json),
        actor,
        &change.request_id,
        change.at,
        signed(next.bytes),
    ));
    inserted.map_err(store_error)?;
    *end = next;
    Ok(())
}

/// A record by field names, so that a later schema can still read it.
fn json(model: &Model, record: &Record) -> Vec<u8> {
    let fields = model.fields.iter().filter(|field| !field.is_secret()).map(|field| field.id);
    let mut json = Vec::with_capacity(32 * model.fields.len());
    mainstay_model::json::encode_record(model, &record.values, fields, &mut json);
    json
}

/// Reads changes behind a position, within a read transaction.
pub(crate) fn read(
    connection: &Connection,
    application: &Application,
    epoch: u64,
    after: Position,
    limit: u32,
) -> Result<Changes, StoreError> {
    let end = End::read(connection)?.offset;
    let reset = Changes::Reset { position: Position { epoch, offset: end } };
    if after.epoch != epoch || after.offset > end || after.offset < start(connection)?.offset {
        return Ok(reset);
    }
    let select = r#"SELECT "offset", "model", "id", "operation", "before", "after", "actor", "request_id", "at"
        FROM "_mainstay_change" WHERE "offset" > ?1 ORDER BY "offset" LIMIT ?2"#;
    let mut statement = connection.prepare_cached(select).map_err(store_error)?;
    let mut rows = statement.query((signed(after.offset), limit)).map_err(store_error)?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next().map_err(store_error)? {
        // What the models of today cannot express cannot be told change by change.
        let Some(change) = read_change(application, row).map_err(store_error)? else { return Ok(reset) };
        changes.push(change);
    }
    let offset = changes.last().map_or(after.offset, |change| change.offset);
    Ok(Changes::Some { changes, position: Position { epoch, offset } })
}

fn read_change(application: &Application, row: &Row<'_>) -> rusqlite::Result<Option<Change>> {
    let operation = Operation::parse(row.get_ref(3)?.as_str()?);
    let (Some(model), Some(operation)) = (application.model_named(row.get_ref(1)?.as_str()?), operation)
    else {
        return Ok(None);
    };
    let (Some(before), Some(after)) = (read_record(model, row, 4)?, read_record(model, row, 5)?) else {
        return Ok(None);
    };
    let actor: Option<[u8; 16]> = row.get(6)?;
    Ok(Some(Change {
        offset: unsigned(row.get(0)?),
        model: model.id,
        id: Uuid::from_bytes(row.get(2)?),
        operation,
        before,
        after,
        actor: actor.map(Uuid::from_bytes),
        request_id: row.get(7)?,
        at: row.get(8)?,
    }))
}

/// The outer `None` is a record that the model of today cannot hold.
fn read_record(model: &Model, row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Option<Record>>> {
    let Some(json) = row.get_ref(column)?.as_str_or_null()? else { return Ok(Some(None)) };
    Ok(mainstay_model::json::decode_stored(model, json).map(|values| Some(Record { values })))
}

/// Removes old changes, within a write transaction. Answers how many.
pub(crate) fn trim(
    connection: &Connection,
    before_micros: i64,
    max_bytes: u64,
    end: End,
) -> Result<u64, StoreError> {
    let kept_from = start(connection)?;
    let mut last = kept_from;
    let mut statement = connection
        .prepare_cached(
            r#"SELECT "offset", "total_bytes", "at" FROM "_mainstay_change" ORDER BY "offset" LIMIT ?1"#,
        )
        .map_err(store_error)?;
    let mut rows = statement.query([TRIM_CHANGES]).map_err(store_error)?;
    let mut count = 0;
    while let Some(row) = rows.next().map_err(store_error)? {
        let at: i64 = row.get(2).map_err(store_error)?;
        if at >= before_micros && end.bytes - last.bytes <= max_bytes {
            break;
        }
        last.offset = unsigned(row.get(0).map_err(store_error)?);
        last.bytes = unsigned(row.get(1).map_err(store_error)?);
        count += 1;
    }
    drop(rows);
    if count > 0 {
        remove_up_to(connection, last).map_err(store_error)?;
    }
    Ok(count)
}

fn remove_up_to(connection: &Connection, last: End) -> rusqlite::Result<()> {
    let delete = r#"DELETE FROM "_mainstay_change" WHERE "offset" <= ?1"#;
    connection.prepare_cached(delete)?.execute([signed(last.offset)])?;
    meta::write(connection, START, &last.offset.to_string())?;
    meta::write(connection, START_BYTES, &last.bytes.to_string())
}

/// SQLite has signed integers only; no feed comes near their end.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
