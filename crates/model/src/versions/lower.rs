//! What clients of an older version write.

use super::Face;
use super::step::{Step, Target, renamed};
use crate::{Default, Field, Model, json};
use mainstay_expr::{FieldId, Formula, ModelId, Value};
use std::sync::Arc;

/// The values of some fields.
type Values = Vec<(FieldId, Value)>;

/// What is wrong with a field, in the terms of the version that a client speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFault {
    /// The field's name in that version.
    pub field: String,
    /// A stable code, as of [`json::Invalid`].
    pub code: &'static str,
    /// What is wrong, for the client.
    pub message: String,
}

/// What a write of some fields comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Lowered {
    /// These values of the application's fields.
    Values(Values),
    /// It depends on other fields of the record, which have to be read first: a field of the application is made from several of this version's,
    /// and only some of these were given.
    NeedsRecord,
}

/// What is known of the record that is written.
#[derive(Clone, Copy)]
enum Rest<'a> {
    /// There is none: what was not given has its default.
    New,
    /// It keeps what was not given, which nobody has looked at yet.
    Kept,
    /// It keeps what was not given: these values.
    Known(&'a [Value]),
}

impl Face {
    /// The application's fields of a whole record: a create, or a replacement.
    ///
    /// # Errors
    /// What is wrong with which field, all of them.
    pub fn lower_record(&self, newest: &Model, values: Values) -> Result<Values, Vec<FieldFault>> {
        match self.lower(newest, values, |_| Rest::New)? {
            Lowered::Values(values) => Ok(values),
            Lowered::NeedsRecord => Ok(Vec::new()), // Not of a new record.
        }
    }

    /// The application's fields of an update; `record` has the values of the application's record, if they are known.
    ///
    /// # Errors
    /// As [`Face::lower_record`].
    pub fn lower_update(
        &self,
        newest: &Model,
        values: Values,
        record: Option<&[Value]>,
    ) -> Result<Lowered, Vec<FieldFault>> {
        let raised: Vec<Option<Vec<Value>>> = (1..=self.steps().len())
            .map(|count| record.map(|record| self.raise_through(count, newest.id, record)))
            .collect();
        self.lower(newest, values, |step| match &raised[step] {
            Some(record) => Rest::Known(record),
            None => Rest::Kept,
        })
    }

    fn lower<'r>(
        &self,
        newest: &Model,
        values: Values,
        rest: impl Fn(usize) -> Rest<'r>,
    ) -> Result<Lowered, Vec<FieldFault>> {
        let mut values = values;
        for (index, step) in self.steps().iter().enumerate().rev() {
            let newer = match index.checked_sub(1) {
                Some(before) => self.steps()[before].older.model(newest.id),
                None => newest,
            };
            let lowering = Lowering { step, newer, older: step.older.model(newest.id), rest: rest(index) };
            match lowering.lower(&values) {
                Ok(Lowered::Values(lowered)) => values = lowered,
                Ok(needs) => return Ok(needs),
                Err(faults) => return Err(self.in_own_names(index, newest.id, faults)),
            }
        }
        Ok(Lowered::Values(values))
    }

    /// Faults with fields of the version that a step leads to, in the names of this one.
    fn in_own_names(
        &self,
        step: usize,
        model: ModelId,
        faults: Vec<(FieldId, FieldFault)>,
    ) -> Vec<FieldFault> {
        let own = |(field, fault): (FieldId, FieldFault)| {
            let after = &self.steps()[step + 1..];
            let blamed =
                after.iter().try_fold(field, |field, step: &Arc<Step>| step.model(model).blamed(field));
            let name = blamed.map(|field| self.model(model).field(field).name.clone());
            FieldFault { field: name.unwrap_or(fault.field), ..fault }
        };
        faults.into_iter().map(own).collect()
    }
}

/// A write on its way from a version to the one after it.
struct Lowering<'a> {
    step: &'a Step,
    newer: &'a Model,
    older: &'a Model,
    rest: Rest<'a>,
}

impl Lowering<'_> {
    /// The newer values; the faults are with older fields.
    fn lower(&self, given: &Values) -> Result<Lowered, Vec<(FieldId, FieldFault)>> {
        let mut lowered = Values::new();
        let mut faults = Vec::new();
        for field in &self.newer.fields {
            match self.value(field, given) {
                Ok(Some(value)) => lowered.push((field.id, value)),
                Ok(None) => {}
                Err(Obstacle::NeedsRecord) => return Ok(Lowered::NeedsRecord),
                Err(Obstacle::Fault(fault)) => faults.push(fault),
            }
        }
        if faults.is_empty() { Ok(Lowered::Values(lowered)) } else { Err(faults) }
    }

    fn value(&self, newer: &Field, given: &Values) -> Result<Option<Value>, Obstacle> {
        let find = |field: &FieldId| given.iter().find(|(id, _)| id == field).map(|(_, value)| value.clone());
        match &self.step.model(self.newer.id).targets[newer.id.index()] {
            Target::Same(field) => Ok(find(field)),
            Target::Renamed(field, names) => Ok(find(field).map(|value| renamed(value, names))),
            Target::Computed(formula) => self.computed(newer, formula, given),
            Target::Untouched => Ok(None),
        }
    }

    fn computed(&self, newer: &Field, formula: &Formula, given: &Values) -> Result<Option<Value>, Obstacle> {
        let fields = formula.fields();
        let is_given = |field: &FieldId| given.iter().any(|(id, _)| id == field);
        let record = match self.rest {
            Rest::New => self.new_record(&fields, given)?,
            Rest::Kept | Rest::Known(_) if !fields.iter().any(is_given) => return Ok(None),
            Rest::Kept if !fields.iter().all(is_given) => return Err(Obstacle::NeedsRecord),
            Rest::Kept => self.with(vec![Value::Null; self.older.fields.len()], given),
            Rest::Known(record) => self.with(record.to_vec(), given),
        };
        let value = formula.evaluate(&record);
        if value.is_null() && is_lost(newer, formula, &record) {
            return Err(self.fault(&fields, "format", LOST.to_owned()));
        }
        match checked(newer, &value) {
            Ok(()) => Ok(Some(value)),
            Err(invalid) => Err(self.fault(&fields, invalid.code, invalid.message)),
        }
    }

    /// The older record that is to be made, as far as the formula asks for it.
    fn new_record(&self, fields: &[FieldId], given: &Values) -> Result<Vec<Value>, Obstacle> {
        let missing = |field: &&FieldId| {
            let field = self.older.field(**field);
            !given.iter().any(|(id, _)| *id == field.id) && !field.optional && field.default.is_none()
        };
        if let Some(field) = fields.iter().find(missing) {
            return Err(self.fault(&[*field], "required", "must have a value".to_owned()));
        }
        let of_default = |field: &Field| match &field.default {
            Some(Default::Value(value)) => value.clone(),
            _ => Value::Null,
        };
        Ok(self.with(self.older.fields.iter().map(of_default).collect(), given))
    }

    fn with(&self, mut record: Vec<Value>, given: &Values) -> Vec<Value> {
        for (field, value) in given {
            record[field.index()] = value.clone();
        }
        record
    }

    fn fault(&self, fields: &[FieldId], code: &'static str, message: String) -> Obstacle {
        let field = fields.first().copied().unwrap_or(crate::base::ID);
        let name = self.older.field(field).name.clone();
        Obstacle::Fault((field, FieldFault { field: name, code, message }))
    }
}

enum Obstacle {
    NeedsRecord,
    Fault((FieldId, FieldFault)),
}

/// What is said of a value that was given and came to nothing: it was not left out, and is not to be lost without a word.
const LOST: &str = "is out of range, or has no form in the newest version of the API";

/// Whether a formula came to null not because it says so, or was given null, but because it could not turn what it was given.
fn is_lost(newer: &Field, formula: &Formula, record: &[Value]) -> bool {
    let given = |field: &FieldId| !record[field.index()].is_null();
    match formula {
        Formula::Convert { of, .. } => !of.evaluate(record).is_null(),
        other => !newer.optional && other.fields().first().is_some_and(given),
    }
}

/// A value that a formula came to is checked as if a client had sent it.
fn checked(field: &Field, value: &Value) -> Result<(), json::Invalid> {
    let mut text = Vec::new();
    json::encode(value, &mut text);
    match serde_json::from_slice(&text) {
        Ok(value) => json::decode(field, &value).map(drop),
        Err(_) => Err(json::Invalid::new("type", "has no form in this version of the API")),
    }
}
