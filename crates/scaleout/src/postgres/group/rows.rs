//! The write path's rows, over what a group knows.

use super::super::named::Strength;
use super::super::rows::is_live;
use super::commit::Writes;
use super::facts::{Facts, Needs};
use super::overlay::{KeyHasher, Overlay};
use mainstay_expr::{FieldId, ModelId, Predicate, Value};
use mainstay_model::{Application, Model};
use mainstay_ports::{NewChange, Record, Rows, StoreError};
use mainstay_sql::migrate::{Extent, Schema, Table};
use uuid::Uuid;

/// What is unique in a model beside its id.
pub(crate) struct UniqueKey {
    pub(crate) fields: Vec<FieldId>,
    pub(crate) extent: Extent,
}

/// What is unique in each model, in the order of the models.
pub(crate) fn unique_keys(application: &Application) -> Vec<Vec<UniqueKey>> {
    let schema = Schema::of(application);
    let keys = |(model, table): (&Model, Table)| {
        let unique = table.indexes.into_iter().filter(|index| index.unique);
        let fields =
            |names: Vec<String>| names.iter().filter_map(|name| Some(model.field_named(name)?.id)).collect();
        unique.map(|index| UniqueKey { fields: fields(index.columns), extent: index.extent }).collect()
    };
    application.models.iter().zip(schema.tables).map(keys).collect()
}

/// The rows for one command of a group.
pub(super) struct GroupRows<'a> {
    pub(super) application: &'a Application,
    pub(super) unique_keys: &'a [Vec<UniqueKey>],
    pub(super) hasher: &'a KeyHasher,
    pub(super) facts: &'a Facts,
    /// What the commands before it wrote.
    pub(super) before: &'a Overlay,
    pub(super) needs: &'a mut Needs,
    /// What it writes itself.
    pub(super) own: Writes,
    pub(super) state: State,
}

/// Whether what a command came to counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It does.
    Sure,
    /// Answers are missing: it has to be run again.
    Guessed,
    /// It cannot be done here.
    Unfit,
}

impl GroupRows<'_> {
    /// Ends the run, since it cannot go on as it is.
    fn stop<T>(&mut self, state: State) -> Result<T, StoreError> {
        if self.state != State::Unfit {
            self.state = state;
        }
        Err(StoreError::Failed("the command is to be run again".to_owned()))
    }

    fn written(&self, model: ModelId, id: Uuid) -> Option<&Record> {
        self.own.records.get(model, id).or_else(|| self.before.get(model, id))
    }

    /// A record that nobody else changes meanwhile, as it is behind what the group has written.
    fn locked(&mut self, model: ModelId, id: Uuid, strength: Strength) -> Result<Option<Record>, StoreError> {
        if let Some(written) = self.written(model, id) {
            return Ok(Some(written.clone()));
        }
        match self.facts.record(model, id, strength) {
            Some(known) => Ok(known.clone()),
            None => {
                self.needs.record(model, id, strength);
                self.stop(State::Guessed)
            }
        }
    }

    /// The unique keys that a record has, by their hashes; `None` when another one of the group has one of them.
    fn keys(&self, model: ModelId, record: &Record) -> Option<Vec<u64>> {
        let mut keys = Vec::new();
        for (index, key) in self.unique_keys[model.index()].iter().enumerate() {
            let values: Vec<&Value> = key.fields.iter().map(|field| record.get(*field)).collect();
            if key.extent == Extent::Live && record.deleted_at().is_some() {
                continue;
            }
            keys.extend(self.hasher.hash(model, index, &values));
        }
        let is_taken =
            |key: &u64| [&self.own.records, self.before].iter().any(|by| by.is_taken(*key, record.id()));
        (!keys.iter().any(is_taken)).then_some(keys)
    }

    fn write(
        &mut self,
        model: ModelId,
        record: &Record,
        is_new: bool,
    ) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        let Some(keys) = self.keys(model, record) else { return self.stop(State::Unfit) };
        self.own.records.write(model, record, is_new, keys);
        Ok(Ok(()))
    }
}

impl Rows for GroupRows<'_> {
    fn get(&mut self, model: ModelId, id: Uuid) -> Result<Option<Record>, StoreError> {
        self.locked(model, id, Strength::Change)
    }

    fn hold(&mut self, model: ModelId, id: Uuid) -> Result<Option<Record>, StoreError> {
        self.locked(model, id, Strength::Share)
    }

    fn insert(&mut self, model: ModelId, record: &Record) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        let is_there = matches!(self.facts.record(model, record.id(), Strength::Share), Some(Some(_)));
        if is_there || self.written(model, record.id()).is_some() {
            return self.stop(State::Unfit);
        }
        self.write(model, record, true)
    }

    fn replace(&mut self, model: ModelId, record: &Record) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        self.write(model, record, false)
    }

    fn remove(&mut self, _: ModelId, _: Uuid) -> Result<(), StoreError> {
        self.stop(State::Unfit)
    }

    fn find(&mut self, _: ModelId, _: &Predicate, _: usize) -> Result<Vec<Record>, StoreError> {
        self.stop(State::Unfit)
    }

    fn search(&mut self, _: ModelId, _: &Predicate, _: usize) -> Result<Vec<Uuid>, StoreError> {
        self.stop(State::Unfit)
    }

    /// What is not known is taken to hold, so that the run goes on and comes to all questions that it has if all goes well.
    fn holds(&mut self, closed: &Predicate) -> Result<bool, StoreError> {
        if let Some((model, id)) = is_live(closed) {
            if let Some(written) = self.written(model, id) {
                return Ok(written.deleted_at().is_none());
            }
        } else {
            let asked = closed.asked_models();
            if asked.into_iter().any(|model| self.own.records.has(model) || self.before.has(model)) {
                return self.stop(State::Unfit);
            }
        }
        if let Some(answer) = self.facts.holds(closed) {
            return Ok(answer);
        }
        self.needs.closed(closed);
        if self.state == State::Sure {
            self.state = State::Guessed;
        }
        Ok(true)
    }

    fn append(&mut self, change: NewChange<'_>) -> Result<(), StoreError> {
        // Of a run that counts for nothing, nothing is kept, and encoding its records is not for free.
        if self.state == State::Sure {
            self.own.changes.push(self.application.model(change.model), &change);
        }
        Ok(())
    }

    fn keep(
        &mut self,
        model: ModelId,
        record: Record,
        position: FieldId,
    ) -> Result<Result<(), Vec<FieldId>>, StoreError> {
        self.own.receipts.push(model, position, record.id(), self.own.changes.len());
        self.insert(model, &record)
    }
}
