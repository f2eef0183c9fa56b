//! What the operators do to values. Nulls are decided here and nowhere else.

use crate::{Arithmetic, CompareOp, TextTest, Type, Value};
use std::cmp::Ordering;

/// A comparison: `==` and `!=` are total, an order with a null never holds.
pub(crate) fn compare(op: CompareOp, left: &Value, right: &Value) -> bool {
    match op {
        CompareOp::Equal => left == right,
        CompareOp::NotEqual => left != right,
        CompareOp::Less => left.order(right) == Some(Ordering::Less),
        CompareOp::LessOrEqual => left.order(right).is_some_and(Ordering::is_le),
        CompareOp::Greater => left.order(right) == Some(Ordering::Greater),
        CompareOp::GreaterOrEqual => left.order(right).is_some_and(Ordering::is_ge),
    }
}

/// Whether an item that is not null is in a list that is not null.
pub(crate) fn is_in(item: &Value, list: &Value) -> bool {
    match list {
        Value::List(items) => !item.is_null() && items.contains(item),
        _ => false,
    }
}

/// A test of a text that is not null for one that is not null.
pub(crate) fn text(test: TextTest, subject: &Value, needle: &Value) -> bool {
    let (Value::Text(subject), Value::Text(needle)) = (subject, needle) else { return false };
    match test {
        TextTest::StartsWith => subject.starts_with(needle),
        TextTest::EndsWith => subject.ends_with(needle),
        TextTest::Contains => subject.contains(needle),
    }
}

/// Arithmetic on the integers within; null of null, of what is no number, and beyond 64 bits.
pub(crate) fn arithmetic(op: Arithmetic, left: &Value, right: &Value, ty: &Type) -> Value {
    let (Some(left), Some(right)) = (integer(left), integer(right)) else { return Value::Null };
    let result = match op {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
    };
    match (result, ty) {
        (Some(result), Type::Timestamp) => Value::Timestamp(result),
        (Some(result), Type::Duration) => Value::Duration(result),
        (Some(result), _) => Value::Int(result),
        (None, _) => Value::Null,
    }
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Int(value) | Value::Timestamp(value) | Value::Duration(value) => Some(*value),
        _ => None,
    }
}

/// The code points of a text or the elements of a list; null of anything else.
pub(crate) fn size(of: &Value) -> Value {
    let size = match of {
        Value::Text(text) => text.chars().count(),
        Value::List(items) => items.len(),
        _ => return Value::Null,
    };
    i64::try_from(size).map_or(Value::Null, Value::Int)
}

/// A text with A-Z as a-z; null of anything else.
pub(crate) fn lower_ascii(of: &Value) -> Value {
    match of {
        Value::Text(text) => Value::Text(text.to_ascii_lowercase()),
        _ => Value::Null,
    }
}
