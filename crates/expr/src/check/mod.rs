//! From source text to a checked predicate.

mod binary;
mod call;
mod checker;
mod formula;
mod guard;
mod inline;
mod literal;
mod lookups;
mod name;
mod relation;
mod rewrite;
mod suggest;
mod term;

pub use lookups::Lookup;
pub use rewrite::Mentioned;

use crate::cost;
use crate::parse::parse;
use crate::position::{Anchor, Positions};
use crate::walk::{Node, walk};
use crate::{
    FieldId, FieldRef, Formula, Frame, MAX_COST, Member, ModelId, Operand, Predicate, Schema, Source, Type,
};
use cel::IdedExpr;
use checker::Checker;
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
    /// What a value becomes in another version of an API: the fields of the record alone.
    Transform,
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

/// The stable codes of faults.
pub(crate) mod code {
    pub(crate) const SYNTAX: &str = "expr_syntax";
    pub(crate) const TOO_LONG: &str = "expr_too_long";
    pub(crate) const TOO_DEEP: &str = "expr_too_deep";
    pub(crate) const TOO_EXPENSIVE: &str = "expr_too_expensive";
    pub(crate) const UNKNOWN_NAME: &str = "expr_unknown_name";
    pub(crate) const TYPE: &str = "expr_type";
    pub(crate) const UNSUPPORTED: &str = "expr_unsupported";
    pub(crate) const CIRCULAR: &str = "expr_circular";
    pub(crate) const SECRET: &str = "expr_secret";
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
    /// What it looks for in other models.
    pub lookups: Vec<Lookup>,
    /// The named predicates it uses, directly or through another, each once.
    pub used_predicates: Vec<(ModelId, String)>,
}

/// Checks a condition.
///
/// # Errors
/// Every fault that was found, in the order of the source.
pub fn compile(source: &str, context: Context, schema: &dyn Schema) -> Result<Compiled, Vec<Fault>> {
    let expr = parse(source).map_err(|fault| vec![fault])?;
    let mut checker = Checker::new(context, schema);
    let condition = checker.condition(&expr);
    let guard = checker.guard_of(Source::Record, 0, Anchor::whole(&expr));
    let (Ok(condition), Ok(guard)) = (condition, guard) else {
        return Err(locate(checker, source, &expr));
    };
    let unindexed = context.model.map(|model| unindexed(&condition, model, schema)).unwrap_or_default();
    let predicate = Predicate::All(vec![guard, condition]).reduce(&Frame::default());
    let cost = cost::of(&predicate);
    if cost > MAX_COST {
        checker.too_expensive(Anchor::whole(&expr));
        return Err(locate(checker, source, &expr));
    }
    let lookups = lookups::lookups(&predicate);
    Ok(Compiled { predicate, cost, unindexed, lookups, used_predicates: checker.used_predicates })
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
    let expr = parse(source).map_err(|fault| vec![fault])?;
    let mut checker = Checker::new(context, schema);
    match checker.value(&expr, expected) {
        Ok(operand) => Ok(operand.reduce(&Frame::default())),
        Err(_) => Err(locate(checker, source, &expr)),
    }
}

/// Checks a formula that yields a value of type `expected`, of a record of `model`.
///
/// # Errors
/// Every fault that was found, in the order of the source.
pub fn compile_formula(
    source: &str,
    expected: &Type,
    model: ModelId,
    schema: &dyn Schema,
) -> Result<Formula, Vec<Fault>> {
    let expr = parse(source).map_err(|fault| vec![fault])?;
    let context = Context { model: Some(model), usage: Use::Transform };
    let mut checker = Checker::new(context, schema);
    checker.formula(&expr, expected).map_err(|_| locate(checker, source, &expr))
}

/// Checks a filter and answers it in other names: `rename` says what each name of a member, and each value of an enum, becomes.
///
/// # Errors
/// Every fault that was found, in the order of the source; those that `rename` objects to are `expr_unsupported`.
pub fn rewrite_filter(
    source: &str,
    model: ModelId,
    schema: &dyn Schema,
    rename: &dyn Fn(&Mentioned<'_>) -> Result<Option<String>, String>,
) -> Result<String, Vec<Fault>> {
    let expr = parse(source).map_err(|fault| vec![fault])?;
    let context = Context { model: Some(model), usage: Use::Filter };
    let mut checker = Checker { names: Some(Vec::new()), ..Checker::new(context, schema) };
    if checker.condition(&expr).is_err() {
        return Err(locate(checker, source, &expr));
    }
    let names = checker.names.take().unwrap_or_default();
    rewrite::apply(source, &names, &Positions::new(source, &expr), rename)
}

/// Gives the faults their places and orders them by these.
fn locate(checker: Checker<'_>, source: &str, root: &IdedExpr) -> Vec<Fault> {
    let positions = Positions::new(source, root);
    let place = |fault: checker::Marked| Fault {
        code: fault.code,
        message: fault.message,
        hint: fault.hint,
        span: positions.span(fault.anchor),
    };
    let mut faults: Vec<Fault> = checker.faults.into_iter().map(place).collect();
    faults.sort_by_key(|fault| fault.span.start);
    faults.dedup();
    faults
}

/// The names of the fields of the record itself that an index would help with, each once, in the order of the model.
fn unindexed(condition: &Predicate, model: ModelId, schema: &dyn Schema) -> Vec<String> {
    let mut compared = Vec::new();
    walk(condition, &mut |node| {
        if let Node::Predicate(predicate) = node {
            compared.extend(compared_fields(predicate));
        }
    });
    let lacks_index = |name: &&str| match schema.member(model, name) {
        Some(Member::Field { id, indexed, .. }) => !indexed && compared.contains(&id),
        _ => false,
    };
    schema.member_names(model).into_iter().filter(lacks_index).map(str::to_owned).collect()
}

fn compared_fields(predicate: &Predicate) -> impl Iterator<Item = FieldId> {
    let (first, second) = match predicate {
        Predicate::Compare { left, right, .. } => (Some(left), Some(right)),
        Predicate::In { item, .. } => (Some(item), None),
        Predicate::Text { test: crate::TextTest::StartsWith, subject, .. } => (Some(subject), None),
        Predicate::Truth(flag) => (Some(flag), None),
        _ => (None, None),
    };
    [first, second].into_iter().flatten().filter_map(|operand| match operand {
        Operand::Field(FieldRef { source: Source::Record, field }) => Some(*field),
        _ => None,
    })
}
