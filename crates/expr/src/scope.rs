//! What is known when a predicate is reduced: what the request brings, and the records under judgement.

use crate::{FieldId, Source, Value, Var};

/// What is known while reducing.
pub trait Scope {
    /// The value of a variable, or `None` while it is not known.
    fn var(&self, var: &Var) -> Option<Value>;
    /// The value of a field of a record, or `None` while it is not known. Of a bound record it can be known only to one who reduces a part of a
    /// predicate, below where the record is bound.
    fn field(&self, source: Source, field: FieldId) -> Option<&Value>;
}

/// What a request brings to an expression.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Vars {
    /// `auth.id`
    pub auth_id: Option<uuid::Uuid>,
    /// `auth.roles`
    pub roles: Vec<String>,
    /// `auth.claims`
    pub claims: Vec<(String, String)>,
    /// `request.address`
    pub address: String,
    /// `request.operation`
    pub operation: String,
    /// `now`, in microseconds since 1970.
    pub now: i64,
}

/// A scope of a request and, as far as they are known, its records.
#[derive(Debug, Clone, Copy, Default)]
pub struct Frame<'a> {
    /// What the request brings.
    pub vars: Option<&'a Vars>,
    /// The record under judgement.
    pub record: Option<&'a [Value]>,
    /// `old`
    pub old: Option<&'a [Value]>,
    /// `new`
    pub new: Option<&'a [Value]>,
}

impl Scope for Frame<'_> {
    fn var(&self, var: &Var) -> Option<Value> {
        let vars = self.vars?;
        Some(match var {
            Var::AuthId => vars.auth_id.map_or(Value::Null, Value::Uuid),
            Var::AuthRoles => Value::List(vars.roles.iter().cloned().map(Value::Text).collect()),
            Var::AuthClaim(name) => {
                let claim = vars.claims.iter().find(|(claim, _)| claim == name);
                claim.map_or(Value::Null, |(_, value)| Value::Text(value.clone()))
            }
            Var::RequestAddress => Value::Text(vars.address.clone()),
            Var::RequestOperation => Value::Text(vars.operation.clone()),
            Var::Now => Value::Timestamp(vars.now),
        })
    }

    fn field(&self, source: Source, field: FieldId) -> Option<&Value> {
        let record = match source {
            Source::Record => self.record,
            Source::Old => self.old,
            Source::New => self.new,
            Source::Bound(_) => None,
        };
        record?.get(field.index())
    }
}
