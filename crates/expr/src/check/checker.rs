//! The state of a check, and the dispatch over the parser's tree.

use super::term::{Literal, Term, Typed};
use super::{Context, Use, code};
use crate::position::Anchor;
use crate::{FieldId, MAX_COST, ModelId, Operand, Predicate, Schema, Source, Type, Value};
use cel::IdedExpr;
use cel::common::ast::{Expr, operators};

/// A fault whose place is a node, not yet a range of bytes.
#[derive(Debug)]
pub(super) struct Marked {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) anchor: Anchor,
}

/// The fault has been noted; there is nothing to go on with.
#[derive(Debug)]
pub(super) struct Reported;

pub(super) type Checked<T> = Result<T, Reported>;

/// A record under a name of its own: the variable of `exists` or `all`.
#[derive(Debug)]
pub(super) struct Binding {
    pub(super) name: String,
    pub(super) model: ModelId,
    pub(super) source: Source,
}

/// A field that a filter mentions, whose own rule has to hold.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Mention {
    pub(super) source: Source,
    pub(super) model: ModelId,
    pub(super) field: FieldId,
}

pub(super) struct Checker<'s> {
    pub(super) schema: &'s dyn Schema,
    pub(super) usage: Use,
    /// The record whose fields are bare names.
    pub(super) bare: Option<(ModelId, Source)>,
    /// The variables in scope, the innermost last.
    pub(super) bindings: Vec<Binding>,
    /// The number of the innermost bound record.
    pub(super) level: u8,
    pub(super) faults: Vec<Marked>,
    pub(super) mentions: Vec<Mention>,
    pub(super) used_predicates: Vec<(ModelId, String)>,
    /// The rules and named predicates being compiled in place, the innermost last.
    pub(super) inlining: Vec<String>,
    /// Whether a rule compiled in place spoke of `old` or `new`.
    pub(super) spoke_of_change: bool,
    /// The names and enum values that the source itself has, where somebody asks for them.
    pub(super) names: Option<Vec<super::rewrite::Name>>,
    pub(super) work: u32,
}

impl<'s> Checker<'s> {
    pub(super) fn new(context: Context, schema: &'s dyn Schema) -> Self {
        Checker {
            schema,
            usage: context.usage,
            bare: context.model.map(|model| (model, Source::Record)),
            bindings: Vec::new(),
            level: 0,
            faults: Vec::new(),
            mentions: Vec::new(),
            used_predicates: Vec::new(),
            inlining: Vec::new(),
            spoke_of_change: false,
            names: None,
            work: 0,
        }
    }

    /// The meaning of a node as a condition.
    pub(super) fn condition(&mut self, expr: &IdedExpr) -> Checked<Predicate> {
        match self.term(expr)? {
            Term::Condition(predicate) => Ok(predicate),
            Term::Literal(Literal::Bool(value)) => Ok(Predicate::Const(value)),
            Term::Value(Typed { operand, ty: Type::Bool, .. }) => Ok(Predicate::Truth(operand)),
            other => {
                let message = format!("this is {}, not a condition", self.describe(&other));
                self.refuse(code::TYPE, Anchor::whole(expr), message)
            }
        }
    }

    /// The meaning of a node as a value of a type.
    pub(super) fn value(&mut self, expr: &IdedExpr, expected: &Type) -> Checked<Operand> {
        let anchor = Anchor::whole(expr);
        match (self.term(expr)?, expected) {
            (Term::Value(value), _) if super::term::comparable(&value.ty, expected) => Ok(value.operand),
            (Term::Literal(literal), _) => self.coerce(&literal, expected, None, anchor).map(Operand::Value),
            (Term::List(items), Type::List(of)) => {
                let items = self.coerce_all(&items, of, None)?;
                Ok(Operand::Value(Value::List(items)))
            }
            (other, _) => {
                let message =
                    format!("this is {}, not {}", self.describe(&other), self.describe_type(expected));
                self.refuse(code::TYPE, anchor, message)
            }
        }
    }

    /// The meaning of a node.
    pub(super) fn term(&mut self, expr: &IdedExpr) -> Checked<Term> {
        self.spend(1, Anchor::whole(expr))?;
        match &expr.expr {
            Expr::Literal(literal) => self.literal(literal, Anchor::whole(expr)),
            Expr::Ident(name) => self.name(name, Anchor::whole(expr)),
            Expr::Select(select) => {
                let of = self.term(&select.operand)?;
                let member = self.select(of, &select.field, Anchor::name(expr))?;
                if select.test { self.presence(member, Anchor::whole(expr)) } else { Ok(member) }
            }
            Expr::Call(call) => self.call(call, expr),
            Expr::List(list) => self.list(&list.elements),
            Expr::Comprehension(parts) => self.quantifier(parts, expr),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                let message = "maps and messages are not part of the language";
                self.refuse(code::UNSUPPORTED, Anchor::whole(expr), message.to_owned())
            }
        }
    }

    /// `&&` or `||`: both sides are checked, so that each tells its faults.
    pub(super) fn junction(&mut self, operator: &str, left: &IdedExpr, right: &IdedExpr) -> Checked<Term> {
        let left = self.condition(left);
        let right = self.condition(right);
        let both = vec![left?, right?];
        let all = operator == operators::LOGICAL_AND;
        Ok(Term::Condition(if all { Predicate::All(both) } else { Predicate::Any(both) }))
    }

    /// `c ? a : b` of conditions.
    pub(super) fn conditional(&mut self, parts: [&IdedExpr; 3]) -> Checked<Term> {
        let [condition, yes, no] = parts.map(|part| self.condition(part));
        let (condition, yes, no) = (condition?, yes?, no?);
        let not = Predicate::Not(Box::new(condition.clone()));
        Ok(Term::Condition(Predicate::Any(vec![
            Predicate::All(vec![condition, yes]),
            Predicate::All(vec![not, no]),
        ])))
    }

    /// Notes a fault.
    pub(super) fn refuse<T>(&mut self, code: &'static str, anchor: Anchor, message: String) -> Checked<T> {
        self.note(code, anchor, message, None)
    }

    /// Notes a fault, and how to mend it.
    pub(super) fn refuse_with<T>(
        &mut self,
        code: &'static str,
        anchor: Anchor,
        message: String,
        hint: impl Into<String>,
    ) -> Checked<T> {
        self.note(code, anchor, message, Some(hint.into()))
    }

    /// Notes a fault, and how to mend it where that is known.
    pub(super) fn note<T>(
        &mut self,
        code: &'static str,
        anchor: Anchor,
        message: String,
        hint: Option<String>,
    ) -> Checked<T> {
        self.faults.push(Marked { code, message, hint, anchor });
        Err(Reported)
    }

    /// Counts the work of checking itself, which rules that refer to rules could otherwise multiply without end.
    pub(super) fn spend(&mut self, work: u32, anchor: Anchor) -> Checked<()> {
        if self.work > MAX_COST {
            return Err(Reported);
        }
        self.work = self.work.saturating_add(work);
        if self.work > MAX_COST {
            self.too_expensive(anchor);
            return Err(Reported);
        }
        Ok(())
    }

    /// Notes that the bound of cost is exceeded.
    pub(super) fn too_expensive(&mut self, anchor: Anchor) {
        let message = format!("costs more than {MAX_COST}");
        let hint = "each search among children multiplies what it contains by 50; nest fewer";
        self.faults.push(Marked { code: code::TOO_EXPENSIVE, message, hint: Some(hint.to_owned()), anchor });
    }
}
