//! From source text to a checked predicate.

use crate::{ModelId, Operand, Predicate, Schema, Type};
use std::ops::Range;

/// What an expression may speak of.
#[derive(Debug, Clone, Copy)]
pub struct Context {
    /// The model whose fields are bare names; `None` for an expression that has no record.
    pub model: Option<ModelId>,
    /// What the expression is for.
    pub usage: Use,
}

/// What an expression is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// A rule for reading, creating or deleting: the record, `auth`, `request`, `now`, relations.
    Rule,
    /// A rule for updating: as [`Use::Rule`], and `old` and `new`.
    UpdateRule,
    /// A validation of a record: the record and `now`. No relation and no `auth`, so that it holds whoever writes.
    Check,
    /// A default: `auth`, `now` and literals.
    Default,
    /// A filter by a client: as [`Use::Rule`] without `request`, but each step along a relation and each guarded field sees only
    /// what its author may read.
    Filter,
}

/// A fault in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A stable code: `expr_syntax`, `expr_too_long`, `expr_too_deep`, `expr_too_expensive`, `expr_unknown_name`, `expr_type`,
    /// `expr_unsupported`, `expr_circular`, `expr_secret`.
    pub code: &'static str,
    /// What is wrong, for the author of the expression.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// The marked text: a range of bytes in the source.
    pub span: Range<usize>,
}

/// A checked expression.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The condition.
    pub predicate: Predicate,
    /// The static bound of its cost, see [`crate::MAX_COST`].
    pub cost: u32,
    /// The fields of `Context::model` that it compares and for which [`crate::Member::Field`] says there is no index, each once.
    pub unindexed: Vec<String>,
    /// The named predicates it uses, each once.
    pub used_predicates: Vec<(ModelId, String)>,
}

/// Checks a condition.
///
/// # Errors
/// Every fault that was found, in the order of the source.
pub fn compile(source: &str, context: Context, schema: &dyn Schema) -> Result<Compiled, Vec<Fault>> {
    let _ = (source, context, schema);
    Err(Vec::new())
}

/// Checks an expression that yields a value of type `expected`, for a default.
///
/// # Errors
/// Every fault that was found, in the order of the source.
pub fn compile_value(
    source: &str,
    expected: &Type,
    context: Context,
    schema: &dyn Schema,
) -> Result<Operand, Vec<Fault>> {
    let _ = (source, expected, context, schema);
    Err(Vec::new())
}
