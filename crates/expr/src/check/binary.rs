//! Operators between two values: comparison, membership, arithmetic.

use super::checker::{Checked, Checker};
use super::code;
use super::literal::natural_type;
use super::term::{Literal, Term, Typed, comparable, opaque, ordered};
use crate::position::Anchor;
use crate::{Arithmetic, CompareOp, Operand, Predicate, Type, Value, Var};
use cel::IdedExpr;

impl Checker<'_> {
    /// `==`, `!=` and the orders.
    pub(super) fn compare(
        &mut self,
        op: CompareOp,
        left_expr: &IdedExpr,
        right_expr: &IdedExpr,
    ) -> Checked<Term> {
        let left = self.term(left_expr);
        let right = self.term(right_expr);
        let (left, right) = (left?, right?);
        let with_null = [&left, &right].iter().any(|term| matches!(term, Term::Literal(Literal::Null)));
        let anchors = (Anchor::whole(left_expr), Anchor::whole(right_expr));
        let equality = matches!(op, CompareOp::Equal | CompareOp::NotEqual);
        if !(equality && [&left, &right].iter().any(|term| matches!(term, Term::Literal(_)))) {
            self.note_texts([(&left, anchors.0), (&right, anchors.1)]);
        }
        let (left, right, ty) = self.unify(left, right, anchors)?;
        if equality && !with_null && opaque(&ty) {
            let message = format!("{} can only be compared with null", self.describe_type(&ty));
            let hint = matches!(ty, Type::List(_)).then(|| "of a list ask `x in list`".to_owned());
            return self.note(code::UNSUPPORTED, anchors.0, message, hint);
        }
        if !equality && with_null {
            let message = "null has no order, so this never holds".to_owned();
            return self.refuse_with(code::TYPE, anchors.1, message, "write `== null` or `!= null`");
        }
        if !equality && !ordered(&ty) {
            let message = format!("{} has no order", self.describe_type(&ty));
            return self.refuse(code::TYPE, anchors.0, message);
        }
        let constant = [&left, &right].iter().any(|side| matches!(side, Operand::Value(_)));
        let may_be_nobody = !constant && [&left, &right].iter().any(|side| is_of_caller(side));
        let comparison = Predicate::Compare { op, left, right };
        Ok(Term::Condition(if may_be_nobody { unless_nobody(comparison) } else { comparison }))
    }

    /// Both sides as operands of one type.
    fn unify(
        &mut self,
        left: Term,
        right: Term,
        anchors: (Anchor, Anchor),
    ) -> Checked<(Operand, Operand, Type)> {
        match (left, right) {
            (Term::Value(left), Term::Value(right)) => {
                self.require_comparable(&left.ty, &right.ty, anchors.1)?;
                Ok((left.operand, right.operand, left.ty))
            }
            (Term::Value(left), Term::Literal(literal)) => {
                let right = self.coerce(&literal, &left.ty, left.variants.as_ref(), anchors.1)?;
                Ok((left.operand, Operand::Value(right), left.ty))
            }
            (Term::Literal(literal), Term::Value(right)) => {
                let left = self.coerce(&literal, &right.ty, right.variants.as_ref(), anchors.0)?;
                Ok((Operand::Value(left), right.operand, right.ty))
            }
            (Term::Literal(left), Term::Literal(right)) => self.unify_literals(&left, &right, anchors),
            (left @ (Term::Value(_) | Term::Literal(_)), right) => {
                self.incomparable(&right, &left, anchors.1)
            }
            (left, right) => self.incomparable(&left, &right, anchors.0),
        }
    }

    fn unify_literals(
        &mut self,
        left: &Literal,
        right: &Literal,
        anchors: (Anchor, Anchor),
    ) -> Checked<(Operand, Operand, Type)> {
        // An int gives way to a number with a point, whichever stands first.
        let preferred = match (left, right) {
            (Literal::Null | Literal::Int(_), _) => natural_type(right).or(natural_type(left)),
            _ => natural_type(left),
        };
        let ty = preferred.unwrap_or(Type::Json);
        let left = self.coerce(left, &ty, None, anchors.0)?;
        let right = self.coerce(right, &ty, None, anchors.1)?;
        Ok((Operand::Value(left), Operand::Value(right), ty))
    }

    fn incomparable<T>(&mut self, term: &Term, other: &Term, anchor: Anchor) -> Checked<T> {
        let message = format!("{} cannot be compared", self.describe(term));
        let hint = match (term, other) {
            (Term::Condition(_), Term::Literal(Literal::Bool(_))) => "leave out the comparison; `!` negates",
            (Term::Condition(_), _) => "write `a && b || !a && !b`",
            (Term::Record(_), _) => "compare its `id`",
            (Term::List(_), _) => "ask `x in […]`",
            (Term::Children(_), _) => "ask `x.exists(c, …)`",
            _ => "name a member of it",
        };
        self.refuse_with(code::TYPE, anchor, message, hint)
    }

    fn require_comparable(&mut self, left: &Type, right: &Type, anchor: Anchor) -> Checked<()> {
        if comparable(left, right) {
            return Ok(());
        }
        let message =
            format!("this is {}, but {} is expected", self.describe_type(right), self.describe_type(left));
        let hint = match (left, right) {
            (Type::Decimal { .. }, Type::Decimal { .. }) => {
                Some("decimals are compared at one scale; give the fields the same".to_owned())
            }
            _ => None,
        };
        self.note(code::TYPE, anchor, message, hint)
    }

    /// `item in list`
    pub(super) fn membership(&mut self, item_expr: &IdedExpr, list_expr: &IdedExpr) -> Checked<Term> {
        let item = self.term(item_expr);
        let list = self.term(list_expr);
        let (item, list) = (item?, list?);
        let anchor = Anchor::whole(item_expr);
        let (item, list) = match list {
            Term::List(literals) => {
                let item = self.item(item, literals.first().map(|(literal, _)| literal), anchor)?;
                let values = self.coerce_all(&literals, &item.ty, item.variants.as_ref())?;
                (item.operand, Operand::Value(Value::List(values)))
            }
            Term::Value(Typed { operand, ty: Type::List(of), .. }) => match item {
                Term::Value(item) => {
                    self.require_comparable(&of, &item.ty, anchor)?;
                    (item.operand, operand)
                }
                Term::Literal(Literal::Null) => return self.null_item(anchor),
                Term::Literal(literal) => {
                    (Operand::Value(self.coerce(&literal, &of, None, anchor)?), operand)
                }
                other => return self.no_item(&other, anchor),
            },
            other => {
                let message = format!("this is {}, not a list", self.describe(&other));
                let hint = matches!(other, Term::Children(_)).then(|| "ask `x.exists(c, …)`".to_owned());
                return self.note(code::TYPE, Anchor::whole(list_expr), message, hint);
            }
        };
        Ok(Term::Condition(Predicate::In { item, list }))
    }

    /// What is looked for in a literal list that begins with `first`.
    fn item(&mut self, item: Term, first: Option<&Literal>, anchor: Anchor) -> Checked<Typed> {
        match item {
            Term::Value(item) if opaque(&item.ty) => self.no_item(&Term::Value(item), anchor),
            Term::Value(item) => Ok(item),
            Term::Literal(Literal::Null) => self.null_item(anchor),
            Term::Literal(literal) => {
                let ty = first.and_then(natural_type).or(natural_type(&literal)).unwrap_or(Type::Json);
                let value = self.coerce(&literal, &ty, None, anchor)?;
                Ok(Typed::new(Operand::Value(value), ty))
            }
            other => self.no_item(&other, anchor),
        }
    }

    fn null_item<T>(&mut self, anchor: Anchor) -> Checked<T> {
        self.refuse(code::TYPE, anchor, "null is in no list".to_owned())
    }

    fn no_item<T>(&mut self, term: &Term, anchor: Anchor) -> Checked<T> {
        let message = format!("{} is in no list", self.describe(term));
        self.refuse(code::TYPE, anchor, message)
    }

    /// `+`, `-` and `*`
    pub(super) fn arithmetic(
        &mut self,
        op: Arithmetic,
        left: &IdedExpr,
        right: &IdedExpr,
        expr: &IdedExpr,
    ) -> Checked<Term> {
        let left = self.number(left);
        let right = self.number(right);
        let (left, right) = (left?, right?);
        let Some(ty) = result_type(op, &left.ty, &right.ty) else {
            let (left, right) = (&left.ty, &right.ty);
            let message = format!(
                "no arithmetic between {} and {}",
                self.describe_type(left),
                self.describe_type(right)
            );
            let hint = match (left, right) {
                (Type::Timestamp | Type::Duration, Type::Text)
                | (Type::Text, Type::Timestamp | Type::Duration) => "write `duration(\"24h\")`",
                _ => "it is for ints, and for timestamps and durations",
            };
            return self.refuse_with(code::UNSUPPORTED, Anchor::whole(expr), message, hint);
        };
        let (left, right) = (Box::new(left.operand), Box::new(right.operand));
        let operand = Operand::Arithmetic { op, left, right, ty: ty.clone() };
        Ok(Term::Value(Typed::new(operand, ty)))
    }
}

/// The type that arithmetic yields; `None` where it is not part of the language.
fn result_type(op: Arithmetic, left: &Type, right: &Type) -> Option<Type> {
    use Arithmetic::*;
    Some(match (left, op, right) {
        (Type::Int, _, Type::Int) => Type::Int,
        (Type::Timestamp, Add | Subtract, Type::Duration) => Type::Timestamp,
        (Type::Duration, Add, Type::Timestamp) => Type::Timestamp,
        (Type::Timestamp, Subtract, Type::Timestamp) => Type::Duration,
        (Type::Duration, Add | Subtract, Type::Duration) => Type::Duration,
        _ => return None,
    })
}

/// Whether an operand is something that the caller has and nobody lacks.
fn is_of_caller(operand: &Operand) -> bool {
    matches!(operand, Operand::Var(Var::AuthId | Var::AuthClaim(_)))
}

/// A comparison with what the caller has. Null equals null, but whoever has no account is not the owner of a record without one: where a
/// side that stands for the caller is null, `==` is false and `!=` true.
fn unless_nobody(comparison: Predicate) -> Predicate {
    let Predicate::Compare { op, left, right } = comparison else { return comparison };
    let caller = if is_of_caller(&left) { &left } else { &right };
    let null = Operand::Value(Value::Null);
    match op {
        CompareOp::Equal => {
            let somebody = Predicate::Compare { op: CompareOp::NotEqual, left: caller.clone(), right: null };
            Predicate::All(vec![somebody, Predicate::Compare { op, left, right }])
        }
        CompareOp::NotEqual => {
            let nobody = Predicate::Compare { op: CompareOp::Equal, left: caller.clone(), right: null };
            Predicate::Any(vec![nobody, Predicate::Compare { op, left, right }])
        }
        _ => Predicate::Compare { op, left, right },
    }
}
