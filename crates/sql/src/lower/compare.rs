//! Comparisons and membership.

use super::{Lowering, NULL, constant, turned};
use crate::param::{Param, type_of};
use mainstay_expr::{CompareOp, Operand, Type, Value, Var};
use mainstay_model::base;

impl Lowering<'_> {
    pub(super) fn compare(&mut self, op: CompareOp, left: &Operand, right: &Operand, wanted: bool) -> String {
        match op {
            CompareOp::Equal => self.equality(left, right, wanted),
            CompareOp::NotEqual => self.equality(left, right, !wanted),
            _ => self.order(op, left, right, wanted),
        }
    }

    /// `left == right`, or `left != right`. The null-safe forms are kept for where they are needed, since engines plan them worse.
    fn equality(&mut self, left: &Operand, right: &Operand, equal: bool) -> String {
        let nullable = (self.may_be_null(left), self.may_be_null(right));
        let (left, right) = (self.operand(left), self.operand(right));
        match (equal, nullable) {
            _ if right == NULL => null_test(&left, equal),
            _ if left == NULL => null_test(&right, equal),
            (true, (true, true)) => self.dialect.same(&left, &right),
            (true, _) => format!("{left} = {right}"),
            (false, (false, false)) => format!("{left} <> {right}"),
            (false, _) => self.dialect.differ(&left, &right),
        }
    }

    fn order(&mut self, op: CompareOp, left: &Operand, right: &Operand, wanted: bool) -> String {
        let nullable = self.may_be_null(left) || self.may_be_null(right);
        let (left, right) = (self.operand(left), self.operand(right));
        if wanted || nullable {
            return turned(format!("{left} {} {right}", sign(op)), wanted);
        }
        format!("{left} {} {right}", sign(opposite(op)))
    }

    /// Whether an operand can come to null; never wrong when it says no.
    fn may_be_null(&self, operand: &Operand) -> bool {
        match operand {
            Operand::Value(value) => value.is_null(),
            Operand::Field(field) => {
                field.field == base::DELETED_AT || self.field(*field).is_none_or(|field| field.optional)
            }
            Operand::Size { of, .. } | Operand::LowerAscii(of) => self.may_be_null(of),
            Operand::Var(Var::AuthId) => !self.has_auth,
            Operand::Var(_) | Operand::Lookup { .. } | Operand::Arithmetic { .. } => true,
        }
    }

    pub(super) fn membership(&mut self, item: &Operand, list: &Operand, wanted: bool) -> String {
        let Operand::Value(list) = list else {
            let Some(element) = self.element_type(list) else { return constant(!wanted) };
            let (item, list) = (self.operand(item), self.operand(list));
            return turned(format!("{item} IN ({})", self.dialect.elements(&list, &element)), wanted);
        };
        let Value::List(elements) = list else { return constant(!wanted) };
        let Some(element) = literal_element(elements) else { return constant(!wanted) };
        let elements: Vec<Value> = elements.iter().filter(|element| !element.is_null()).cloned().collect();
        let item = self.operand(item);
        turned(self.is_among(&item, elements, &element), wanted)
    }

    fn is_among(&mut self, item: &str, elements: Vec<Value>, element: &Type) -> String {
        if elements.len() > self.dialect.max_written_list() {
            let number = self.add(Param::Value(Value::List(elements)));
            return self.dialect.is_among(item, number, element);
        }
        let placeholders: Vec<String> = elements.into_iter().map(|element| self.param(element)).collect();
        format!("{item} IN ({})", placeholders.join(", "))
    }
}

/// The type of the elements of a literal list; `None` when there is none but null.
pub(super) fn literal_element(elements: &[Value]) -> Option<Type> {
    elements.iter().find_map(type_of)
}

fn null_test(operand: &str, equal: bool) -> String {
    format!("{operand} IS {}NULL", if equal { "" } else { "NOT " })
}

fn sign(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Equal => "=",
        CompareOp::NotEqual => "<>",
        CompareOp::Less => "<",
        CompareOp::LessOrEqual => "<=",
        CompareOp::Greater => ">",
        CompareOp::GreaterOrEqual => ">=",
    }
}

/// The comparison that holds of two values exactly when this one does not.
fn opposite(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Equal => CompareOp::NotEqual,
        CompareOp::NotEqual => CompareOp::Equal,
        CompareOp::Less => CompareOp::GreaterOrEqual,
        CompareOp::LessOrEqual => CompareOp::Greater,
        CompareOp::Greater => CompareOp::LessOrEqual,
        CompareOp::GreaterOrEqual => CompareOp::Less,
    }
}
