//! Predicates as short text, for expectations that people read.

use super::fixture::{Chat, MESSAGE};
use mainstay_expr::{
    Arithmetic, CompareOp, FieldRef, Link, ModelId, Operand, Predicate, Schema, Source, Value,
};

/// The text of a predicate about a message.
pub(crate) fn show(chat: &Chat, predicate: &Predicate) -> String {
    Show { chat, bound: vec![(Source::Record, MESSAGE)] }.predicate(predicate)
}

/// The text of an operand about a message.
pub(crate) fn show_operand(chat: &Chat, operand: &Operand) -> String {
    Show { chat, bound: vec![(Source::Record, MESSAGE)] }.operand(operand)
}

#[derive(Clone)]
struct Show<'a> {
    chat: &'a Chat,
    bound: Vec<(Source, ModelId)>,
}

impl Show<'_> {
    fn predicate(&self, predicate: &Predicate) -> String {
        match predicate {
            Predicate::Const(answer) => answer.to_string(),
            Predicate::All(items) => self.list("and", items),
            Predicate::Any(items) => self.list("or", items),
            Predicate::Not(inner) => format!("!{}", self.predicate(inner)),
            Predicate::Compare { op, left, right } => {
                format!("{} {} {}", self.operand(left), operator(*op), self.operand(right))
            }
            Predicate::In { item, list } => format!("{} in {}", self.operand(item), self.operand(list)),
            Predicate::Text { test, subject, needle } => {
                format!("{test:?}({}, {})", self.operand(subject), self.operand(needle))
            }
            Predicate::Truth(operand) => self.operand(operand),
            Predicate::Exists { model, link, level, filter } => {
                let inner = self.with(*level, *model);
                let name = self.chat.model_name(*model);
                let link = match link {
                    Link::To(id) => format!("id = {}", self.operand(id)),
                    Link::From { field, id } => {
                        format!("{} = {}", self.chat.field_name(*model, *field), self.operand(id))
                    }
                };
                format!("some {name}#{level}[{link}]{{{}}}", inner.predicate(filter))
            }
        }
    }

    fn list(&self, word: &str, items: &[Predicate]) -> String {
        let items: Vec<String> = items.iter().map(|item| self.predicate(item)).collect();
        format!("({})", items.join(&format!(" {word} ")))
    }

    fn operand(&self, operand: &Operand) -> String {
        match operand {
            Operand::Value(value) => show_value(value),
            Operand::Var(var) => format!("${var:?}"),
            Operand::Field(field) => self.field(*field),
            Operand::Lookup { via, model, level, guard, value } => {
                let inner = self.with(*level, *model);
                let guard = match guard.as_ref() {
                    Predicate::Const(true) => String::new(),
                    guard => format!("{{{}}}", inner.predicate(guard)),
                };
                format!("{}>{}{guard}", self.operand(via), inner.operand(value))
            }
            Operand::Arithmetic { op, left, right, ty } => {
                let sign = match op {
                    Arithmetic::Add => '+',
                    Arithmetic::Subtract => '-',
                    Arithmetic::Multiply => '*',
                };
                format!("({} {sign} {}):{ty:?}", self.operand(left), self.operand(right))
            }
            Operand::Size { of, .. } => format!("size({})", self.operand(of)),
            Operand::LowerAscii(of) => format!("lower({})", self.operand(of)),
        }
    }

    fn field(&self, FieldRef { source, field }: FieldRef) -> String {
        let owner = self.bound.iter().rev().find(|(known, _)| *known == source);
        let model = owner.map_or(MESSAGE, |(_, model)| *model);
        let name = self.chat.field_name(model, field);
        match source {
            Source::Record => name.to_owned(),
            Source::Old => format!("old.{name}"),
            Source::New => format!("new.{name}"),
            Source::Bound(level) => format!("#{level}.{name}"),
        }
    }

    fn with(&self, level: u8, model: ModelId) -> Self {
        let mut inner = self.clone();
        inner.bound.push((Source::Bound(level), model));
        inner
    }
}

fn operator(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Equal => "==",
        CompareOp::NotEqual => "!=",
        CompareOp::Less => "<",
        CompareOp::LessOrEqual => "<=",
        CompareOp::Greater => ">",
        CompareOp::GreaterOrEqual => ">=",
    }
}

fn show_value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Text(text) => format!("{text:?}"),
        Value::Uuid(id) => id.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Bool(bool) => bool.to_string(),
        Value::Decimal(decimal) => format!("{decimal}m"),
        Value::List(items) => {
            format!("[{}]", items.iter().map(show_value).collect::<Vec<_>>().join(", "))
        }
        other => format!("{other:?}"),
    }
}
