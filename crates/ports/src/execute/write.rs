//! Creating, changing and replacing.

use super::judge::Records;
use super::{Execution, Stop};
use crate::{Create, Operation, Outcome, Put, Record, Rejection, Update};
use mainstay_expr::{FieldId, Value};
use mainstay_model::{Field, Model, base};

impl Execution<'_> {
    pub(super) fn create(&mut self, create: &Create) -> Result<Outcome, Stop> {
        let model = self.application.model(create.model);
        let record = self.new_record(model, create);
        // The rule comes before everything that tells of other records, so that a stranger learns nothing from the kind of refusal.
        if !self.allows(model.allow.create.as_ref(), Records::only(&record))? {
            return Err(Rejection::Forbidden.into());
        }
        for field in &create.given {
            self.require_writable(model, *field, &record)?;
        }
        self.validate(model, None, &record)?;
        let outcome = self.outcome(model, record, true)?;
        let Outcome::Record { record, .. } = &outcome else { return Ok(outcome) };
        if let Err(fields) = self.rows.insert(create.model, record)? {
            // A record that is there as a whole may be told by any of its unique fields.
            let exists = fields.as_slice() == [base::ID] || self.rows.get(create.model, create.id)?.is_some();
            return Err(if exists { Rejection::Exists } else { Rejection::Unique(fields) }.into());
        }
        self.append(create.model, Operation::Create, None, Some(record))?;
        Ok(outcome)
    }

    pub(super) fn new_record(&self, model: &Model, create: &Create) -> Record {
        let mut record = Record { values: vec![Value::Null; model.fields.len()] };
        record.set(base::ID, Value::Uuid(create.id));
        record.set(base::CREATED_AT, Value::Timestamp(self.now()));
        record.set(base::UPDATED_AT, Value::Timestamp(self.now()));
        record.set(base::VERSION, Value::Int(1));
        for (field, value) in &create.values {
            record.set(*field, value.clone());
        }
        record
    }

    pub(super) fn update(&mut self, update: &Update) -> Result<Outcome, Stop> {
        let model = self.application.model(update.model);
        let old = self.live(model, update.id)?;
        self.require_visible(model, &old)?;
        require_version(&old, update.if_version)?;
        if let Some(require) = &update.require
            && !self.holds(require, Records::only(&old))?
        {
            return Err(Rejection::RequirementFailed.into());
        }
        let mut new = old.clone();
        for (field, value) in &update.set {
            new.set(*field, value.clone());
        }
        let sent: Vec<FieldId> = update.set.iter().map(|(field, _)| *field).collect();
        let new = self.change(model, &old, new, &sent)?;
        self.outcome(model, new, false)
    }

    pub(super) fn put(&mut self, put: &Put) -> Result<Outcome, Stop> {
        let model = self.application.model(put.create.model);
        let old = match self.rows.get(model.id, put.create.id)? {
            None if put.if_version.is_some() => {
                return Err(Rejection::VersionMismatch { current: None }.into());
            }
            None => return self.create(&put.create),
            Some(old) if old.deleted_at().is_some() => return Err(Rejection::Exists.into()),
            Some(old) => old,
        };
        self.require_visible(model, &old)?;
        if put.only_create {
            return Err(Rejection::Exists.into());
        }
        require_version(&old, put.if_version)?;
        let mut new = old.clone();
        for field in model.declared() {
            if put.create.given.contains(&field.id) || self.is_replaced(model, field, &old)? {
                new.set(field.id, value_of(&put.create, field.id));
            }
        }
        let new = self.change(model, &old, new, &put.create.given)?;
        self.outcome(model, new, false)
    }

    /// Whether a replacement that does not name a field sets it to its default. What the caller may not see or not write stays, since
    /// leaving it out says nothing about it.
    fn is_replaced(&mut self, model: &Model, field: &Field, old: &Record) -> Result<bool, Stop> {
        if field.immutable || field.read_only || self.is_hidden(model, field.id, old)? {
            return Ok(false);
        }
        match self.require_writable(model, field.id, old) {
            Err(Stop::Rejected(_)) => Ok(false),
            result => result.map(|()| true),
        }
    }

    /// Writes a changed record, when the rules allow it, and answers it as it is then. One that is as it was stays as it is, version included.
    ///
    /// `sent` are the fields that the caller named. One that it may not see counts as changed whatever its value, so that neither a refusal nor
    /// the version tells whether a guess was right.
    pub(super) fn change(
        &mut self,
        model: &Model,
        old: &Record,
        mut new: Record,
        sent: &[FieldId],
    ) -> Result<Record, Stop> {
        self.require_may_update(model, old, &new)?;
        let mut is_changed = false;
        for field in model.declared() {
            let differs = old.get(field.id) != new.get(field.id);
            if differs || (sent.contains(&field.id) && self.is_hidden(model, field.id, old)?) {
                self.require_writable(model, field.id, old)?;
                if field.immutable {
                    return Err(Rejection::Immutable(field.id).into());
                }
                is_changed = true;
            }
        }
        self.validate(model, Some(old), &new)?;
        if is_changed {
            self.touch(old, &mut new);
            self.rows.replace(model.id, &new)?.map_err(Rejection::Unique)?;
            self.append(model.id, Operation::Update, Some(old), Some(&new))?;
        }
        Ok(new)
    }

    /// The update rule has to hold of the record as it was and as it would be: else one could give away or take over what one may not.
    fn require_may_update(&mut self, model: &Model, old: &Record, new: &Record) -> Result<(), Stop> {
        for record in [old, new] {
            let records = Records { record, change: Some((old, new)) };
            if !self.allows(model.allow.update.as_ref(), records)? {
                return Err(Rejection::Forbidden.into());
            }
        }
        Ok(())
    }

    /// Gives a changed record its new version and time. Time does not run backwards for a record, even when the clock does.
    pub(super) fn touch(&self, old: &Record, new: &mut Record) {
        new.set(base::VERSION, Value::Int(old.version() + 1));
        new.set(base::UPDATED_AT, Value::Timestamp(self.now().max(old.updated_at())));
    }

    pub(super) fn live(&mut self, model: &Model, id: uuid::Uuid) -> Result<Record, Stop> {
        let record = self.rows.get(model.id, id)?.filter(|record| record.deleted_at().is_none());
        Ok(record.ok_or(Rejection::NotFound)?)
    }
}

fn value_of(create: &Create, field: FieldId) -> Value {
    create.values.iter().find(|(id, _)| *id == field).map_or(Value::Null, |(_, value)| value.clone())
}

pub(super) fn require_version(record: &Record, expected: Option<i64>) -> Result<(), Stop> {
    match expected {
        Some(expected) if expected != record.version() => {
            Err(Rejection::VersionMismatch { current: Some(record.version()) }.into())
        }
        _ => Ok(()),
    }
}
