//! Comparisons and membership.

use super::{Lowering, NULL, constant, turned};
use mainstay_expr::{CompareOp, Operand, Type, Value, Var};
use mainstay_model::base;

/// The longest literal list that is written out. A longer one is one parameter, so that the text of the statement stays the same and is
/// prepared once; a shorter one is planned better when its length is plain to see.
const MAX_WRITTEN_LIST: usize = 50;

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
            let element = self.element_type(list);
            let (item, list) = (self.operand(item), self.operand(list));
            return turned(format!("{item} IN ({})", self.dialect.elements(&list, &element)), wanted);
        };
        let Value::List(elements) = list else { return constant(!wanted) };
        let elements: Vec<Value> = elements.iter().filter(|element| !element.is_null()).cloned().collect();
        if elements.is_empty() {
            return constant(!wanted);
        }
        let item = self.operand(item);
        turned(format!("{item} IN ({})", self.literal_list(elements)), wanted)
    }

    fn literal_list(&mut self, elements: Vec<Value>) -> String {
        if elements.len() > MAX_WRITTEN_LIST {
            let element = literal_element(&elements);
            let list = self.param(Value::List(elements));
            return self.dialect.elements(&list, &element);
        }
        let placeholders: Vec<String> = elements.into_iter().map(|element| self.param(element)).collect();
        placeholders.join(", ")
    }
}

/// The type of the elements of a literal list; any will do where there is none but null.
pub(super) fn literal_element(elements: &[Value]) -> Type {
    elements.iter().find_map(type_of).unwrap_or(Type::Text)
}

fn type_of(value: &Value) -> Option<Type> {
    Some(match value {
        Value::Bool(_) => Type::Bool,
        Value::Int(_) => Type::Int,
        Value::Float(_) => Type::Float,
        Value::Decimal(decimal) => Type::Decimal { scale: decimal.scale() },
        Value::Text(_) => Type::Text,
        Value::Uuid(_) => Type::Uuid,
        Value::Date(_) => Type::Date,
        Value::Time(_) => Type::Time,
        Value::Timestamp(_) => Type::Timestamp,
        Value::Duration(_) => Type::Duration,
        // No list holds these.
        Value::Null | Value::Json(_) | Value::Bytes(_) | Value::List(_) => return None,
    })
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
