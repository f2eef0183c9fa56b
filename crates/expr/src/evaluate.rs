//! The reference evaluation of closed predicates: by looking at every record. What an adapter answers with a query must agree with it.

use crate::{FieldId, FieldRef, Link, ModelId, Operand, Predicate, Source, Value, apply};

/// The records that a closed predicate asks about.
pub trait Records {
    /// The live (not soft-deleted) records of a model; their field 0 is the id.
    fn live(&self, model: ModelId) -> Vec<&[Value]>;
}

/// Whether a closed predicate holds: one whose every field is of a record that it binds itself, and that has no variables left.
/// A field or variable that it does not bind counts as null.
pub fn evaluate_closed(predicate: &Predicate, records: &dyn Records) -> bool {
    Evaluation { records, bound: None }.holds(predicate)
}

/// The place of the id in every record.
const ID: FieldId = FieldId(0);

/// The records bound so far, the innermost first.
#[derive(Clone, Copy)]
struct Bound<'a> {
    level: u8,
    record: &'a [Value],
    outside: Option<&'a Bound<'a>>,
}

#[derive(Clone, Copy)]
struct Evaluation<'a> {
    records: &'a dyn Records,
    bound: Option<&'a Bound<'a>>,
}

impl Evaluation<'_> {
    fn holds(self, predicate: &Predicate) -> bool {
        match predicate {
            Predicate::Const(answer) => *answer,
            Predicate::All(items) => items.iter().all(|item| self.holds(item)),
            Predicate::Any(items) => items.iter().any(|item| self.holds(item)),
            Predicate::Not(inner) => !self.holds(inner),
            Predicate::Compare { op, left, right } => {
                apply::compare(*op, &self.value(left), &self.value(right))
            }
            Predicate::In { item, list } => apply::is_in(&self.value(item), &self.value(list)),
            Predicate::Text { test, subject, needle } => {
                apply::text(*test, &self.value(subject), &self.value(needle))
            }
            Predicate::Truth(operand) => self.value(operand) == Value::Bool(true),
            Predicate::Exists { model, link, level, filter } => {
                let (field, id) = match link {
                    Link::To(id) => (ID, id),
                    Link::From { field, id } => (*field, id),
                };
                let linked = self.linked(*model, field, &self.value(id));
                linked.into_iter().any(|record| self.with(*level, record, |inner| inner.holds(filter)))
            }
        }
    }

    fn value(self, operand: &Operand) -> Value {
        match operand {
            Operand::Value(value) => value.clone(),
            Operand::Var(_) => Value::Null,
            Operand::Field(field) => self.field(*field),
            Operand::Lookup { via, model, level, guard, value } => {
                let found = self.linked(*model, ID, &self.value(via)).into_iter().next();
                let seen = found.and_then(|record| {
                    self.with(*level, record, |inner| inner.holds(guard).then(|| inner.value(value)))
                });
                seen.unwrap_or_default()
            }
            Operand::Arithmetic { op, left, right, ty } => {
                apply::arithmetic(*op, &self.value(left), &self.value(right), ty)
            }
            Operand::Size { of, .. } => apply::size(&self.value(of)),
            Operand::LowerAscii(of) => apply::lower_ascii(&self.value(of)),
        }
    }

    fn field(self, field: FieldRef) -> Value {
        let mut bound = self.bound;
        while let Some(inner) = bound {
            if field.source == Source::Bound(inner.level) {
                return inner.record.get(field.field.index()).cloned().unwrap_or_default();
            }
            bound = inner.outside;
        }
        Value::Null
    }

    /// Evaluates with one more record bound.
    fn with<T>(self, level: u8, record: &[Value], evaluate: impl FnOnce(Evaluation<'_>) -> T) -> T {
        let bound = Bound { level, record, outside: self.bound };
        evaluate(Evaluation { records: self.records, bound: Some(&bound) })
    }
}

impl<'a> Evaluation<'a> {
    /// The live records whose field is this id; a null links nothing.
    fn linked(self, model: ModelId, field: FieldId, id: &Value) -> Vec<&'a [Value]> {
        if id.is_null() {
            return Vec::new();
        }
        let mut records = self.records.live(model);
        records.retain(|record| record.get(field.index()) == Some(id));
        records
    }
}
