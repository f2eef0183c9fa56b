//! What a writer knows of its records: those that were acknowledged, and the writes of which it does not know what became.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The models, each with its collection.
pub(crate) const MODELS: [(&str, &str); 4] =
    [("folder", "folders"), ("page", "pages"), ("note", "notes"), ("counter", "counters")];

/// A record, as far as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) model: String,
    pub(crate) owner: String,
    pub(crate) text: String,
    pub(crate) version: i64,
    pub(crate) deleted: bool,
    /// Of a page.
    pub(crate) folder: Option<Uuid>,
}

pub(crate) type Rows = BTreeMap<Uuid, Row>;

/// A write of one record.
#[derive(Debug, Clone)]
pub(crate) enum Write {
    Create {
        id: Uuid,
        row: Row,
    },
    Update {
        id: Uuid,
        model: String,
        text: String,
    },
    /// A folder takes its pages along; a note stays, deleted.
    Delete {
        id: Uuid,
        model: String,
    },
}

impl Write {
    pub(crate) fn apply(&self, rows: &mut Rows) {
        match self {
            Write::Create { id, row } => drop(rows.insert(*id, row.clone())),
            Write::Update { id, text, .. } => {
                let row = rows.get_mut(id).unwrap();
                row.text.clone_from(text);
                row.version += 1;
            }
            Write::Delete { id, model } if model == "note" => {
                let row = rows.get_mut(id).unwrap();
                row.deleted = true;
                row.version += 1;
            }
            Write::Delete { id, .. } => rows.retain(|other, row| other != id && row.folder != Some(*id)),
        }
    }

    /// The ids of the records that it changes, and of the folder that could take one of them along.
    fn touched(&self, rows: &Rows) -> Vec<Uuid> {
        match self {
            Write::Create { id, row } => row.folder.into_iter().chain([*id]).collect(),
            Write::Update { id, .. } | Write::Delete { id, .. } => {
                let pages = rows.iter().filter(|(_, row)| row.folder == Some(*id)).map(|(page, _)| *page);
                pages.chain(rows[id].folder).chain([*id]).collect()
            }
        }
    }

    /// As an operation of a batch.
    pub(crate) fn operation(&self) -> Value {
        match self {
            Write::Create { id, row } => {
                json!({"op": "put", "model": row.model, "id": id, "data": data(row)})
            }
            Write::Update { id, model, text } => {
                json!({"op": "update", "model": model, "id": id, "data": {"text": text}})
            }
            Write::Delete { id, model } => json!({"op": "delete", "model": model, "id": id}),
        }
    }

    /// As a request of its own.
    pub(crate) fn request(&self) -> (&'static str, String, Option<Value>) {
        let (model, id) = match self {
            Write::Create { id, row } => (&row.model, id),
            Write::Update { id, model, .. } | Write::Delete { id, model } => (model, id),
        };
        let (_, collection) = MODELS.iter().find(|(name, _)| name == model).unwrap();
        let path = format!("/v1/{collection}/{id}");
        match self {
            Write::Create { row, .. } => ("PUT", path, Some(data(row))),
            Write::Update { text, .. } => ("PATCH", path, Some(json!({"text": text}))),
            Write::Delete { .. } => ("DELETE", path, None),
        }
    }
}

fn data(row: &Row) -> Value {
    let mut data = json!({"owner": row.owner, "text": row.text});
    if let Some(folder) = row.folder {
        data["folder"] = json!(folder);
    }
    data
}

/// What one writer knows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    pub(crate) owner: String,
    /// Its records, as acknowledged.
    pub(crate) rows: Rows,
    /// Transactions of which nobody said what became of them.
    pub(crate) pending: Vec<Vec<Write>>,
    /// What those would change. It is left alone until that is known.
    in_doubt: BTreeSet<Uuid>,
    /// Changes of the counter that all writers share: acknowledged ones, and those in doubt.
    pub(crate) counted: (u64, u64),
    pub(crate) acknowledged: u64,
}

impl Ledger {
    pub(crate) fn new(owner: &str) -> Self {
        Ledger { owner: owner.to_owned(), ..Ledger::default() }
    }

    /// The records that can be changed: those that live and are not in doubt.
    pub(crate) fn usable(&self, model: &str, rows: &Rows) -> Vec<Uuid> {
        let usable = rows.iter().filter(|(id, row)| {
            let in_doubt = |id: &Uuid| self.in_doubt.contains(id);
            row.model == model && !row.deleted && !in_doubt(id) && !row.folder.as_ref().is_some_and(in_doubt)
        });
        usable.map(|(id, _)| *id).collect()
    }

    pub(crate) fn acknowledge(&mut self, writes: &[Write]) {
        writes.iter().for_each(|write| write.apply(&mut self.rows));
        self.acknowledged += 1;
    }

    pub(crate) fn doubt(&mut self, writes: Vec<Write>) {
        self.in_doubt.extend(touched(&writes, &self.rows));
        self.pending.push(writes);
    }

    /// Decides by what is there which of the pending transactions took effect, and checks that each did as a whole or not at all, and that
    /// everything else is as it was acknowledged.
    #[track_caller]
    pub(crate) fn settle(&mut self, actual: &Rows) {
        let actual: Rows = actual
            .iter()
            .filter(|(_, row)| row.owner == self.owner)
            .map(|(id, row)| (*id, row.clone()))
            .collect();
        for writes in std::mem::take(&mut self.pending) {
            let mut after = self.rows.clone();
            writes.iter().for_each(|write| write.apply(&mut after));
            let ids = touched(&writes, &self.rows);
            let part = |rows: &Rows| ids.iter().map(|id| rows.get(id).cloned()).collect::<Vec<_>>();
            if part(&actual) == part(&after) {
                self.rows = after;
            } else {
                assert_eq!(part(&actual), part(&self.rows), "half a transaction is there: {writes:#?}");
            }
        }
        self.in_doubt.clear();
        let missing: Vec<_> = self.rows.iter().filter(|(id, row)| actual.get(id) != Some(row)).collect();
        assert!(missing.is_empty(), "acknowledged and not there: {missing:#?}");
        let rows = &self.rows;
        let surplus: Vec<_> = actual.iter().filter(|(id, row)| rows.get(id) != Some(row)).collect();
        assert!(surplus.is_empty(), "there and never acknowledged: {surplus:#?}");
    }
}

/// As [`Write::touched`], of writes one after the other.
fn touched(writes: &[Write], rows: &Rows) -> Vec<Uuid> {
    let mut rows = rows.clone();
    let mut ids = Vec::new();
    for write in writes {
        ids.extend(write.touched(&rows));
        write.apply(&mut rows);
    }
    ids
}
