//! Records in memory, and what a predicate comes to on them by the letter of its documentation.
//!
//! It is as plain as can be: every operand is evaluated, and a search looks at every record.

use mainstay_expr::{
    Arithmetic, CompareOp, FieldRef, Link, ModelId, Operand, Predicate, Source, TextTest, Type, Value,
};
use mainstay_model::{Application, base};
use std::cmp::Ordering;

pub(crate) struct World {
    pub(crate) app: Application,
    /// The records of each model.
    pub(crate) records: Vec<Vec<Vec<Value>>>,
}

/// The records in scope.
type Scope<'a> = Vec<(Source, &'a [Value])>;

impl World {
    pub(crate) fn holds(&self, predicate: &Predicate, record: &[Value]) -> bool {
        self.decide(predicate, &vec![(Source::Record, record)])
    }

    fn decide(&self, predicate: &Predicate, scope: &Scope<'_>) -> bool {
        match predicate {
            Predicate::Const(answer) => *answer,
            Predicate::All(parts) => parts.iter().all(|part| self.decide(part, scope)),
            Predicate::Any(parts) => parts.iter().any(|part| self.decide(part, scope)),
            Predicate::Not(inner) => !self.decide(inner, scope),
            Predicate::Compare { op, left, right } => {
                compare(*op, &self.value(left, scope), &self.value(right, scope))
            }
            Predicate::In { item, list } => match (self.value(item, scope), self.value(list, scope)) {
                (Value::Null, _) => false,
                (item, Value::List(elements)) => elements.contains(&item),
                _ => false,
            },
            Predicate::Text { test, subject, needle } => {
                test_text(*test, &self.value(subject, scope), &self.value(needle, scope))
            }
            Predicate::Truth(operand) => self.value(operand, scope) == Value::Bool(true),
            Predicate::Exists { model, link, level, filter } => {
                let (field, id) = match link {
                    Link::To(id) => (base::ID, id),
                    Link::From { field, id } => (*field, id),
                };
                let id = self.value(id, scope);
                self.live(*model).any(|record| {
                    !id.is_null()
                        && record[field.index()] == id
                        && self.decide(filter, &bind(scope, *level, record))
                })
            }
        }
    }

    fn live(&self, model: ModelId) -> impl Iterator<Item = &[Value]> {
        let records = self.records[model.index()].iter().map(Vec::as_slice);
        records.filter(|record| record[base::DELETED_AT.index()].is_null())
    }

    fn value(&self, operand: &Operand, scope: &Scope<'_>) -> Value {
        match operand {
            Operand::Value(value) => value.clone(),
            Operand::Var(_) => Value::Null,
            Operand::Field(FieldRef { source, field }) => {
                let (_, record) = scope.iter().rev().find(|(in_scope, _)| in_scope == source).unwrap();
                record[field.index()].clone()
            }
            Operand::Lookup { via, model, level, guard, value } => {
                let id = self.value(via, scope);
                let Some(record) = self.live(*model).find(|record| record[0] == id) else {
                    return Value::Null;
                };
                let scope = bind(scope, *level, record);
                if self.decide(guard, &scope) { self.value(value, &scope) } else { Value::Null }
            }
            Operand::Arithmetic { op, left, right, ty } => {
                arithmetic(*op, &self.value(left, scope), &self.value(right, scope), ty).unwrap_or_default()
            }
            Operand::Size { of, .. } => match self.value(of, scope) {
                Value::Text(text) => Value::Int(text.chars().count() as i64),
                Value::List(elements) => Value::Int(elements.len() as i64),
                _ => Value::Null,
            },
            Operand::LowerAscii(text) => match self.value(text, scope) {
                Value::Text(text) => Value::Text(text.to_ascii_lowercase()),
                _ => Value::Null,
            },
        }
    }
}

fn bind<'a>(scope: &Scope<'a>, level: u8, record: &'a [Value]) -> Scope<'a> {
    let mut inner = scope.clone();
    inner.push((Source::Bound(level), record));
    inner
}

fn compare(op: CompareOp, left: &Value, right: &Value) -> bool {
    let order = left.order(right);
    match op {
        CompareOp::Equal => left == right,
        CompareOp::NotEqual => left != right,
        CompareOp::Less => order == Some(Ordering::Less),
        CompareOp::LessOrEqual => order.is_some_and(Ordering::is_le),
        CompareOp::Greater => order == Some(Ordering::Greater),
        CompareOp::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
    }
}

fn test_text(test: TextTest, subject: &Value, needle: &Value) -> bool {
    let (Some(subject), Some(needle)) = (subject.as_text(), needle.as_text()) else { return false };
    match test {
        TextTest::StartsWith => subject.starts_with(needle),
        TextTest::EndsWith => subject.ends_with(needle),
        TextTest::Contains => subject.contains(needle),
    }
}

fn arithmetic(op: Arithmetic, left: &Value, right: &Value, ty: &Type) -> Option<Value> {
    let (left, right) = (integer(left)?, integer(right)?);
    let result = match op {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
    }?;
    Some(match ty {
        Type::Timestamp => Value::Timestamp(result),
        Type::Duration => Value::Duration(result),
        _ => Value::Int(result),
    })
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) | Value::Timestamp(number) | Value::Duration(number) => Some(*number),
        _ => None,
    }
}
