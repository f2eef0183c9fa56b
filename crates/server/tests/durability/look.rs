//! What is in a database of SQLite, which the program has open.

use crate::ledger::{MODELS, Row, Rows};
use crate::verify::{Change, Seen};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::path::Path;
use uuid::Uuid;

/// The rows, and the feed behind an offset: of one snapshot, in a file that is whole.
pub(crate) fn look(database: &Path, after: i64) -> Seen {
    let mut connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let snapshot = connection.transaction().unwrap();
    let seen = Seen { rows: rows(&snapshot), changes: changes(&snapshot, after) };
    let check: String = snapshot.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
    seen
}

fn rows(connection: &Connection) -> Rows {
    let mut rows = Rows::new();
    for (model, _) in MODELS {
        let folder = if model == "page" { r#""folder""# } else { "NULL" };
        let select = format!(
            r#"SELECT "id", "owner", "text", "version", "deleted_at" IS NOT NULL, {folder} FROM "{model}""#
        );
        let mut statement = connection.prepare(&select).unwrap();
        let found = statement.query_map([], |row| {
            let folder: Option<[u8; 16]> = row.get(5)?;
            let id: [u8; 16] = row.get(0)?;
            let row = Row {
                model: model.to_owned(),
                owner: row.get(1)?,
                text: row.get(2)?,
                version: row.get(3)?,
                deleted: row.get(4)?,
                folder: folder.map(Uuid::from_bytes),
            };
            Ok((Uuid::from_bytes(id), row))
        });
        rows.extend(found.unwrap().map(Result::unwrap));
    }
    rows
}

/// One writer numbers them, so that there are no gaps.
fn changes(connection: &Connection, after: i64) -> Vec<Change> {
    let select = r#"SELECT "offset", "id", "before", "after" FROM "_mainstay_change" WHERE "offset" > ?1 ORDER BY "offset""#;
    let mut statement = connection.prepare(select).unwrap();
    let mut found = statement.query([after]).unwrap();
    let mut changes = Vec::new();
    while let Some(row) = found.next().unwrap() {
        let json = |column| {
            let text: Option<String> = row.get(column).unwrap();
            text.map(|text| serde_json::from_str::<Value>(&text).unwrap())
        };
        let (offset, id) = (row.get(0).unwrap(), Uuid::from_bytes(row.get(1).unwrap()));
        assert_eq!(offset, after + 1 + changes.len() as i64, "the feed has a gap");
        changes.push(Change { offset, id, before: json(2), after: json(3) });
    }
    changes
}
