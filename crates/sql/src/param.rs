//! What is bound to the placeholders of a statement.

use mainstay_expr::Value;
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
