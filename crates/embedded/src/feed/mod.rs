//! The change feed: a table that is written in the same transaction as the rows.
//!
//! The writer numbers the changes itself, which it can, being alone: one after the other, in the order of commits. What was trimmed
//! away is remembered in `_mainstay_meta`, so that a position before it is recognised and no number is used again.

mod follow;
mod read;
mod trim;

pub(crate) use follow::follow;
pub(crate) use read::read;
pub(crate) use trim::trim;

use crate::copy::Start;
use crate::meta;
use crate::sqlite_error::store_error;
use mainstay_model::Model;
use mainstay_ports::{NewChange, Position, Record, StoreError};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};
use uuid::Uuid;

/// What a change takes in the file beside its records, about.
const CHANGE_BYTES: u64 = 80;
/// Notes the last change that was trimmed away.
const START: &str = "feed_start";
/// Notes the last change that there was when a migration removed some.
const LAST: &str = "feed_last";

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
        let query =
            r#"SELECT "offset", "total_bytes" FROM "_mainstay_change" ORDER BY "offset" DESC LIMIT 1"#;
        let end = |row: &Row<'_>| Ok(End { offset: unsigned(row.get(0)?), bytes: unsigned(row.get(1)?) });
        let mut statement = connection.prepare_cached(query).map_err(store_error)?;
        let kept = statement.query_row([], end).optional().map_err(store_error)?.unwrap_or_default();
        let ends = [kept, start(connection)?, noted(connection, LAST)?];
        Ok(ends.into_iter().max_by_key(|end| end.offset).unwrap_or_default())
    }
}

/// The end of what was trimmed away.
pub(crate) fn start(connection: &Connection) -> Result<End, StoreError> {
    noted(connection, START)
}

/// A place in the feed that was noted in `_mainstay_meta`; the beginning when it was not.
fn noted(connection: &Connection, key: &str) -> Result<End, StoreError> {
    let text = meta::optional_text(connection, key).map_err(store_error)?;
    let numbers = text.as_deref().and_then(|text| text.split_once(' '));
    let end = numbers
        .and_then(|(offset, bytes)| Some(End { offset: offset.parse().ok()?, bytes: bytes.parse().ok()? }));
    Ok(end.unwrap_or_default())
}

fn note(connection: &Connection, key: &str, end: End) -> rusqlite::Result<()> {
    meta::write(connection, key, &format!("{} {}", end.offset, end.bytes))
}

/// Notes where the feed of a database that is being copied begins and ends, whichever changes it has.
pub(crate) fn note_ends(
    connection: &Connection,
    start: Start,
    (end, bytes): (Position, i64),
) -> rusqlite::Result<()> {
    note(connection, START, End { offset: unsigned(start.offset), bytes: unsigned(start.bytes) })?;
    note(connection, LAST, End { offset: end.offset, bytes: unsigned(bytes) })
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
    change: &NewChange<'_>,
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
        change.request_id,
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

/// SQLite has signed integers only; no feed comes near their end.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
