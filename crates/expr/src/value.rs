//! Values and their types.

use crate::{Decimal, ModelId};
use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::mem;
use uuid::Uuid;

/// The type of a value in an expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A 64-bit signed integer.
    Int,
    /// A finite IEEE 754 double; NaN and the infinities cannot be stored.
    Float,
    /// An exact decimal with this many digits after the point, at most 18 in all.
    Decimal {
        /// Digits after the point.
        scale: u8,
    },
    /// Unicode text without U+0000, compared by code point.
    Text,
    /// A UUID, compared by its 16 bytes.
    Uuid,
    /// A day, without a time zone.
    Date,
    /// A time of day, in microseconds.
    Time,
    /// An instant in UTC, in microseconds.
    Timestamp,
    /// A span of time, in microseconds.
    Duration,
    /// A JSON document; opaque to expressions but for a comparison with `null`.
    Json,
    /// Bytes; opaque to expressions but for a comparison with `null`.
    Bytes,
    /// A list of scalars.
    List(Box<Type>),
    /// The id of a record of another model. A [`Value::Uuid`] at run time.
    Ref(ModelId),
}

/// A value at run time.
///
/// Equality (`==`) is total: two nulls are equal, and null differs from everything else. Order is only
/// defined between two values of the same kind, see [`Value::order`].
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value {
    /// The absent value.
    #[default]
    Null,
    /// See [`Type::Bool`].
    Bool(bool),
    /// See [`Type::Int`].
    Int(i64),
    /// See [`Type::Float`].
    Float(f64),
    /// See [`Type::Decimal`].
    Decimal(Decimal),
    /// See [`Type::Text`].
    Text(String),
    /// See [`Type::Uuid`] and [`Type::Ref`].
    Uuid(Uuid),
    /// Days since 1970-01-01.
    Date(i32),
    /// Microseconds since midnight.
    Time(i64),
    /// Microseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
    /// Microseconds.
    Duration(i64),
    /// The text of a valid JSON document.
    Json(String),
    /// See [`Type::Bytes`].
    Bytes(Vec<u8>),
    /// See [`Type::List`].
    List(Vec<Value>),
}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        mem::discriminant(self).hash(state);
        match self {
            // Equal ones can have different bits, and few enough values are of these kinds that it need not tell them apart.
            Value::Null | Value::Float(_) | Value::Decimal(_) => {}
            Value::Bool(bool) => bool.hash(state),
            Value::Int(int) | Value::Time(int) | Value::Timestamp(int) | Value::Duration(int) => {
                int.hash(state);
            }
            Value::Date(days) => days.hash(state),
            Value::Text(text) | Value::Json(text) => text.hash(state),
            Value::Uuid(id) => id.hash(state),
            Value::Bytes(bytes) => bytes.hash(state),
            Value::List(elements) => elements.hash(state),
        }
    }
}

impl Value {
    /// Whether this is the absent value.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The UUID in this value, if it holds one.
    pub fn as_uuid(&self) -> Option<Uuid> {
        match self {
            Value::Uuid(id) => Some(*id),
            _ => None,
        }
    }

    /// The text in this value, if it holds one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer in this value, if it holds one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(int) => Some(*int),
            _ => None,
        }
    }

    /// The instant in this value in microseconds since 1970, if it holds one.
    pub fn as_timestamp(&self) -> Option<i64> {
        match self {
            Value::Timestamp(micros) => Some(*micros),
            _ => None,
        }
    }

    /// The order of two values of the same kind; `None` when either is null or the kinds differ.
    ///
    /// `false < true`; numbers by size; text by code point, which is also the order of its UTF-8 bytes
    /// and of SQL's binary collations; UUIDs by their bytes; times from early to late.
    pub fn order(&self, other: &Value) -> Option<Ordering> {
        use Value::*;
        match (self, other) {
            (Bool(a), Bool(b)) => Some(a.cmp(b)),
            (Int(a), Int(b))
            | (Time(a), Time(b))
            | (Timestamp(a), Timestamp(b))
            | (Duration(a), Duration(b)) => Some(a.cmp(b)),
            (Float(a), Float(b)) => a.partial_cmp(b),
            (Decimal(a), Decimal(b)) => Some(a.cmp(b)),
            (Text(a), Text(b)) => Some(a.cmp(b)),
            (Uuid(a), Uuid(b)) => Some(a.cmp(b)),
            (Date(a), Date(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }
}
