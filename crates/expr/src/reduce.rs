//! Partial evaluation and evaluation: one function does both.
//!
//! [`Predicate::reduce`] replaces what is known by its value and simplifies. With `auth` known, what is left of a
//! read rule is the class of readers that it stands for; with the record known too, what is left is a constant, or a
//! question about other records that only the store can answer.

use crate::{CompareOp, FieldRef, Link, ModelId, Operand, Predicate, Scope, Value, apply};
use std::borrow::Cow;

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
        match self {
            Predicate::Const(answer) => Predicate::Const(*answer),
            Predicate::All(items) => reduce_junction(items, Kind::All, scope),
            Predicate::Any(items) => reduce_junction(items, Kind::Any, scope),
            Predicate::Not(inner) => match inner.reduce(scope) {
                Predicate::Const(answer) => Predicate::Const(!answer),
                Predicate::Not(twice) => *twice,
                inner => Predicate::Not(Box::new(inner)),
            },
            Predicate::Exists { model, link, level, filter } => {
                reduce_exists(*model, link, *level, filter, scope)
            }
            leaf => leaf.known(scope).map_or_else(|| leaf.rebuild_leaf(scope), Predicate::Const),
        }
    }

    /// The answer, if what `scope` knows decides it: what [`Predicate::reduce`] comes to when it comes to a constant, for less.
    pub fn known(&self, scope: &dyn Scope) -> Option<bool> {
        match self {
            Predicate::Const(answer) => Some(*answer),
            Predicate::All(items) => known_junction(items, true, scope),
            Predicate::Any(items) => known_junction(items, false, scope),
            Predicate::Not(inner) => inner.known(scope).map(|answer| !answer),
            Predicate::Compare { op, left, right } => known_comparison(*op, left, right, scope),
            Predicate::In { item, list } => {
                let (item, list) = (item.known(scope), list.known(scope));
                match (item, list) {
                    (Some(item), Some(list)) => Some(apply::is_in(&item, &list)),
                    (item, list) => null_or(&item, &list, || list.as_deref().is_some_and(is_empty)),
                }
            }
            Predicate::Text { test, subject, needle } => match (subject.known(scope), needle.known(scope)) {
                (Some(subject), Some(needle)) => Some(apply::text(*test, &subject, &needle)),
                (subject, needle) => null_or(&subject, &needle, || false),
            },
            Predicate::Truth(operand) => operand.known(scope).map(|value| *value == Value::Bool(true)),
            Predicate::Exists { link: Link::To(id) | Link::From { id, .. }, filter, .. } => {
                let nothing = id.known(scope).is_some_and(|id| id.is_null());
                (nothing || filter.known(scope) == Some(false)).then_some(false)
            }
        }
    }

    /// The reduced form of a test of operands that is not known.
    fn rebuild_leaf(&self, scope: &dyn Scope) -> Predicate {
        match self {
            Predicate::Compare { op, left, right } => {
                Predicate::Compare { op: *op, left: left.reduce(scope), right: right.reduce(scope) }
            }
            Predicate::In { item, list } => {
                Predicate::In { item: item.reduce(scope), list: list.reduce(scope) }
            }
            Predicate::Text { test, subject, needle } => {
                Predicate::Text { test: *test, subject: subject.reduce(scope), needle: needle.reduce(scope) }
            }
            Predicate::Truth(operand) => Predicate::Truth(operand.reduce(scope)),
            other => other.clone(),
        }
    }
}

fn reduce_exists(model: ModelId, link: &Link, level: u8, filter: &Predicate, scope: &dyn Scope) -> Predicate {
    let (Link::To(id) | Link::From { id, .. }) = link;
    if id.known(scope).is_some_and(|id| id.is_null()) {
        return Predicate::Const(false);
    }
    match filter.reduce(scope) {
        Predicate::Const(false) => Predicate::Const(false),
        filter => Predicate::Exists { model, link: link.reduce(scope), level, filter: Box::new(filter) },
    }
}

impl Link {
    fn reduce(&self, scope: &dyn Scope) -> Link {
        match self {
            Link::To(id) => Link::To(id.reduce(scope)),
            Link::From { field, id } => Link::From { field: *field, id: id.reduce(scope) },
        }
    }
}

impl Operand {
    /// Replaces what `scope` knows by its value and computes what can be computed.
    pub fn reduce(&self, scope: &dyn Scope) -> Operand {
        match self.known(scope) {
            Some(value) => Operand::Value(value.into_owned()),
            None => self.rebuild(scope),
        }
    }

    /// The value, if what `scope` knows decides it.
    fn known<'a>(&'a self, scope: &'a dyn Scope) -> Option<Cow<'a, Value>> {
        match self {
            Operand::Value(value) => Some(Cow::Borrowed(value)),
            Operand::Var(var) => scope.var(var).map(Cow::Owned),
            Operand::Field(FieldRef { source, field }) => scope.field(*source, *field).map(Cow::Borrowed),
            Operand::Lookup { via, guard, .. } => {
                let nothing = via.known(scope).is_some_and(|id| id.is_null());
                (nothing || guard.known(scope) == Some(false)).then_some(Cow::Owned(Value::Null))
            }
            Operand::Arithmetic { op, left, right, ty } => match (left.known(scope), right.known(scope)) {
                (Some(left), Some(right)) => Some(Cow::Owned(apply::arithmetic(*op, &left, &right, ty))),
                (left, right) => null_or(&left, &right, || false).map(|_| Cow::Owned(Value::Null)),
            },
            Operand::Size { of, .. } => of.known(scope).map(|of| Cow::Owned(apply::size(&of))),
            Operand::LowerAscii(of) => of.known(scope).map(|of| Cow::Owned(apply::lower_ascii(&of))),
        }
    }

    fn rebuild(&self, scope: &dyn Scope) -> Operand {
        match self {
            Operand::Value(_) | Operand::Var(_) | Operand::Field(_) => self.clone(),
            Operand::Lookup { via, model, level, guard, value } => Operand::Lookup {
                via: Box::new(via.reduce(scope)),
                model: *model,
                level: *level,
                guard: Box::new(guard.reduce(scope)),
                value: Box::new(value.reduce(scope)),
            },
            Operand::Arithmetic { op, left, right, ty } => Operand::Arithmetic {
                op: *op,
                left: Box::new(left.reduce(scope)),
                right: Box::new(right.reduce(scope)),
                ty: ty.clone(),
            },
            Operand::Size { of, list } => Operand::Size { of: Box::new(of.reduce(scope)), list: *list },
            Operand::LowerAscii(of) => Operand::LowerAscii(Box::new(of.reduce(scope))),
        }
    }
}

/// All (whose neutral answer is true) or any (false) of the items.
fn known_junction(items: &[Predicate], neutral: bool, scope: &dyn Scope) -> Option<bool> {
    let mut answer = Some(neutral);
    for item in items {
        match item.known(scope) {
            Some(known) if known != neutral => return Some(known),
            Some(_) => {}
            None => answer = None,
        }
    }
    answer
}

fn known_comparison(op: CompareOp, left: &Operand, right: &Operand, scope: &dyn Scope) -> Option<bool> {
    match (left.known(scope), right.known(scope)) {
        (Some(left), Some(right)) => Some(apply::compare(op, &left, &right)),
        _ if matches!(op, CompareOp::Equal | CompareOp::NotEqual) => None,
        (left, right) => null_or(&left, &right, || false),
    }
}

/// False when one of two operands is known to be null, or when `otherwise` says so.
fn null_or(
    left: &Option<Cow<'_, Value>>,
    right: &Option<Cow<'_, Value>>,
    otherwise: impl FnOnce() -> bool,
) -> Option<bool> {
    let null = |value: &Option<Cow<'_, Value>>| value.as_deref().is_some_and(Value::is_null);
    (null(left) || null(right) || otherwise()).then_some(false)
}

fn is_empty(list: &Value) -> bool {
    matches!(list, Value::List(items) if items.is_empty())
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    All,
    Any,
}

/// The reduced items without neutral ones and repetitions, nested ones of the same kind taken apart.
fn reduce_junction(items: &[Predicate], kind: Kind, scope: &dyn Scope) -> Predicate {
    // Most rules are decided by `auth` and the record alone; then nothing is allocated at all.
    let mut parts = Vec::new();
    for item in items {
        match (item.reduce(scope), kind) {
            (Predicate::Const(answer), _) if answer != (kind == Kind::All) => {
                return Predicate::Const(answer);
            }
            (Predicate::Const(_), _) => {}
            (Predicate::All(inner), Kind::All) | (Predicate::Any(inner), Kind::Any) => {
                inner.into_iter().for_each(|part| push_new(&mut parts, part));
            }
            (part, _) => push_new(&mut parts, part),
        }
    }
    match (parts.len(), kind) {
        (1, _) => parts.remove(0),
        (0, _) => Predicate::Const(kind == Kind::All),
        (_, Kind::All) => Predicate::All(parts),
        (_, Kind::Any) => Predicate::Any(parts),
    }
}

fn push_new(parts: &mut Vec<Predicate>, part: Predicate) {
    if !parts.contains(&part) {
        parts.push(part);
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
