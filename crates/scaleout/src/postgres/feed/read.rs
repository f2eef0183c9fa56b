//! Reading the feed.

use super::{Ends, signed, unsigned};
use crate::postgres::connection::Connection;
use crate::postgres::error::store_error;
use futures::future::{join, join3};
use mainstay_model::{Application, Model};
use mainstay_ports::{Change, Changes, Operation, Position, Record, StoreError};
use tokio_postgres::{Error, Row};

const SELECT: &str = r#"SELECT "offset", "model", "id", "operation", "before", "after", "actor", "request_id", "at"
    FROM "_mainstay_change" WHERE "offset" > $1 ORDER BY "offset" LIMIT $2"#;

/// The longest way that is gone through for those who want to know what was touched. Beyond it they forget everything sooner.
const MAX_GAP: i64 = 100_000;

const TOUCHED: &str = r#"SELECT "offset", "model", "id", "operation", NULL::text, NULL::text, "actor", "request_id", "at"
    FROM "_mainstay_change" WHERE "offset" > $1 AND "offset" <= $1 + $2 AND "model" = ANY($3) ORDER BY "offset""#;

/// What was found behind a position, and where the feed began and ended after that.
pub(crate) struct Found {
    rows: Vec<Row>,
    ends: Ends,
}

/// Reads what is behind a position.
pub(crate) async fn ask(connection: &Connection, after: Position, limit: u32) -> Result<Found, Error> {
    let (select, ends) = (connection.prepare(SELECT).await?, Ends::prepare(connection).await?);
    let (from, limit) = (signed(after.offset), i64::from(limit));
    // In this order: what the feed still keeps behind the reading was there at the reading.
    let (rows, ends) =
        join(connection.client.query(&select, &[&from, &limit]), Ends::ask(connection, &ends)).await;
    Ok(Found { rows: rows?, ends: ends? })
}

/// The changes of these models behind a position, without their records, and where the feed ended before that.
pub(crate) async fn touched(
    connection: &Connection,
    after: Position,
    models: &[&str],
) -> Result<(Found, Position), Error> {
    let (select, ends) = (connection.prepare(TOUCHED).await?, Ends::prepare(connection).await?);
    let from = signed(after.offset);
    let (before, rows, ends) = join3(
        Ends::ask(connection, &ends),
        connection.client.query(&select, &[&from, &MAX_GAP, &models]),
        Ends::ask(connection, &ends),
    )
    .await;
    Ok((Found { rows: rows?, ends: ends? }, before?.end))
}

impl Found {
    /// The changes up to `position`, where the feed ended before they were read, unless that is too far.
    pub(crate) fn touched(
        self,
        application: &Application,
        after: Position,
        position: Position,
    ) -> Result<Changes, StoreError> {
        if signed(position.offset).saturating_sub(signed(after.offset)) > MAX_GAP {
            return Ok(Changes::Reset { position });
        }
        Ok(match self.changes(application, after)? {
            Changes::Some { changes, .. } => Changes::Some { changes, position },
            reset @ Changes::Reset { .. } => reset,
        })
    }

    /// The changes, unless the feed cannot serve the position. Changes of models that the application does not have are passed over: nodes
    /// of another version make them, and there may be no others among those that were found.
    pub(crate) fn changes(self, application: &Application, after: Position) -> Result<Changes, StoreError> {
        let Ends { start, end } = self.ends;
        let reset = Changes::Reset { position: end };
        if after.epoch != end.epoch || after.offset > end.offset || after.offset < start {
            return Ok(reset);
        }
        let mut changes = Vec::with_capacity(self.rows.len());
        let mut offset = after.offset;
        for row in &self.rows {
            offset = unsigned(row.try_get(0).map_err(store_error)?);
            let Some(model) = application.model_named(row.try_get(1).map_err(store_error)?) else { continue };
            // What the models of today cannot express cannot be told change by change.
            let Some(change) = read_change(model, row).map_err(store_error)? else { return Ok(reset) };
            changes.push(change);
        }
        Ok(Changes::Some { changes, position: Position { offset, ..after } })
    }
}

fn read_change(model: &Model, row: &Row) -> Result<Option<Change>, Error> {
    let Some(operation) = Operation::parse(row.try_get(3)?) else { return Ok(None) };
    let (before, after) = (read_record(model, row.try_get(4)?), read_record(model, row.try_get(5)?));
    let (Some(before), Some(after)) = (before, after) else { return Ok(None) };
    Ok(Some(Change {
        offset: unsigned(row.try_get(0)?),
        model: model.id,
        id: row.try_get(2)?,
        operation,
        before,
        after,
        actor: row.try_get(6)?,
        request_id: row.try_get(7)?,
        at: row.try_get(8)?,
    }))
}

/// The outer `None` is a record that the model of today cannot hold.
fn read_record(model: &Model, json: Option<&str>) -> Option<Option<Record>> {
    let Some(json) = json else { return Some(None) };
    mainstay_model::json::decode_stored(model, json).map(|values| Some(Record { values }))
}
