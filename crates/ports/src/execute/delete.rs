//! Deleting, restoring and purging, and what becomes of the records that point to the one concerned.

use super::judge::Records;
use super::write::require_version;
use super::{Execution, MAX_CASCADE, Stop};
use crate::{Delete, Operation, Outcome, Purge, Record, Rejection, Restore};
use mainstay_expr::{FieldId, ModelId, Predicate, Value};
use mainstay_model::{Model, OnDelete, base};
use std::collections::HashSet;
use uuid::Uuid;

/// A ref that points to some model.
struct Incoming {
    model: ModelId,
    field: FieldId,
    on_delete: OnDelete,
}

impl Execution<'_> {
    pub(super) fn delete(&mut self, delete: &Delete) -> Result<Outcome, Stop> {
        let model = self.application.model(delete.model);
        let record = self.live(model, delete.id)?;
        self.require_visible(model, &record)?;
        require_version(&record, delete.if_version)?;
        if !self.allows(model.allow.delete.as_ref(), Records::only(&record))? {
            return Err(Rejection::Forbidden.into());
        }
        let outcome = self.outcome(model, record.clone(), false)?;
        let (deleted, _) = self.cascade(model, record, MAX_CASCADE)?;
        Ok(with_record(outcome, deleted))
    }

    /// Deletes a record and, by their `on_delete`, those that point to it. A list of work and not a recursion: chains of records
    /// may be long. Answers the record as it is now, and how many there were, at most `limit`.
    pub(super) fn cascade(
        &mut self,
        model: &Model,
        record: Record,
        limit: usize,
    ) -> Result<(Record, usize), Stop> {
        // One instant for all, by which a restoration knows them. A clock that has jumped back must not make the deletion older than the record,
        // which would be purged before its time.
        let at = self.now().max(record.updated_at());
        let mut deleted = None;
        let mut seen = HashSet::from([(model.id, record.id())]);
        let mut waiting = vec![(model.id, record)];
        while let Some((model, record)) = waiting.pop() {
            for incoming in self.incoming(model) {
                for child in self.live_children(&incoming, record.id())? {
                    self.release(&incoming, child, &mut seen, &mut waiting)?;
                }
            }
            if seen.len() > limit {
                return Err(Rejection::CascadeTooLarge.into());
            }
            let record = self.delete_one(self.application.model(model), record, at)?;
            deleted.get_or_insert(record);
        }
        deleted.map(|deleted| (deleted, seen.len())).ok_or_else(|| Rejection::NotFound.into())
    }

    /// Does what a ref's `on_delete` says of a record that points to one being deleted.
    fn release(
        &mut self,
        incoming: &Incoming,
        child: Record,
        seen: &mut HashSet<(ModelId, Uuid)>,
        waiting: &mut Vec<(ModelId, Record)>,
    ) -> Result<(), Stop> {
        match incoming.on_delete {
            _ if seen.contains(&(incoming.model, child.id())) => {}
            OnDelete::Restrict => {
                return Err(Rejection::Restricted { model: incoming.model, field: incoming.field }.into());
            }
            OnDelete::Cascade => {
                seen.insert((incoming.model, child.id()));
                waiting.push((incoming.model, child));
            }
            OnDelete::SetNull => {
                let mut new = child.clone();
                new.set(incoming.field, Value::Null);
                self.touch(&child, &mut new);
                self.rows.replace(incoming.model, &new)?.map_err(Rejection::Unique)?;
                self.append(incoming.model, Operation::Update, Some(&child), Some(&new))?;
            }
        }
        Ok(())
    }

    fn delete_one(&mut self, model: &Model, record: Record, at: i64) -> Result<Record, Stop> {
        if !model.soft_delete {
            self.rows.remove(model.id, record.id())?;
            self.append(model.id, Operation::Delete, Some(&record), None)?;
            return Ok(record);
        }
        let mut deleted = record.clone();
        deleted.set(base::DELETED_AT, Value::Timestamp(at));
        self.touch(&record, &mut deleted);
        self.rows.replace(model.id, &deleted)?.map_err(Rejection::Unique)?;
        self.append(model.id, Operation::Delete, Some(&record), Some(&deleted))?;
        Ok(deleted)
    }

    /// The delete rule decides, as for the deletion itself: who may take it away may bring it back.
    pub(super) fn restore(&mut self, restore: &Restore) -> Result<Outcome, Stop> {
        let model = self.application.model(restore.model);
        let record = self.rows.get(model.id, restore.id)?.ok_or(Rejection::NotFound)?;
        self.require_visible(model, &record)?;
        let Some(deleted_at) = record.deleted_at() else {
            require_version(&record, restore.if_version)?;
            return Err(Rejection::NotDeleted.into());
        };
        if !self.allows(model.allow.delete.as_ref(), Records::only(&record))? {
            // A deleted record is seen by those alone who may delete it.
            return Err(Rejection::NotFound.into());
        }
        require_version(&record, restore.if_version)?;
        let mut restored: Vec<(ModelId, Record)> = Vec::new();
        // A record that points to two of them is found with each.
        let mut seen = HashSet::new();
        let mut waiting = vec![(model.id, record)];
        while let Some((model, record)) = waiting.pop() {
            if !seen.insert((model, record.id())) {
                continue;
            }
            if restored.len() == MAX_CASCADE {
                return Err(Rejection::CascadeTooLarge.into());
            }
            let id = record.id();
            restored.push((model, self.restore_one(self.application.model(model), &record)?));
            waiting.extend(self.deleted_with(model, id, deleted_at)?);
        }
        // Only now, since records that were deleted together may point to each other in any direction.
        for (model, record) in &restored {
            self.validate(self.application.model(*model), None, record)?;
        }
        let (_, first) = restored.swap_remove(0);
        self.outcome(model, first, false)
    }

    fn restore_one(&mut self, model: &Model, record: &Record) -> Result<Record, Stop> {
        let mut restored = record.clone();
        restored.set(base::DELETED_AT, Value::Null);
        self.touch(record, &mut restored);
        self.rows.replace(model.id, &restored)?.map_err(Rejection::Unique)?;
        self.append(model.id, Operation::Restore, Some(record), Some(&restored))?;
        Ok(restored)
    }

    /// The records that were deleted in one go with the one they point to: by the same transaction, hence at the same instant.
    fn deleted_with(&mut self, model: ModelId, id: Uuid, at: i64) -> Result<Vec<(ModelId, Record)>, Stop> {
        let mut found = Vec::new();
        for incoming in
            self.incoming(model).into_iter().filter(|incoming| incoming.on_delete == OnDelete::Cascade)
        {
            let filter = Predicate::All(vec![
                Predicate::equals(incoming.field, Value::Uuid(id)),
                Predicate::equals(base::DELETED_AT, Value::Timestamp(at)),
            ]);
            let records = self.rows.find(incoming.model, &filter, MAX_CASCADE + 1)?;
            found.extend(records.into_iter().map(|record| (incoming.model, record)));
        }
        Ok(found)
    }

    pub(super) fn purge(&mut self, purge: &Purge) -> Result<Outcome, Stop> {
        let model = self.application.model(purge.model);
        if !self.is_system() {
            return Err(Rejection::Forbidden.into());
        }
        let mut filter = vec![purge.filter.clone()];
        if !model.internal {
            filter.push(Predicate::Not(Box::new(Predicate::equals(base::DELETED_AT, Value::Null))));
        }
        let records = self.rows.find(model.id, &Predicate::All(filter), purge.limit as usize)?;
        for record in &records {
            self.rows.remove(model.id, record.id())?;
            self.append(model.id, Operation::Purge, Some(record), None)?;
        }
        Ok(Outcome::Count(records.len() as u64))
    }

    fn incoming(&self, target: ModelId) -> Vec<Incoming> {
        let models = self.application.models.iter();
        let refs = models.flat_map(|model| {
            model.refs().map(move |(field, to, on_delete)| (model.id, field.id, to, on_delete))
        });
        refs.filter(|(_, _, to, _)| *to == target)
            .map(|(model, field, _, on_delete)| Incoming { model, field, on_delete })
            .collect()
    }

    fn live_children(&mut self, incoming: &Incoming, id: Uuid) -> Result<Vec<Record>, Stop> {
        let filter = Predicate::All(vec![
            Predicate::equals(incoming.field, Value::Uuid(id)),
            Predicate::equals(base::DELETED_AT, Value::Null),
        ]);
        let children = self.rows.find(incoming.model, &filter, MAX_CASCADE + 1)?;
        // Those beyond must not be left pointing to what is gone.
        if children.len() > MAX_CASCADE { Err(Rejection::CascadeTooLarge.into()) } else { Ok(children) }
    }
}

fn with_record(outcome: Outcome, record: Record) -> Outcome {
    match outcome {
        Outcome::Record { created, readable, hidden, .. } => {
            Outcome::Record { record, created, readable, hidden }
        }
        count @ Outcome::Count(_) => count,
    }
}
