//! What has a value.

use super::compare::literal_element;
use super::{Lowering, NULL};
use crate::param::Param;
use mainstay_expr::{Operand, Type, Value, Var};
use mainstay_model::FieldType;

impl Lowering<'_> {
    /// An operand as an expression that needs no brackets around it.
    ///
    /// A variable other than `auth.id` is null: queries come with theirs known, and what is not known must not open a door.
    pub(super) fn operand(&mut self, operand: &Operand) -> String {
        match operand {
            Operand::Var(Var::AuthId) if self.has_auth => self.placeholder(Param::AuthId),
            Operand::Value(Value::Null) | Operand::Var(_) => NULL.to_owned(),
            Operand::Value(value) => self.param(value.clone()),
            Operand::Field(field) => self.column(*field),
            Operand::Lookup { via, model, level, guard, value } => {
                self.lookup(via, *model, *level, guard, value)
            }
            Operand::Arithmetic { op, left, right, .. } => {
                let (left, right) = (self.operand(left), self.operand(right));
                self.dialect.arithmetic(*op, &left, &right)
            }
            Operand::Size { of, list } => {
                let of = self.operand(of);
                if *list { self.dialect.list_length(&of) } else { self.dialect.text_length(&of) }
            }
            Operand::LowerAscii(text) => {
                let text = self.operand(text);
                self.dialect.lower_ascii(&text)
            }
        }
    }

    /// The type of the elements of a list that is stored; `None` where no list has any but null.
    pub(super) fn element_type(&mut self, list: &Operand) -> Option<Type> {
        match list {
            Operand::Field(field) => match &self.field(*field)?.ty {
                FieldType::List(element) => Some(element.expr_type()),
                _ => None,
            },
            Operand::Lookup { model, level, value, .. } => {
                self.bound.push((*level, *model));
                let element = self.element_type(value);
                self.bound.pop();
                element
            }
            Operand::Value(Value::List(elements)) => literal_element(elements),
            // No other operand is a list.
            _ => None,
        }
    }
}
