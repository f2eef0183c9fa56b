//! The write path's rows, in memory.

use super::State;
use super::table::Tables;
use mainstay_expr::{FieldId, ModelId, Predicate, Value, evaluate_closed};
use mainstay_model::{Application, base};
use mainstay_ports::{NewChange, Record, Rows, StoreError};
use uuid::Uuid;

/// The rows within a transaction, with what is needed to undo it.
pub(super) struct MemoryRows<'a> {
    application: &'a Application,
    state: &'a mut State,
    /// What was at each place before it was written to, in the order of the writes.
    before: Vec<(ModelId, Uuid, Option<Record>)>,
    changes: usize,
}

impl<'a> MemoryRows<'a> {
    pub(super) fn new(application: &'a Application, state: &'a mut State) -> Self {
        MemoryRows { application, state, before: Vec::new(), changes: 0 }
    }

    /// Takes everything back, the last write first.
    pub(super) fn undo(&mut self) {
        while let Some((model, id, before)) = self.before.pop() {
            let records = &mut self.state.tables[model.index()].records;
            match before {
                Some(record) => records.insert(id, record),
                None => records.remove(&id),
            };
        }
        self.state.feed.remove_last(self.changes);
    }

    fn write(&mut self, model: ModelId, record: &Record) -> Result<(), Vec<FieldId>> {
        let table = &mut self.state.tables[model.index()];
        if let Some(index) = table.violated(self.application.model(model), record) {
            return Err(index.fields.clone());
        }
        let before = table.records.insert(record.id(), record.clone());
        self.before.push((model, record.id(), before));
        Ok(())
    }
}

impl Rows for MemoryRows<'_> {
    fn get(&mut self, model: ModelId, id: Uuid) -> Result<Option<Record>, StoreError> {
        Ok(self.state.tables[model.index()].records.get(&id).cloned())
    }

    fn insert(&mut self, model: ModelId, record: &Record) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        if self.state.tables[model.index()].records.contains_key(&record.id()) {
            return Ok(Err(vec![base::ID]));
        }
        Ok(self.write(model, record))
    }

    fn replace(&mut self, model: ModelId, record: &Record) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        Ok(self.write(model, record))
    }

    fn remove(&mut self, model: ModelId, id: Uuid) -> Result<(), StoreError> {
        let before = self.state.tables[model.index()].records.remove(&id);
        self.before.push((model, id, before));
        Ok(())
    }

    fn find(&mut self, model: ModelId, filter: &Predicate, limit: usize) -> Result<Vec<Record>, StoreError> {
        let tables = Tables(&self.state.tables);
        let records = self.state.tables[model.index()].records.values();
        Ok(records.filter(|record| tables.matches(filter, None, record)).take(limit).cloned().collect())
    }

    fn search(&mut self, model: ModelId, filter: &Predicate, limit: usize) -> Result<Vec<Uuid>, StoreError> {
        Ok(self.find(model, filter, limit)?.iter().map(Record::id).collect())
    }

    fn holds(&mut self, closed: &Predicate) -> Result<bool, StoreError> {
        Ok(evaluate_closed(closed, &Tables(&self.state.tables)))
    }

    fn append(&mut self, change: NewChange<'_>) -> Result<(), StoreError> {
        self.state.feed.append(change);
        self.changes += 1;
        Ok(())
    }

    fn keep(
        &mut self,
        model: ModelId,
        mut record: Record,
        position: FieldId,
    ) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        record.set(position, Value::Bytes(self.state.feed.end().to_bytes().to_vec()));
        self.insert(model, &record)
    }
}
