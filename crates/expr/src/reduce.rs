//! Partial evaluation and evaluation: one function does both.
//!
//! [`Predicate::reduce`] replaces what is known by its value and simplifies. With `auth` known, what is left of a
//! read rule is the class of readers that it stands for; with the record known too, what is left is a constant, or a
//! question about other records that only the store can answer.

use crate::{FieldId, Operand, Predicate, Source, Value, Var};

/// What is known while reducing.
pub trait Scope {
    /// The value of a variable, or `None` while it is not known.
    fn var(&self, var: &Var) -> Option<Value>;
    /// The value of a field of a root record ([`Source::Record`], `Old` or `New`), or `None` while it is not known.
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
        let _ = var;
        None
    }

    fn field(&self, source: Source, field: FieldId) -> Option<&Value> {
        let _ = (source, field);
        None
    }
}

/// Other records, as an in-memory evaluation needs them. The adapters answer with a query; tests with a map.
pub trait Related {
    /// What asking may fail with.
    type Error;
    /// Whether a closed predicate holds: one whose every field is of a record that it binds itself.
    fn holds(&mut self, closed: &Predicate) -> Result<bool, Self::Error>;
}

impl Predicate {
    /// Replaces what `scope` knows by its value and simplifies; what is left is equivalent wherever `scope` is true.
    ///
    /// The result is in a normal form: no constants inside `All`, `Any` or `Not`, no nested `All` in `All` or `Any` in `Any`,
    /// and equal inputs give equal outputs, so that it can be the key of a class of readers.
    pub fn reduce(&self, scope: &dyn Scope) -> Predicate {
        let _ = scope;
        self.clone()
    }
}

impl Operand {
    /// Replaces what `scope` knows by its value and computes what can be computed.
    pub fn reduce(&self, scope: &dyn Scope) -> Operand {
        let _ = scope;
        self.clone()
    }
}

/// Decides a predicate for known records: reduces it, and asks `related` for what is left.
///
/// # Errors
/// What `related` failed with.
pub fn decide<R: Related>(
    predicate: &Predicate,
    scope: &dyn Scope,
    related: &mut R,
) -> Result<bool, R::Error> {
    match predicate.reduce(scope) {
        Predicate::Const(answer) => Ok(answer),
        closed => related.holds(&closed),
    }
}
