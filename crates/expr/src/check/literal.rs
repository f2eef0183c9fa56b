//! Literals, whose type is decided by what they meet.

use super::checker::{Checked, Checker};
use super::code;
use super::suggest::did_you_mean;
use super::term::{Literal, Term, Typed};
use crate::position::Anchor;
use crate::{Decimal, Operand, Type, Value, parse_date, parse_duration, parse_time, parse_timestamp};
use cel::IdedExpr;
use cel::common::ast::LiteralValue;
use std::sync::Arc;
use uuid::Uuid;

/// The largest whole number up to which every one is a double.
const MAX_EXACT_DOUBLE: u64 = 1 << 53;

impl Checker<'_> {
    pub(super) fn literal(&mut self, literal: &LiteralValue, anchor: Anchor) -> Checked<Term> {
        Ok(Term::Literal(match literal {
            LiteralValue::Null => Literal::Null,
            LiteralValue::Boolean(value) => Literal::Bool(*value.inner()),
            LiteralValue::Int(value) => Literal::Int(*value.inner()),
            LiteralValue::Double(value) => Literal::Double(*value.inner()),
            LiteralValue::String(value) => return self.text(value.inner(), anchor),
            LiteralValue::UInt(_) => {
                let message = "there are no unsigned numbers".to_owned();
                return self.refuse_with(code::UNSUPPORTED, anchor, message, "leave out the `u`");
            }
            LiteralValue::Bytes(_) => {
                let message = "bytes can only be compared with null".to_owned();
                return self.refuse(code::UNSUPPORTED, anchor, message);
            }
        }))
    }

    fn text(&mut self, text: &str, anchor: Anchor) -> Checked<Term> {
        if text.contains('\0') {
            return self.refuse(code::TYPE, anchor, "a text never contains U+0000".to_owned());
        }
        Ok(Term::Literal(Literal::Text(text.to_owned())))
    }

    /// A literal list. Its elements are literals; what else it could hold is written with `||`.
    pub(super) fn list(&mut self, elements: &[IdedExpr]) -> Checked<Term> {
        let mut literals = Vec::with_capacity(elements.len());
        for element in elements {
            let anchor = Anchor::whole(element);
            match self.term(element)? {
                Term::Literal(Literal::Null) => {
                    let message = "null is in no list".to_owned();
                    return self.refuse_with(code::TYPE, anchor, message, "write `x == null || x in […]`");
                }
                Term::Literal(literal) => literals.push((literal, anchor)),
                other => {
                    let message = format!("a list holds literals, not {}", self.describe(&other));
                    return self.refuse_with(code::UNSUPPORTED, anchor, message, "write `x == a || x == b`");
                }
            }
        }
        Ok(Term::List(literals))
    }

    /// `-x`, of literals alone.
    pub(super) fn negate(&mut self, of: &IdedExpr) -> Checked<Term> {
        let negated = match self.term(of)? {
            Term::Literal(Literal::Int(value)) => value.checked_neg().map(Literal::Int),
            Term::Literal(Literal::Double(value)) => Some(Literal::Double(-value)),
            _ => None,
        };
        match negated {
            Some(literal) => Ok(Term::Literal(literal)),
            None => {
                let message = "`-` stands before number literals only".to_owned();
                self.refuse_with(code::UNSUPPORTED, Anchor::whole(of), message, "write `0 - x`")
            }
        }
    }

    /// `timestamp("…")` and its kin: a literal of a named type.
    pub(super) fn conversion(&mut self, function: &str, of: &IdedExpr) -> Checked<Term> {
        let anchor = Anchor::whole(of);
        let Term::Literal(Literal::Text(text)) = self.term(of)? else {
            let message = format!("`{function}` takes a text literal");
            return self.refuse(code::TYPE, anchor, message);
        };
        let ty = match function {
            "timestamp" => Type::Timestamp,
            "duration" => Type::Duration,
            "date" => Type::Date,
            "time" => Type::Time,
            "uuid" => Type::Uuid,
            _ => {
                return match Decimal::parse(&text) {
                    Some(decimal) => Ok(Term::Literal(Literal::Decimal(decimal))),
                    None => self.malformed("decimal", &text, anchor),
                };
            }
        };
        let value = self.coerce(&Literal::Text(text), &ty, None, anchor)?;
        Ok(Term::Value(Typed::new(Operand::Value(value), ty)))
    }

    /// The value of a literal where a value of `ty` is expected.
    pub(super) fn coerce(
        &mut self,
        literal: &Literal,
        ty: &Type,
        variants: Option<&Arc<[String]>>,
        anchor: Anchor,
    ) -> Checked<Value> {
        match (literal, ty) {
            (Literal::Null, _) => Ok(Value::Null),
            (Literal::Bool(value), Type::Bool) => Ok(Value::Bool(*value)),
            (Literal::Int(value), Type::Int) => Ok(Value::Int(*value)),
            (Literal::Int(value), Type::Float) if value.unsigned_abs() <= MAX_EXACT_DOUBLE => {
                Ok(Value::Float(*value as f64))
            }
            (Literal::Double(value), Type::Float) => Ok(Value::Float(*value)),
            (Literal::Int(value), Type::Decimal { scale }) => {
                self.decimal(Decimal::new(*value, 0), *scale, anchor)
            }
            // The shortest text of a double is what its author wrote, or equal to it.
            (Literal::Double(value), Type::Decimal { scale }) => {
                self.decimal(Decimal::parse(&value.to_string()), *scale, anchor)
            }
            (Literal::Decimal(value), Type::Decimal { scale }) => self.decimal(Some(*value), *scale, anchor),
            (Literal::Text(text), _) => self.coerce_text(text, ty, variants, anchor),
            _ => self.mismatch(literal, ty, anchor),
        }
    }

    /// The values of literals where values of `ty` are expected.
    pub(super) fn coerce_all(
        &mut self,
        literals: &[(Literal, Anchor)],
        ty: &Type,
        variants: Option<&Arc<[String]>>,
    ) -> Checked<Vec<Value>> {
        literals.iter().map(|(literal, anchor)| self.coerce(literal, ty, variants, *anchor)).collect()
    }

    fn coerce_text(
        &mut self,
        text: &str,
        ty: &Type,
        variants: Option<&Arc<[String]>>,
        anchor: Anchor,
    ) -> Checked<Value> {
        let (value, name) = match ty {
            Type::Text => return self.variant(text, variants, anchor),
            Type::Decimal { scale } => match Decimal::parse(text) {
                Some(decimal) => return self.decimal(Some(decimal), *scale, anchor),
                None => (None, "decimal"),
            },
            Type::Uuid | Type::Ref(_) => (parse_uuid(text).map(Value::Uuid), "UUID"),
            Type::Date => (parse_date(text).map(Value::Date), "date, as `2026-11-21`"),
            Type::Time => (parse_time(text).map(Value::Time), "time of day, as `08:30`"),
            Type::Timestamp => {
                (parse_timestamp(text).map(Value::Timestamp), "timestamp, as `2026-11-21T08:30:00Z`")
            }
            Type::Duration => {
                (parse_duration(text).map(Value::Duration), "duration, as `1h30m` or `PT1H30M`")
            }
            _ => return self.mismatch(&Literal::Text(text.to_owned()), ty, anchor),
        };
        match value {
            Some(value) => Ok(value),
            None => self.malformed(name, text, anchor),
        }
    }

    fn variant(&mut self, text: &str, variants: Option<&Arc<[String]>>, anchor: Anchor) -> Checked<Value> {
        self.note_value(text, variants, anchor);
        let Some(variants) = variants.filter(|variants| !variants.iter().any(|variant| variant == text))
        else {
            return Ok(Value::Text(text.to_owned()));
        };
        let hint = did_you_mean(text, variants.iter().map(String::as_str))
            .unwrap_or_else(|| format!("it is one of {}", variants.join(", ")));
        self.refuse_with(code::TYPE, anchor, format!("the enum has no value `{text}`"), hint)
    }

    fn decimal(&mut self, value: Option<Decimal>, scale: u8, anchor: Anchor) -> Checked<Value> {
        match value.and_then(|decimal| decimal.rescale(scale)) {
            Some(decimal) => Ok(Value::Decimal(decimal)),
            None => {
                let message = format!("not exact with {scale} digits after the point");
                let hint = format!("the other side has {scale}, and 18 digits in all");
                self.refuse_with(code::TYPE, anchor, message, hint)
            }
        }
    }

    fn malformed<T>(&mut self, name: &str, text: &str, anchor: Anchor) -> Checked<T> {
        self.refuse(code::TYPE, anchor, format!("`{text}` is not a {name}"))
    }

    fn mismatch<T>(&mut self, literal: &Literal, ty: &Type, anchor: Anchor) -> Checked<T> {
        let literal = self.describe(&Term::Literal(literal.clone()));
        let message = format!("this is {literal}, but {} is expected", self.describe_type(ty));
        self.refuse(code::TYPE, anchor, message)
    }
}

/// The type of a literal that meets no other type.
pub(super) fn natural_type(literal: &Literal) -> Option<Type> {
    match literal {
        Literal::Null => None,
        Literal::Bool(_) => Some(Type::Bool),
        Literal::Int(_) => Some(Type::Int),
        Literal::Double(_) => Some(Type::Float),
        Literal::Text(_) => Some(Type::Text),
        Literal::Decimal(decimal) => Some(Type::Decimal { scale: decimal.scale() }),
    }
}

/// A UUID in its usual form of 36 characters; other forms would let one id be written in several ways.
fn parse_uuid(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}
