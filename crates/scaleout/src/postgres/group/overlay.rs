//! What commands of a group have written, before it is sent.

use super::super::batch::Batch;
use mainstay_expr::{ModelId, Value};
use mainstay_ports::Record;
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use uuid::Uuid;

/// The records that were written, as they are now.
#[derive(Default)]
pub(super) struct Overlay {
    records: BTreeMap<(usize, Uuid), Written>,
    /// Which record has each unique key that was written. Keys are known by their hashes: one that is taken for another costs a detour.
    keys: HashMap<u64, Uuid>,
}

struct Written {
    model: ModelId,
    record: Record,
    /// Whether the database does not have it yet.
    is_new: bool,
}

impl Overlay {
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn get(&self, model: ModelId, id: Uuid) -> Option<&Record> {
        self.records.get(&(model.index(), id)).map(|written| &written.record)
    }

    /// Whether records of a model were written.
    pub(super) fn has(&self, model: ModelId) -> bool {
        let of_model = (model.index(), Uuid::nil())..=(model.index(), Uuid::max());
        self.records.range(of_model).next().is_some()
    }

    /// Whether another record was given this key.
    pub(super) fn is_taken(&self, key: u64, by: Uuid) -> bool {
        self.keys.get(&key).is_some_and(|holder| *holder != by)
    }

    pub(super) fn write(&mut self, model: ModelId, record: &Record, is_new: bool, keys: Vec<u64>) {
        let id = record.id();
        self.keys.extend(keys.into_iter().map(|key| (key, id)));
        let written = Written { model, record: record.clone(), is_new };
        let before = self.records.insert((model.index(), id), written);
        if let (Some(before), Some(now)) = (before, self.records.get_mut(&(model.index(), id))) {
            now.is_new = before.is_new;
        }
    }

    /// Takes over what a command wrote behind these.
    pub(super) fn extend(&mut self, other: Overlay) {
        for ((_, _), written) in other.records {
            self.write(written.model, &written.record, written.is_new, Vec::new());
        }
        self.keys.extend(other.keys);
    }

    /// What is to be written: what is new first, then the other records, each in the order of the models and ids.
    pub(super) fn batches(&self) -> Vec<Batch> {
        let mut batches = Vec::new();
        for is_new in [true, false] {
            for written in self.records.values().filter(|written| written.is_new == is_new) {
                Batch::add(&mut batches, written.model, is_new, written.record.clone());
            }
        }
        batches
    }
}

/// Hashes unique keys, alike in all groups of the process.
#[derive(Default)]
pub(super) struct KeyHasher(RandomState);

impl KeyHasher {
    /// The hash of a record's values in some fields; `None` where one is null, which equals nothing.
    pub(super) fn hash(&self, model: ModelId, index: usize, values: &[&Value]) -> Option<u64> {
        let is_whole = !values.iter().any(|value| value.is_null());
        is_whole.then(|| self.0.hash_one((model.index(), index, values)))
    }
}
