//! What is bound to the placeholders of a statement.

use mainstay_expr::{Type, Value};
use std::borrow::Cow;
use uuid::Uuid;

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Param {
    /// A value that is the same each time.
    Value(Value),
    /// The id of the one record that is asked for.
    Id,
    /// The account that asks.
    AuthId,
    /// The most records to answer.
    Limit,
}

impl Param {
    /// The type of what is bound.
    pub(crate) fn ty(&self) -> Type {
        match self {
            Param::Value(value) => type_of(value).unwrap_or(Type::Text),
            Param::Id | Param::AuthId => Type::Uuid,
            Param::Limit => Type::Int,
        }
    }
}

/// The type of a value; `None` of null. What the elements of a list are does not matter, since it is stored as text.
pub(crate) fn type_of(value: &Value) -> Option<Type> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Float(_) => Type::Float,
        Value::Decimal(decimal) => Type::Decimal { scale: decimal.scale() },
        Value::Text(_) => Type::Text,
        Value::Uuid(_) => Type::Uuid,
        Value::Date(_) => Type::Date,
        Value::Time(_) => Type::Time,
        Value::Timestamp(_) => Type::Timestamp,
        Value::Duration(_) => Type::Duration,
        Value::Json(_) => Type::Json,
        Value::Bytes(_) => Type::Bytes,
        Value::List(_) => Type::List(Box::new(Type::Text)),
    })
}

/// What is different each time that a statement is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Given {
    pub(crate) id: Option<Uuid>,
    pub(crate) auth_id: Option<Uuid>,
    pub(crate) limit: u32,
}

impl Given {
    /// The value to bind.
    pub(crate) fn value<'a>(&self, param: &'a Param) -> Cow<'a, Value> {
        let id = |id: Option<Uuid>| Cow::Owned(id.map_or(Value::Null, Value::Uuid));
        match param {
            Param::Value(value) => Cow::Borrowed(value),
            Param::Id => id(self.id),
            Param::AuthId => id(self.auth_id),
            Param::Limit => Cow::Owned(Value::Int(i64::from(self.limit))),
        }
    }
}
