//! What a transaction of its own has in hand: records that it has locked and read, and writes that it has not sent yet.

use super::batch::Batch;
use mainstay_expr::ModelId;
use mainstay_ports::Record;
use std::collections::{BTreeMap, HashMap, VecDeque};
use uuid::Uuid;

/// How many records are read ahead, or written at once.
pub(crate) const MANY: usize = 256;

/// What is in hand. Large records may be many, so that only those which the steps name are kept to the end.
#[derive(Default)]
pub(crate) struct Held {
    /// Those that the steps name; `None` is one that is not there.
    named: HashMap<(ModelId, Uuid), Option<Record>>,
    /// Some of those that were read since.
    read: HashMap<(ModelId, Uuid), Option<Record>>,
    /// Those that a search has found and that were not asked for yet, in the order of their ids.
    found: Option<(ModelId, VecDeque<Uuid>)>,
    /// Replacements that nothing can stand against, until somebody could see that they are missing.
    unsent: BTreeMap<(usize, Uuid), (ModelId, Record)>,
}

impl Held {
    /// A record as the transaction has left it, if it is in hand.
    pub(crate) fn get(&self, model: ModelId, id: Uuid) -> Option<Option<&Record>> {
        if let Some((_, record)) = self.unsent.get(&(model.index(), id)) {
            return Some(Some(record));
        }
        let known = self.read.get(&(model, id)).or_else(|| self.named.get(&(model, id)))?;
        Some(known.as_ref())
    }

    pub(crate) fn put_named(&mut self, model: ModelId, id: Uuid, record: Option<Record>) {
        self.named.insert((model, id), record);
    }

    pub(crate) fn put(&mut self, model: ModelId, id: Uuid, record: Option<Record>) {
        if self.read.len() >= MANY {
            self.read.clear();
        }
        self.named.remove(&(model, id));
        self.read.insert((model, id), record);
    }

    /// Notes what a search has found.
    pub(crate) fn expect(&mut self, model: ModelId, mut ids: Vec<Uuid>) {
        ids.sort_unstable();
        self.found = Some((model, ids.into()));
    }

    /// The ids to read together with this one, which is the first of them; none when nobody has searched for it.
    pub(crate) fn ahead(&mut self, model: ModelId, id: Uuid) -> Vec<Uuid> {
        let Some((of, found)) = &mut self.found else { return Vec::new() };
        if *of != model {
            return Vec::new();
        }
        while found.front().is_some_and(|first| *first < id) {
            found.pop_front();
        }
        if found.front() != Some(&id) {
            return Vec::new();
        }
        self.read.clear();
        found.drain(..found.len().min(MANY)).collect()
    }

    /// Keeps a replacement to be sent with others. Answers whether there are enough of them.
    pub(crate) fn send_later(&mut self, model: ModelId, record: &Record) -> bool {
        let id = record.id();
        self.read.remove(&(model, id));
        self.unsent.insert((model.index(), id), (model, record.clone()));
        self.unsent.len() >= MANY
    }

    /// The replacements that are to be sent now, by model.
    pub(crate) fn take_unsent(&mut self) -> Vec<Batch> {
        let mut batches: Vec<Batch> = Vec::new();
        for ((_, id), (model, record)) in std::mem::take(&mut self.unsent) {
            // What is named stays in hand, as it is now.
            if let Some(named) = self.named.get_mut(&(model, id)) {
                *named = Some(record.clone());
            }
            Batch::add(&mut batches, model, false, record);
        }
        batches
    }
}
