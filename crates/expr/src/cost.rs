//! Bounds on what an expression may cost, checked before it is parsed or run: filters come from strangers.

use crate::{Link, Operand, Predicate, Value};

/// The longest source text in bytes.
pub const MAX_SOURCE_BYTES: usize = 4_096;
/// The deepest nesting of brackets, operators and member accesses.
pub const MAX_DEPTH: usize = 24;
/// The greatest static cost. A comparison costs 1, a text test 2, a literal list 1 for each element, a step along a ref 10, a search among
/// children 50 times what it contains.
pub const MAX_COST: u32 = 50_000;

const TEXT_TEST: u32 = 2;
const STEP: u32 = 10;
const SEARCH: u32 = 50;

/// The static cost of a predicate, see [`MAX_COST`]. It saturates.
pub(crate) fn of(predicate: &Predicate) -> u32 {
    match predicate {
        Predicate::Const(_) => 0,
        Predicate::All(items) | Predicate::Any(items) => {
            items.iter().fold(0, |sum, item| sum.saturating_add(of(item)))
        }
        Predicate::Not(inner) => of(inner),
        Predicate::Compare { left, right, .. } => pair(left, right).saturating_add(1),
        Predicate::In { item, list } => pair(item, list).saturating_add(1),
        Predicate::Text { subject, needle, .. } => pair(subject, needle).saturating_add(TEXT_TEST),
        Predicate::Truth(operand) => operand_cost(operand).saturating_add(1),
        Predicate::Exists { link: Link::To(id), filter, .. } => {
            operand_cost(id).saturating_add(STEP).saturating_add(of(filter))
        }
        Predicate::Exists { link: Link::From { id, .. }, filter, .. } => {
            operand_cost(id).saturating_add(of(filter).max(1).saturating_mul(SEARCH))
        }
    }
}

fn pair(left: &Operand, right: &Operand) -> u32 {
    operand_cost(left).saturating_add(operand_cost(right))
}

fn operand_cost(operand: &Operand) -> u32 {
    match operand {
        Operand::Value(Value::List(items)) => u32::try_from(items.len()).unwrap_or(u32::MAX),
        Operand::Value(_) | Operand::Var(_) | Operand::Field(_) => 0,
        Operand::Lookup { via, guard, value, .. } => {
            pair(via, value).saturating_add(STEP).saturating_add(of(guard))
        }
        Operand::Arithmetic { left, right, .. } => pair(left, right).saturating_add(1),
        Operand::Size { of, .. } => operand_cost(of).saturating_add(1),
        Operand::LowerAscii(inner) => operand_cost(inner).saturating_add(1),
    }
}
