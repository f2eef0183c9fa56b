//! Whether the database has what was acknowledged, whole transactions only, and a feed that tells the same.

use crate::ledger::{Ledger, MODELS, Row, Rows};
use crate::load::COUNTER;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use uuid::Uuid;

/// The records as the feed tells them, as far as it was read.
#[derive(Default)]
pub(crate) struct Replay {
    offset: i64,
    records: BTreeMap<Uuid, Value>,
}

/// Checks a database, which the program has open, against what was acknowledged, and settles what was in doubt.
pub(crate) fn verify(database: &Path, ledgers: &mut [&mut Ledger], replay: &mut Replay, counter: &mut u64) {
    let mut connection = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let snapshot = connection.transaction().unwrap();
    let rows = rows(&snapshot);
    for ledger in ledgers.iter_mut() {
        ledger.settle(&rows);
    }
    settle_counter(&rows, ledgers, counter);
    replay.go_on(&snapshot);
    replay.compare(&rows);
    let text = |sql: &str| snapshot.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(text("PRAGMA integrity_check"), "ok");
    let orphans =
        r#"SELECT group_concat(hex("id")) FROM "page" WHERE "folder" NOT IN (SELECT "id" FROM "folder")"#;
    let orphans: Option<String> = snapshot.query_row(orphans, [], |row| row.get(0)).unwrap();
    assert_eq!(orphans, None, "pages without a folder");
}

/// Every acknowledged change of the counter is one version.
fn settle_counter(rows: &Rows, ledgers: &mut [&mut Ledger], known: &mut u64) {
    let version = rows[&COUNTER].version.unsigned_abs();
    let (mut acknowledged, mut in_doubt) = (0, 0);
    for ledger in ledgers {
        let (counted, doubted) = std::mem::take(&mut ledger.counted);
        acknowledged += counted;
        in_doubt += doubted;
    }
    let possible = *known + acknowledged..=*known + acknowledged + in_doubt;
    assert!(possible.contains(&version), "the counter has version {version}, which is not in {possible:?}");
    *known = version;
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

impl Replay {
    /// Applies the changes behind those that it knows. Each follows the one before, and changes a record from what it was.
    fn go_on(&mut self, connection: &Connection) {
        let select = r#"SELECT "offset", "id", "before", "after" FROM "_mainstay_change" WHERE "offset" > ?1 ORDER BY "offset""#;
        let mut statement = connection.prepare(select).unwrap();
        let mut changes = statement.query([self.offset]).unwrap();
        while let Some(change) = changes.next().unwrap() {
            let offset: i64 = change.get(0).unwrap();
            assert_eq!(offset, self.offset + 1, "the feed has a gap");
            let id = Uuid::from_bytes(change.get(1).unwrap());
            let json = |column| {
                let text: Option<String> = change.get(column).unwrap();
                text.map(|text| serde_json::from_str::<Value>(&text).unwrap())
            };
            let before = match json(3) {
                Some(after) => self.records.insert(id, after),
                None => self.records.remove(&id),
            };
            assert_eq!(before, json(2), "change {offset} does not begin where the one before it ended");
            self.offset = offset;
        }
    }

    fn compare(&self, rows: &Rows) {
        assert!(self.records.keys().eq(rows.keys()), "the feed tells of other records than there are");
        for (id, record) in &self.records {
            let row = &rows[id];
            let told = (record["text"].as_str(), record["version"].as_i64(), !record["deleted_at"].is_null());
            let there = (Some(row.text.as_str()), Some(row.version), row.deleted);
            assert_eq!(told, there, "the feed and the rows differ in {id}");
        }
    }
}
