//! Operators, functions and methods.

use super::checker::{Checked, Checker};
use super::code;
use super::literal::natural_type;
use super::suggest::did_you_mean;
use super::term::{Literal, Term, Typed};
use crate::position::Anchor;
use crate::{Arithmetic, CompareOp, Operand, Predicate, TextTest, Type, Value};
use cel::IdedExpr;
use cel::common::ast::{CallExpr, operators};

const FUNCTIONS: [&str; 8] = ["size", "timestamp", "duration", "date", "time", "decimal", "uuid", "has"];
const METHODS: [&str; 7] = ["startsWith", "endsWith", "contains", "lowerAscii", "size", "exists", "all"];

impl Checker<'_> {
    pub(super) fn call(&mut self, call: &CallExpr, expr: &IdedExpr) -> Checked<Term> {
        match (&call.target, call.args.as_slice()) {
            (None, args) => self.operator(&call.func_name, args, expr),
            (Some(target), args) => self.method(target, &call.func_name, args, expr),
        }
    }

    fn operator(&mut self, name: &str, args: &[IdedExpr], expr: &IdedExpr) -> Checked<Term> {
        use operators::*;
        match (name, args) {
            (LOGICAL_AND | LOGICAL_OR, [left, right]) => self.junction(name, left, right),
            (LOGICAL_NOT, [inner]) => Ok(Term::Condition(Predicate::Not(Box::new(self.condition(inner)?)))),
            (CONDITIONAL, [condition, yes, no]) => self.conditional([condition, yes, no]),
            (IN, [item, list]) => self.membership(item, list),
            (NEGATE, [inner]) => self.negate(inner),
            (_, [left, right]) => match (comparison(name), arithmetic(name)) {
                (Some(op), _) => self.compare(op, left, right),
                (_, Some(op)) => self.arithmetic(op, left, right, expr),
                _ => self.function(name, args, expr),
            },
            _ => self.function(name, args, expr),
        }
    }

    fn function(&mut self, name: &str, args: &[IdedExpr], expr: &IdedExpr) -> Checked<Term> {
        let anchor = Anchor::name(expr);
        match (name, args) {
            ("size", [of]) => self.size(of),
            ("timestamp" | "duration" | "date" | "time" | "decimal" | "uuid", [of]) => {
                self.conversion(name, of)
            }
            (operators::DIVIDE | operators::MODULO, _) => {
                let message = "there is no division".to_owned();
                self.refuse_with(code::UNSUPPORTED, anchor, message, "multiply the other side instead")
            }
            (operators::INDEX, _) => {
                let message = "there is no indexing".to_owned();
                self.refuse_with(code::UNSUPPORTED, anchor, message, "of a list ask `x in list`")
            }
            _ if FUNCTIONS.contains(&name) => {
                self.refuse(code::TYPE, anchor, format!("`{name}` takes one argument"))
            }
            _ => {
                let message = format!("there is no function `{name}`");
                self.note(code::UNSUPPORTED, anchor, message, did_you_mean(name, FUNCTIONS))
            }
        }
    }

    fn method(&mut self, target: &IdedExpr, name: &str, args: &[IdedExpr], expr: &IdedExpr) -> Checked<Term> {
        let anchor = Anchor::name(expr);
        match (text_test(name), name, args) {
            (Some(test), _, [needle]) => self.text_test(test, target, needle),
            (_, "size", []) => self.size(target),
            (_, "lowerAscii", []) => {
                let operand = self.text_operand(target)?;
                Ok(Term::Value(Typed::new(Operand::LowerAscii(Box::new(operand)), Type::Text)))
            }
            _ if METHODS.contains(&name) => {
                let count = match name {
                    "size" | "lowerAscii" => "no argument",
                    "exists" | "all" => "a variable and a condition",
                    _ => "one argument",
                };
                self.refuse(code::TYPE, anchor, format!("`{name}` takes {count}"))
            }
            _ => {
                let hint = match name {
                    "matches" => Some("a pattern belongs in the field's option `pattern`".to_owned()),
                    "map" | "filter" | "exists_one" | "existsOne" => Some("use `exists` or `all`".to_owned()),
                    _ if name.starts_with("get") => Some("compare with timestamps instead".to_owned()),
                    _ => did_you_mean(name, METHODS),
                };
                self.note(code::UNSUPPORTED, anchor, format!("there is no method `{name}`"), hint)
            }
        }
    }

    fn text_test(&mut self, test: TextTest, subject: &IdedExpr, needle: &IdedExpr) -> Checked<Term> {
        let subject = self.text_operand(subject);
        let needle = self.text_operand(needle);
        Ok(Term::Condition(Predicate::Text { test, subject: subject?, needle: needle? }))
    }

    fn text_operand(&mut self, expr: &IdedExpr) -> Checked<Operand> {
        let term = self.term(expr)?;
        self.note_texts([(&term, Anchor::whole(expr))]);
        match term {
            Term::Value(Typed { operand, ty: Type::Text, .. }) => Ok(operand),
            Term::Literal(Literal::Text(text)) => Ok(Operand::Value(Value::Text(text))),
            Term::Value(Typed { ty: Type::List(_), .. }) => {
                let message = "this is a list, not text".to_owned();
                self.refuse_with(code::TYPE, Anchor::whole(expr), message, "of a list ask `x in list`")
            }
            other => {
                let message = format!("this is {}, not text", self.describe(&other));
                self.refuse(code::TYPE, Anchor::whole(expr), message)
            }
        }
    }

    fn size(&mut self, of: &IdedExpr) -> Checked<Term> {
        let term = self.term(of)?;
        self.note_texts([(&term, Anchor::whole(of))]);
        let (operand, list) = match term {
            Term::Value(Typed { operand, ty: Type::Text, .. }) => (operand, false),
            Term::Value(Typed { operand, ty: Type::List(_), .. }) => (operand, true),
            Term::Literal(Literal::Text(text)) => (Operand::Value(Value::Text(text)), false),
            Term::Children(_) => {
                let message = "children are not counted".to_owned();
                let hint = "ask whether there is one: `x.exists(c, true)`";
                return self.refuse_with(code::UNSUPPORTED, Anchor::whole(of), message, hint);
            }
            other => {
                let message = format!("`size` takes text or a list, not {}", self.describe(&other));
                return self.refuse(code::TYPE, Anchor::whole(of), message);
            }
        };
        Ok(Term::Value(Typed::new(Operand::Size { of: Box::new(operand), list }, Type::Int)))
    }

    /// A node as an operand of arithmetic.
    pub(super) fn number(&mut self, expr: &IdedExpr) -> Checked<Typed> {
        match self.term(expr)? {
            Term::Value(value) => Ok(value),
            Term::Literal(literal) => {
                let ty = natural_type(&literal).unwrap_or(Type::Json);
                let value = self.coerce(&literal, &ty, None, Anchor::whole(expr))?;
                Ok(Typed::new(Operand::Value(value), ty))
            }
            other => {
                let message = format!("this is {}, not a value", self.describe(&other));
                self.refuse(code::TYPE, Anchor::whole(expr), message)
            }
        }
    }
}

fn comparison(operator: &str) -> Option<CompareOp> {
    Some(match operator {
        operators::EQUALS => CompareOp::Equal,
        operators::NOT_EQUALS => CompareOp::NotEqual,
        operators::LESS => CompareOp::Less,
        operators::LESS_EQUALS => CompareOp::LessOrEqual,
        operators::GREATER => CompareOp::Greater,
        operators::GREATER_EQUALS => CompareOp::GreaterOrEqual,
        _ => return None,
    })
}

fn arithmetic(operator: &str) -> Option<Arithmetic> {
    Some(match operator {
        operators::ADD => Arithmetic::Add,
        operators::SUBSTRACT => Arithmetic::Subtract,
        operators::MULTIPLY => Arithmetic::Multiply,
        _ => return None,
    })
}

fn text_test(method: &str) -> Option<TextTest> {
    Some(match method {
        "startsWith" => TextTest::StartsWith,
        "endsWith" => TextTest::EndsWith,
        "contains" => TextTest::Contains,
        _ => return None,
    })
}
