//! Reading the feed.

use super::{End, signed, start, unsigned};
use crate::sqlite_error::store_error;
use mainstay_model::{Application, Model};
use mainstay_ports::{Change, Changes, Operation, Position, Record, StoreError};
use rusqlite::{Connection, Row};
use uuid::Uuid;

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
