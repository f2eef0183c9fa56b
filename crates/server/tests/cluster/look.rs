//! What is in a database of PostgreSQL.

use crate::ledger::{MODELS, Row, Rows};
use crate::verify::{Change, Seen};
use mainstay_services::postgres::Database;
use serde_json::Value;
use uuid::Uuid;

/// The rows, and the feed behind an offset, while nobody writes.
pub(crate) fn look(database: &Database, after: i64) -> Seen {
    let rows = MODELS.iter().flat_map(|(model, _)| rows(database, model)).collect();
    Seen { rows, changes: changes(database, after) }
}

fn rows(database: &Database, model: &str) -> Rows {
    let folder = if model == "page" { r#""folder""# } else { "NULL" };
    let select = format!(
        r#"SELECT "id", "owner", "text", "version", "deleted_at" IS NOT NULL, {folder} FROM "{model}""#
    );
    let row = |line: &str| {
        let [id, owner, text, version, deleted, folder] = split(line);
        let row = Row {
            model: model.to_owned(),
            owner: owner.to_owned(),
            text: text.to_owned(),
            version: version.parse().unwrap(),
            deleted: deleted == "t",
            folder: (!folder.is_empty()).then(|| folder.parse().unwrap()),
        };
        (id.parse().unwrap(), row)
    };
    database.sql(&select).lines().map(row).collect()
}

/// Numbers that were drawn and not used are gaps; they are never filled.
fn changes(database: &Database, after: i64) -> Vec<Change> {
    let select = format!(
        r#"SELECT "offset", "id", "before", "after" FROM "_mainstay_change" WHERE "offset" > {after} ORDER BY "offset""#
    );
    let change = |line: &str| {
        let [offset, id, before, after] = split(line);
        let (offset, id): (i64, Uuid) = (offset.parse().unwrap(), id.parse().unwrap());
        Change { offset, id, before: json(before), after: json(after) }
    };
    database.sql(&select).lines().map(change).collect()
}

fn json(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| serde_json::from_str(text).unwrap())
}

/// The values of a line; none of those that writers write has the sign between them.
#[track_caller]
fn split<const N: usize>(line: &str) -> [&str; N] {
    let values: Vec<&str> = line.split('|').collect();
    values.try_into().unwrap_or_else(|_| panic!("not {N} values: {line}"))
}
