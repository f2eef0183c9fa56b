//! Rules and validations within a transaction.

use super::{Execution, Rows, Stop};
use crate::{Outcome, Record, Rejection, StoreError};
use mainstay_expr::{FieldId, Frame, Link, ModelId, Operand, Predicate, Related, Value, Vars, decide};
use mainstay_model::{Field, Model, Rule};

/// Remembers what closed predicates came to until the next write: a create rule and the read rule behind the answer often
/// ask the same of other records.
#[derive(Default)]
pub(super) struct Judge {
    answers: Vec<(Predicate, bool)>,
}

impl Judge {
    /// Forgets all answers, since rows have changed.
    pub(super) fn forget(&mut self) {
        self.answers.clear();
    }
}

/// The most answers that are remembered: all are looked through for each question, and what writes nothing for long, as the validation of
/// many records that were restored, may ask many.
const MAX_ANSWERS: usize = 32;

struct Asker<'a> {
    answers: &'a mut Vec<(Predicate, bool)>,
    rows: &'a mut dyn Rows,
}

impl Related for Asker<'_> {
    type Error = StoreError;

    fn holds(&mut self, closed: &Predicate) -> Result<bool, StoreError> {
        if let Some((_, answer)) = self.answers.iter().find(|(asked, _)| asked == closed) {
            return Ok(*answer);
        }
        let answer = self.rows.holds(closed)?;
        if self.answers.len() == MAX_ANSWERS {
            self.answers.clear();
        }
        self.answers.push((closed.clone(), answer));
        Ok(answer)
    }
}

/// The records that a rule may speak of.
#[derive(Clone, Copy)]
pub(super) struct Records<'a> {
    /// The bare names.
    pub(super) record: &'a Record,
    /// `old` and `new`, in an update.
    pub(super) change: Option<(&'a Record, &'a Record)>,
}

impl<'a> Records<'a> {
    pub(super) fn only(record: &'a Record) -> Self {
        Records { record, change: None }
    }
}

impl Execution<'_> {
    /// Whether a predicate holds of these records.
    pub(super) fn holds(&mut self, predicate: &Predicate, records: Records<'_>) -> Result<bool, Stop> {
        self.holds_for(&self.transaction.vars, predicate, records)
    }

    /// As [`Execution::holds`], for a request that brings `vars`.
    fn holds_for(&mut self, vars: &Vars, predicate: &Predicate, records: Records<'_>) -> Result<bool, Stop> {
        let frame = Frame {
            vars: Some(vars),
            record: Some(&records.record.values),
            old: records.change.map(|(old, _)| old.values.as_slice()),
            new: records.change.map(|(_, new)| new.values.as_slice()),
        };
        let mut asker = Asker { answers: &mut self.judge.answers, rows: &mut *self.rows };
        Ok(decide(predicate, &frame, &mut asker)?)
    }

    /// Whether a rule allows; one that is not there denies, and the engine itself needs none.
    pub(super) fn allows(&mut self, rule: Option<&Rule>, records: Records<'_>) -> Result<bool, Stop> {
        match rule {
            _ if self.is_system() => Ok(true),
            Some(rule) => self.holds(&rule.predicate, records),
            None => Ok(false),
        }
    }

    /// Refuses what the caller may not see as if it were not there.
    pub(super) fn require_visible(&mut self, model: &Model, record: &Record) -> Result<(), Stop> {
        let visible = self.allows(model.allow.read.as_ref(), Records::only(record))?;
        if visible { Ok(()) } else { Err(Rejection::NotFound.into()) }
    }

    /// Refuses a write of a field whose own rule forbids it.
    pub(super) fn require_writable(
        &mut self,
        model: &Model,
        field: FieldId,
        record: &Record,
    ) -> Result<(), Stop> {
        let Some(rule) = &model.field(field).write else { return Ok(()) };
        if self.is_system() || self.holds(rule, Records::only(record))? {
            return Ok(());
        }
        Err(Rejection::FieldForbidden(field).into())
    }

    /// Whether the caller may not see a field of a record that it may see.
    pub(super) fn is_hidden(&mut self, model: &Model, field: FieldId, record: &Record) -> Result<bool, Stop> {
        let field = model.field(field);
        match &field.read {
            _ if self.is_system() => Ok(false),
            _ if field.is_secret() => Ok(true),
            Some(rule) => Ok(!self.holds(rule, Records::only(record))?),
            None => Ok(false),
        }
    }

    /// Refuses a record that lacks a required value, fails a validation of its model, or points nowhere.
    pub(super) fn validate(&mut self, model: &Model, old: Option<&Record>, new: &Record) -> Result<(), Stop> {
        if let Some(field) =
            model.declared().iter().find(|field| !field.optional && new.get(field.id).is_null())
        {
            return Err(Rejection::Required(field.id).into());
        }
        for check in &model.checks {
            if !self.holds(&check.predicate, Records::only(new))? {
                return Err(Rejection::Check { field: check.field, message: check.message.clone() }.into());
            }
        }
        for (field, target, _) in model.refs() {
            let value = new.get(field.id);
            let unchanged = old.is_some_and(|old| old.get(field.id) == value);
            if let (Some(id), false) = (value.as_uuid(), unchanged) {
                self.require_live(target, id, field.id)?;
            }
        }
        Ok(())
    }

    fn require_live(&mut self, model: ModelId, id: uuid::Uuid, field: FieldId) -> Result<(), Stop> {
        let link = Link::To(Operand::Value(Value::Uuid(id)));
        let filter = Box::new(Predicate::Const(true));
        let live = self.rows.holds(&Predicate::Exists { model, link, level: 1, filter })?;
        if live { Ok(()) } else { Err(Rejection::RefNotFound(field).into()) }
    }

    /// The outcome of a step for the caller: the record, and what of it may be seen.
    pub(super) fn outcome(&mut self, model: &Model, record: Record, created: bool) -> Result<Outcome, Stop> {
        let readable = self.allows(model.allow.read.as_ref(), Records::only(&record))?;
        let mut hidden = Vec::new();
        for field in model.fields.iter().filter(|field| field.read.is_some()) {
            if self.is_left_out(model, field, &record)? {
                hidden.push(field.id);
            }
        }
        Ok(Outcome::Record { record, created, readable, hidden })
    }

    /// Whether a field is hidden from whom the outcomes are for.
    fn is_left_out(&mut self, model: &Model, field: &Field, record: &Record) -> Result<bool, Stop> {
        match (&self.transaction.viewer, &field.read) {
            (Some(viewer), Some(rule)) => Ok(!self.holds_for(viewer, rule, Records::only(record))?),
            _ => self.is_hidden(model, field.id, record),
        }
    }
}
