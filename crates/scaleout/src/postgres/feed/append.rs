//! Appending to the feed.

use super::{FEED_LOCK, unsigned};
use crate::postgres::connection::Connection;
use futures::future::join;
use mainstay_model::Model;
use mainstay_ports::{NewChange, Record};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Statement};
use uuid::Uuid;

/// What a change takes in the database beside its records, about.
const CHANGE_BYTES: usize = 80;

/// Waits until nobody else numbers changes. What the next statement sees is then all that was ever numbered.
const LOCK: &str = "SELECT pg_advisory_xact_lock($1)";

/// Numbers changes in their order and appends them. Sequences are not part of the transaction, so that this is right at any isolation: no number
/// is drawn twice, and none is lower than one that was drawn before. Answers the last number and the size of all changes ever made.
const APPEND: &str = r#"
    WITH drawn AS MATERIALIZED (
        SELECT setval('"_mainstay_change_offset"', nextval('"_mainstay_change_offset"') + $1::int8 - 1) AS "offset",
            setval('"_mainstay_change_bytes"', nextval('"_mainstay_change_bytes"') + $2::int8 - 1) AS "bytes"
    ), appended AS (
        INSERT INTO "_mainstay_change"
            ("offset", "model", "id", "operation", "before", "after", "actor", "request_id", "at", "total_bytes")
        SELECT drawn."offset" - $1 + c."place", c."model", c."id", c."operation", c."before", c."after", c."actor",
            c."request_id", c."at", drawn."bytes" - $2 + c."bytes"
        FROM drawn, unnest($3::text[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::uuid[], $9::text[], $10::int8[],
            $11::int8[]) WITH ORDINALITY
            AS c("model", "id", "operation", "before", "after", "actor", "request_id", "at", "bytes", "place")
    )
    SELECT "offset", "bytes" FROM drawn"#;

/// Changes that wait for their numbers, a list for each column.
#[derive(Debug, Default)]
pub(crate) struct NewChanges {
    models: Vec<String>,
    ids: Vec<Uuid>,
    operations: Vec<&'static str>,
    before: Vec<Option<String>>,
    after: Vec<Option<String>>,
    actors: Vec<Option<Uuid>>,
    request_ids: Vec<String>,
    at: Vec<i64>,
    /// The size of each and all before it.
    bytes: Vec<i64>,
}

/// What changes came to in the feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Appended {
    /// The number of the last.
    pub(crate) offset: u64,
    /// The size of all changes that there ever were.
    pub(crate) bytes: u64,
}

/// The statements that append, prepared.
pub(crate) struct Append {
    lock: Statement,
    append: Statement,
}

impl NewChanges {
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    pub(crate) fn push(&mut self, model: &Model, change: &NewChange<'_>) {
        let before = change.before.as_ref().map(|record| json(model, record));
        let after = change.after.as_ref().map(|record| json(model, record));
        let size = |json: &Option<String>| json.as_ref().map_or(0, String::len);
        let bytes = i64::try_from(size(&before) + size(&after) + CHANGE_BYTES).unwrap_or(i64::MAX);
        self.bytes.push(self.total_bytes().saturating_add(bytes));
        self.models.push(model.name.clone());
        self.ids.push(change.id);
        self.operations.push(change.operation.as_str());
        self.before.push(before);
        self.after.push(after);
        self.actors.push(change.actor);
        self.request_ids.push(change.request_id.to_owned());
        self.at.push(change.at);
    }

    /// Puts the changes of another transaction behind these.
    pub(crate) fn extend(&mut self, other: NewChanges) {
        let before = self.total_bytes();
        self.bytes.extend(other.bytes.into_iter().map(|bytes| before.saturating_add(bytes)));
        self.models.extend(other.models);
        self.ids.extend(other.ids);
        self.operations.extend(other.operations);
        self.before.extend(other.before);
        self.after.extend(other.after);
        self.actors.extend(other.actors);
        self.request_ids.extend(other.request_ids);
        self.at.extend(other.at);
    }

    /// The last of them: whose it is, of which request, and when.
    pub(super) fn last(&self) -> Option<(Uuid, &str, i64)> {
        Some((*self.ids.last()?, self.request_ids.last()?, *self.at.last()?))
    }

    fn total_bytes(&self) -> i64 {
        self.bytes.last().copied().unwrap_or(0)
    }

    /// Numbers the changes, of which there is at least one, and appends them. Nothing but the commit may come behind this in the transaction,
    /// lest others wait for it. Both statements are sent when this is first polled, if they are prepared.
    pub(crate) async fn append(&self, connection: &Connection, with: &Append) -> Result<Appended, Error> {
        let (count, total) = (i64::try_from(self.len()).unwrap_or(i64::MAX), self.total_bytes());
        let params: [&(dyn ToSql + Sync); 11] = [
            &count,
            &total,
            &self.models,
            &self.ids,
            &self.operations,
            &self.before,
            &self.after,
            &self.actors,
            &self.request_ids,
            &self.at,
            &self.bytes,
        ];
        let lock = connection.client.query(&with.lock, &[&FEED_LOCK]);
        let append = connection.client.query_one(&with.append, &params);
        let (locked, appended) = join(lock, append).await;
        // What comes behind a failure fails because of it.
        locked?;
        let row = appended?;
        Ok(Appended { offset: unsigned(row.try_get(0)?), bytes: unsigned(row.try_get(1)?) })
    }
}

impl Append {
    pub(crate) async fn prepare(connection: &Connection) -> Result<Self, Error> {
        Ok(Append { lock: connection.prepare(LOCK).await?, append: connection.prepare(APPEND).await? })
    }
}

/// A record by field names, so that a later schema can still read it.
fn json(model: &Model, record: &Record) -> String {
    let fields = model.fields.iter().filter(|field| !field.is_secret()).map(|field| field.id);
    let mut json = Vec::with_capacity(32 * model.fields.len());
    mainstay_model::json::encode_record(model, &record.values, fields, &mut json);
    String::from_utf8(json).expect("JSON is UTF-8")
}
