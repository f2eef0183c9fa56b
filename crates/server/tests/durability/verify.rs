//! Whether a database has what was acknowledged, whole transactions only, and a feed that tells the same.

use crate::ledger::{Ledger, Rows};
use crate::load::COUNTER;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// What a database has.
pub(crate) struct Seen {
    pub(crate) rows: Rows,
    /// The feed behind the offset that was asked for, in its order.
    pub(crate) changes: Vec<Change>,
}

/// A change in the feed.
pub(crate) struct Change {
    pub(crate) offset: i64,
    pub(crate) id: Uuid,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// The records as the feed tells them, as far as it was read.
#[derive(Default)]
pub(crate) struct Replay {
    pub(crate) offset: i64,
    records: BTreeMap<Uuid, Value>,
}

/// Checks a database against what was acknowledged, and settles what was in doubt.
pub(crate) fn verify(seen: Seen, ledgers: &mut [&mut Ledger], replay: &mut Replay, counter: &mut u64) {
    for ledger in ledgers.iter_mut() {
        ledger.settle(&seen.rows);
    }
    settle_counter(&seen.rows, ledgers, counter);
    check_folders(&seen.rows);
    replay.go_on(seen.changes);
    replay.compare(&seen.rows);
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

fn check_folders(rows: &Rows) {
    let folders: BTreeSet<Uuid> =
        rows.iter().filter(|(_, row)| row.model == "folder").map(|(id, _)| *id).collect();
    let orphans = rows.iter().filter(|(_, row)| row.folder.is_some_and(|folder| !folders.contains(&folder)));
    let orphans: Vec<_> = orphans.collect();
    assert!(orphans.is_empty(), "pages without a folder: {orphans:#?}");
}

impl Replay {
    /// Applies the changes behind those that it knows. Each follows the one before, and changes a record from what it was.
    fn go_on(&mut self, changes: Vec<Change>) {
        for Change { offset, id, before, after } in changes {
            assert!(offset > self.offset, "change {offset} comes behind {}", self.offset);
            let known = match after {
                Some(after) => self.records.insert(id, after),
                None => self.records.remove(&id),
            };
            assert_eq!(known, before, "change {offset} does not begin where the one before it ended");
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
