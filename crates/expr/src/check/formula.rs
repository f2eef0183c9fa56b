//! Formulas: what is said of values where a record is turned into that of another version.

use super::checker::{Checked, Checker};
use super::code;
use super::suggest::did_you_mean;
use super::term::{Literal, Term, Typed, comparable};
use crate::position::Anchor;
use crate::{Formula, Type};
use cel::IdedExpr;
use cel::common::ast::{CallExpr, Expr, LiteralValue, operators};

const CONVERSIONS: [&str; 9] =
    ["string", "int", "float", "decimal", "bool", "date", "time", "timestamp", "duration"];

impl Checker<'_> {
    /// The meaning of a node as a formula for a value of a type.
    pub(super) fn formula(&mut self, expr: &IdedExpr, expected: &Type) -> Checked<Formula> {
        if let Expr::Call(call) = &expr.expr {
            match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
                (operators::CONDITIONAL, None, [condition, yes, no]) => {
                    let condition = self.condition(condition);
                    let yes = self.formula(yes, expected);
                    let no = self.formula(no, expected);
                    return Ok(Formula::If(Box::new((condition?, yes?, no?))));
                }
                (operators::ADD, None, [left, right]) if *expected == Type::Text => {
                    let left = self.formula(left, expected);
                    let right = self.formula(right, expected);
                    return Ok(Formula::Concat(Box::new((left?, right?))));
                }
                (operators::INDEX, None, [of, index]) => return self.part(of, index, expected, expr),
                _ => {}
            }
            if let Some(formula) = self.conversion_formula(call, expected, expr)? {
                return Ok(formula);
            }
        }
        self.plain_formula(expr, expected)
    }

    /// What conditions have, too: a field, a literal, arithmetic; where a bool is wanted, a condition.
    fn plain_formula(&mut self, expr: &IdedExpr, expected: &Type) -> Checked<Formula> {
        if *expected == Type::Bool {
            return match self.term(expr)? {
                Term::Value(value) if value.ty == Type::Bool => Ok(Formula::Operand(value.operand)),
                Term::Literal(literal) => {
                    let value = self.coerce(&literal, expected, None, Anchor::whole(expr))?;
                    Ok(Formula::Operand(crate::Operand::Value(value)))
                }
                _ => Ok(Formula::Condition(self.condition(expr)?)),
            };
        }
        self.value(expr, expected).map(Formula::Operand)
    }

    /// `text.split(separator)[index]`
    fn part(
        &mut self,
        of: &IdedExpr,
        index: &IdedExpr,
        expected: &Type,
        expr: &IdedExpr,
    ) -> Checked<Formula> {
        let Some((text, separator, limit)) = split(of) else {
            let message = "only the parts of a text are taken by number".to_owned();
            let hint = "write `name.split(' ', 2)[0]`, with a literal separator";
            return self.refuse_with(code::UNSUPPORTED, Anchor::whole(expr), message, hint);
        };
        let Some(index) = whole_number(index) else {
            let message = "the number of a part is a literal, counted from 0".to_owned();
            return self.refuse(code::TYPE, Anchor::whole(index), message);
        };
        self.expect(&Type::Text, expected, expr)?;
        let of = Box::new(self.formula(text, &Type::Text)?);
        Ok(Formula::Part { of, separator: separator.to_owned(), limit, index })
    }

    /// `string(x)` and its kin; `None` where it is none. Of a text literal they are literals, as in conditions.
    fn conversion_formula(
        &mut self,
        call: &CallExpr,
        expected: &Type,
        expr: &IdedExpr,
    ) -> Checked<Option<Formula>> {
        let [of, rest @ ..] = call.args.as_slice() else { return Ok(None) };
        let is_literal = matches!(&of.expr, Expr::Literal(_)) && rest.is_empty();
        if call.target.is_some() || is_literal || !CONVERSIONS.contains(&call.func_name.as_str()) {
            return Ok(None);
        }
        let Some((to, units)) = target(&call.func_name, rest) else {
            let message = format!("`{}` does not take this", call.func_name);
            let hint = "`decimal(cents, 2)` and `int(price, 2)` count in the smallest units";
            return self.refuse_with(code::TYPE, Anchor::name(expr), message, hint);
        };
        // Without a number of its own a decimal has as many digits as are wanted.
        let to = match (to, expected) {
            (Type::Decimal { .. }, Type::Decimal { .. }) if units.is_none() => expected.clone(),
            (to, _) => to,
        };
        self.expect(&to, expected, expr)?;
        let of = Box::new(self.untyped(of)?);
        Ok(Some(Formula::Convert { of, to, units }))
    }

    /// A formula whose type is its own affair.
    fn untyped(&mut self, expr: &IdedExpr) -> Checked<Formula> {
        if is_text_formula(expr) {
            return self.formula(expr, &Type::Text);
        }
        match self.term(expr)? {
            Term::Value(Typed { operand, .. }) => Ok(Formula::Operand(operand)),
            Term::Condition(predicate) => Ok(Formula::Condition(predicate)),
            Term::Literal(Literal::Text(text)) => {
                Ok(Formula::Operand(crate::Operand::Value(crate::Value::Text(text))))
            }
            other => {
                let message = format!("this is {}, not a value", self.describe(&other));
                self.refuse(code::TYPE, Anchor::whole(expr), message)
            }
        }
    }

    fn expect(&mut self, found: &Type, expected: &Type, expr: &IdedExpr) -> Checked<()> {
        if comparable(found, expected) {
            return Ok(());
        }
        let message = format!("this is {}, not {}", self.describe_type(found), self.describe_type(expected));
        let hint = did_you_mean(conversion_to(expected), CONVERSIONS);
        self.note(code::TYPE, Anchor::whole(expr), message, hint)
    }
}

fn conversion_to(ty: &Type) -> &'static str {
    match ty {
        Type::Text => "string",
        Type::Int => "int",
        Type::Float => "float",
        Type::Decimal { .. } => "decimal",
        _ => "",
    }
}

/// The text, the separator and the bound of `text.split(separator, limit)`.
fn split(expr: &IdedExpr) -> Option<(&IdedExpr, &str, Option<usize>)> {
    let Expr::Call(call) = &expr.expr else { return None };
    let target = call.target.as_deref().filter(|_| call.func_name == "split")?;
    let [separator, rest @ ..] = call.args.as_slice() else { return None };
    let Expr::Literal(LiteralValue::String(separator)) = &separator.expr else { return None };
    let limit = match rest {
        [] => None,
        [limit] => Some(whole_number(limit).filter(|limit| *limit > 0)?),
        _ => return None,
    };
    let separator = separator.inner();
    (!separator.is_empty()).then_some((target, separator, limit))
}

fn whole_number(expr: &IdedExpr) -> Option<usize> {
    match &expr.expr {
        Expr::Literal(LiteralValue::Int(value)) => usize::try_from(*value.inner()).ok(),
        _ => None,
    }
}

/// Whether it can only be a text: a sum with a text in it, a part, a conversion to text.
fn is_text_formula(expr: &IdedExpr) -> bool {
    let Expr::Call(call) = &expr.expr else { return false };
    match call.func_name.as_str() {
        operators::INDEX => true,
        "string" => call.target.is_none(),
        operators::ADD => call
            .args
            .iter()
            .any(|arg| matches!(&arg.expr, Expr::Literal(LiteralValue::String(_))) || is_text_formula(arg)),
        _ => false,
    }
}

/// What a conversion turns into, and the scale of the units that it counts.
fn target(name: &str, rest: &[IdedExpr]) -> Option<(Type, Option<u8>)> {
    let scale = match rest {
        [] => None,
        [scale] => Some(u8::try_from(whole_number(scale)?).ok().filter(|scale| *scale <= 18)?),
        _ => return None,
    };
    Some(match (name, scale) {
        ("decimal", Some(scale)) => (Type::Decimal { scale }, Some(scale)),
        ("int", Some(scale)) => (Type::Int, Some(scale)),
        (_, Some(_)) => return None,
        ("string", None) => (Type::Text, None),
        ("int", None) => (Type::Int, None),
        ("float", None) => (Type::Float, None),
        ("decimal", None) => (Type::Decimal { scale: 2 }, None),
        ("bool", None) => (Type::Bool, None),
        ("date", None) => (Type::Date, None),
        ("time", None) => (Type::Time, None),
        ("timestamp", None) => (Type::Timestamp, None),
        _ => (Type::Duration, None),
    })
}
