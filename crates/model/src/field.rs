//! A field of a model.

use mainstay_expr::{FieldId, ModelId, Operand, Predicate, Type, Value};
use regex::Regex;
use std::sync::Arc;

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldType {
    /// `bool`
    Bool,
    /// `int`: 64 bits, signed.
    Int,
    /// `float`: a finite double.
    Float,
    /// `decimal`: exact, with `scale` digits after the point and at most 18 digits in all.
    Decimal {
        /// Digits after the point.
        scale: u8,
    },
    /// `string` (at most 255 characters unless `max_length` says otherwise) and `text` (at most 100,000): Unicode without U+0000.
    Text,
    /// `uuid`
    Uuid,
    /// `date`
    Date,
    /// `time`: of day, microseconds.
    Time,
    /// `timestamp`: UTC, microseconds.
    Timestamp,
    /// `duration`: microseconds.
    Duration,
    /// `json`: any document.
    Json,
    /// `bytes`: base64 in JSON.
    Bytes,
    /// `enum`: one of these texts.
    Enum(Arc<[String]>),
    /// `list`: of a scalar (not of json, bytes, secret, ref or list).
    List(Box<FieldType>),
    /// `ref`: the id of a record of another model.
    Ref {
        /// The model it points to.
        model: ModelId,
        /// What becomes of this record when that one is deleted.
        on_delete: OnDelete,
    },
    /// `secret`: text that can be written and never read back; not in answers, the feed, logs or expressions.
    Secret,
}

/// What becomes of a record when the one its ref points to is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// The deletion is refused.
    Restrict,
    /// It is deleted too.
    Cascade,
    /// The ref becomes null; the field is optional.
    SetNull,
}

impl FieldType {
    /// The type in expressions.
    pub fn expr_type(&self) -> Type {
        match self {
            FieldType::Bool => Type::Bool,
            FieldType::Int => Type::Int,
            FieldType::Float => Type::Float,
            FieldType::Decimal { scale } => Type::Decimal { scale: *scale },
            FieldType::Text | FieldType::Enum(_) | FieldType::Secret => Type::Text,
            FieldType::Uuid => Type::Uuid,
            FieldType::Date => Type::Date,
            FieldType::Time => Type::Time,
            FieldType::Timestamp => Type::Timestamp,
            FieldType::Duration => Type::Duration,
            FieldType::Json => Type::Json,
            FieldType::Bytes => Type::Bytes,
            FieldType::List(of) => Type::List(Box::new(of.expr_type())),
            FieldType::Ref { model, .. } => Type::Ref(*model),
        }
    }

    /// Whether records can be ordered by it, and a cursor point into that order.
    pub fn is_sortable(&self) -> bool {
        !matches!(self, FieldType::Json | FieldType::Bytes | FieldType::List(_) | FieldType::Secret)
    }
}

/// Bounds on a field's value.
#[derive(Debug, Clone, Default)]
pub struct Constraints {
    /// The least value of an ordered type.
    pub min: Option<Value>,
    /// The greatest value of an ordered type.
    pub max: Option<Value>,
    /// The least number of characters, bytes or elements.
    pub min_length: Option<usize>,
    /// The greatest number of characters, bytes or elements.
    pub max_length: Option<usize>,
    /// The whole text matches it.
    pub pattern: Option<Regex>,
}

/// What a field is when a create does not say.
#[derive(Debug, Clone)]
pub enum Default {
    /// Always the same.
    Value(Value),
    /// Computed from `auth` and `now`.
    Computed(Operand),
}

/// A field.
#[derive(Debug, Clone)]
pub struct Field {
    /// Its place in a record.
    pub id: FieldId,
    /// Its name: `[a-z][a-z0-9_]*`.
    pub name: String,
    /// What it holds.
    pub ty: FieldType,
    /// Whether it may be null.
    pub optional: bool,
    /// What it is when a create does not say.
    pub default: Option<Default>,
    /// Whether no two live records share a value.
    pub unique: bool,
    /// Whether it has an index of its own.
    pub index: bool,
    /// Whether it keeps the value it was created with.
    pub immutable: bool,
    /// Set by the engine, never by a client: the base fields, and those of built-in models marked so.
    pub read_only: bool,
    /// Bounds on its value.
    pub constraints: Constraints,
    /// Who may see it, beyond the model's read rule.
    pub read: Option<Arc<Predicate>>,
    /// Who may write it, beyond the model's create and update rules.
    pub write: Option<Arc<Predicate>>,
    /// For people: what it means.
    pub doc: Option<String>,
    /// Its name before a rename that a migration has to follow.
    pub was: Option<String>,
}

impl Field {
    /// Whether it is write-only.
    pub fn is_secret(&self) -> bool {
        matches!(self.ty, FieldType::Secret)
    }
}
