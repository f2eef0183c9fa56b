//! The records that a transaction names by their ids, which are known before it begins.

use mainstay_expr::ModelId;
use mainstay_model::Model;
use mainstay_ports::{Step, Transaction};
use mainstay_sql::postgres::get_many;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How a record is locked, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// It stays as it is. Others may lock it so too.
    Share,
    /// It is changed.
    Change,
    /// It is deleted, or may be.
    Deletion,
}

/// The records that a transaction names, by model.
#[derive(Debug, Default)]
pub(crate) struct Named(BTreeMap<usize, (ModelId, BTreeSet<Uuid>, Strength)>);

impl Named {
    pub(crate) fn of(transaction: &Transaction) -> Self {
        let mut named = Named::default();
        for fence in &transaction.fences {
            named.add(fence.model, fence.id, Strength::Share);
        }
        for step in &transaction.steps {
            match step {
                Step::Check(check) => named.add(check.model, check.id, Strength::Share),
                Step::Update(update) => named.add(update.model, update.id, Strength::Change),
                Step::Put(put) => named.add(put.create.model, put.create.id, Strength::Change),
                Step::Delete(delete) => named.add(delete.model, delete.id, Strength::Deletion),
                Step::Restore(restore) => named.add(restore.model, restore.id, Strength::Deletion),
                Step::Create(_)
                | Step::Purge(_)
                | Step::UpdateMany(_)
                | Step::DeleteMany(_)
                | Step::CheckMany(_) => {}
            }
        }
        named
    }

    /// Puts what another transaction names to these.
    pub(crate) fn extend(&mut self, other: Named) {
        for (model, ids, strength) in other.sorted() {
            ids.into_iter().for_each(|id| self.add(model, id, strength));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of a model are locked as the one that needs most: a lock that grows later is one that two can wait for in a circle.
    pub(crate) fn add(&mut self, model: ModelId, id: Uuid, strength: Strength) {
        let (_, ids, strongest) =
            self.0.entry(model.index()).or_insert_with(|| (model, BTreeSet::new(), strength));
        ids.insert(id);
        *strongest = strength.max(*strongest);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.values().map(|(_, ids, _)| ids.len()).sum()
    }

    /// In the order in which they are locked.
    pub(crate) fn sorted(self) -> impl Iterator<Item = (ModelId, Vec<Uuid>, Strength)> {
        self.0.into_values().map(|(model, ids, strength)| (model, ids.into_iter().collect(), strength))
    }
}

/// The statement that locks and reads the records whose ids are in parameter 1, an array, in their order.
pub(crate) fn lock_many(model: &Model, strength: Strength) -> String {
    let clause = match strength {
        Strength::Share => "FOR SHARE",
        Strength::Change => "FOR NO KEY UPDATE",
        Strength::Deletion => "FOR UPDATE",
    };
    format!("{} ORDER BY \"id\" {clause}", get_many(model))
}
