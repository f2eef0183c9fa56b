//! What a value becomes in another version of an API.
//!
//! A formula is evaluated in memory alone, on one record, and never lowered to SQL. So it may do what conditions may not: choose between
//! values, take texts apart and put them together, and turn a type into another.

use crate::{Decimal, FieldId, FieldRef, Frame, Operand, Predicate, Source, Type, Value, parse_duration};
use crate::{
    format_date, format_duration, format_time, format_timestamp, parse_date, parse_time, parse_timestamp,
};

/// A value that is computed from the fields of one record.
#[derive(Debug, Clone, PartialEq)]
pub enum Formula {
    /// What conditions compare, too.
    Operand(Operand),
    /// Whether a condition holds, as a bool.
    Condition(Predicate),
    /// `c ? a : b`
    If(Box<(Predicate, Formula, Formula)>),
    /// `a + b` of texts; null when one of them is.
    Concat(Box<(Formula, Formula)>),
    /// `text.split(separator, limit)[index]`: the part at a place, counted from 0; null where there is none. The last of `limit` parts holds the
    /// rest of the text.
    Part {
        /// The text.
        of: Box<Formula>,
        /// What stands between the parts; not empty.
        separator: String,
        /// The most parts.
        limit: Option<usize>,
        /// Which part.
        index: usize,
    },
    /// `string(x)`, `int(x)`, `float(x)`, `decimal(x, scale)` and their kin; null where the value has no such form.
    Convert {
        /// What is turned.
        of: Box<Formula>,
        /// Into what.
        to: Type,
        /// The scale of the units that an int counts: 1234 is 12.34 at a scale of 2. Without it an int counts wholes.
        units: Option<u8>,
    },
}

impl Formula {
    /// The value for a record.
    pub fn evaluate(&self, record: &[Value]) -> Value {
        let frame = Frame { record: Some(record), ..Frame::default() };
        match self {
            Formula::Operand(operand) => match operand.reduce(&frame) {
                Operand::Value(value) => value,
                _ => Value::Null,
            },
            Formula::Condition(predicate) => predicate.known(&frame).map_or(Value::Null, Value::Bool),
            Formula::If(parts) => {
                let (condition, yes, no) = parts.as_ref();
                let holds = condition.known(&frame) == Some(true);
                if holds { yes.evaluate(record) } else { no.evaluate(record) }
            }
            Formula::Concat(parts) => match (parts.0.evaluate(record), parts.1.evaluate(record)) {
                (Value::Text(left), Value::Text(right)) => Value::Text(left + &right),
                _ => Value::Null,
            },
            Formula::Part { of, separator, limit, index } => match of.evaluate(record) {
                Value::Text(text) => part(&text, separator, *limit, *index),
                _ => Value::Null,
            },
            Formula::Convert { of, to, units } => {
                convert(of.evaluate(record), to, *units).unwrap_or_default()
            }
        }
    }

    /// The fields of the record that it speaks of, each once.
    pub fn fields(&self) -> Vec<FieldId> {
        let mut fields = Vec::new();
        self.collect(&mut |field| {
            if field.source == Source::Record && !fields.contains(&field.field) {
                fields.push(field.field);
            }
        });
        fields
    }

    /// The literals that it can come to.
    pub fn constants(&self) -> Vec<&Value> {
        match self {
            Formula::Operand(Operand::Value(value)) => vec![value],
            Formula::If(parts) => [parts.1.constants(), parts.2.constants()].concat(),
            _ => Vec::new(),
        }
    }

    fn collect(&self, found: &mut dyn FnMut(FieldRef)) {
        match self {
            Formula::Operand(operand) => operand.fields(found),
            Formula::Condition(predicate) => predicate.fields(found),
            Formula::If(parts) => {
                parts.0.fields(found);
                parts.1.collect(found);
                parts.2.collect(found);
            }
            Formula::Concat(parts) => {
                parts.0.collect(found);
                parts.1.collect(found);
            }
            Formula::Part { of, .. } | Formula::Convert { of, .. } => of.collect(found),
        }
    }
}

fn part(text: &str, separator: &str, limit: Option<usize>, index: usize) -> Value {
    let part = match limit {
        Some(limit) => text.splitn(limit, separator).nth(index),
        None => text.split(separator).nth(index),
    };
    part.map_or(Value::Null, |part| Value::Text(part.to_owned()))
}

/// The value in another type. What would lose something on the way is null: half a number is no answer.
fn convert(value: Value, to: &Type, units: Option<u8>) -> Option<Value> {
    Some(match (to, value) {
        (Type::Text, value) => Value::Text(text_of(value)?),
        (Type::Int, Value::Decimal(decimal)) if let Some(scale) = units => {
            Value::Int(decimal.rescale(scale)?.mantissa())
        }
        (Type::Int, value) => Value::Int(int_of(value)?),
        (Type::Float, value) => Value::Float(float_of(value)?),
        (Type::Decimal { scale }, Value::Int(int)) if units.is_some() => {
            Value::Decimal(Decimal::new(int, *scale)?)
        }
        (Type::Decimal { scale }, value) => Value::Decimal(decimal_of(value)?.rescale(*scale)?),
        (to, Value::Text(text)) => parsed(&text, to)?,
        _ => return None,
    })
}

fn text_of(value: Value) -> Option<String> {
    Some(match value {
        Value::Text(text) => text,
        Value::Bool(bool) => bool.to_string(),
        Value::Int(int) => int.to_string(),
        Value::Float(float) => float.to_string(),
        Value::Decimal(decimal) => decimal.to_string(),
        Value::Uuid(id) => id.to_string(),
        Value::Date(days) => format_date(days),
        Value::Time(micros) => format_time(micros),
        Value::Timestamp(micros) => format_timestamp(micros),
        Value::Duration(micros) => format_duration(micros),
        Value::Null | Value::Json(_) | Value::Bytes(_) | Value::List(_) => return None,
    })
}

fn int_of(value: Value) -> Option<i64> {
    match value {
        Value::Int(int) => Some(int),
        Value::Bool(bool) => Some(i64::from(bool)),
        Value::Text(text) => text.parse().ok(),
        Value::Decimal(decimal) => Some(decimal.rescale(0)?.mantissa()),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is a whole number within the bounds of exact doubles"
        )]
        Value::Float(float) if float.fract() == 0.0 && float.abs() <= 9_007_199_254_740_992.0 => {
            Some(float as i64)
        }
        _ => None,
    }
}

fn float_of(value: Value) -> Option<f64> {
    match value {
        Value::Float(float) => Some(float),
        #[expect(clippy::cast_precision_loss, reason = "a float is what was asked for")]
        Value::Int(int) => Some(int as f64),
        value => text_of(value)?.parse().ok().filter(|float: &f64| float.is_finite()),
    }
}

fn decimal_of(value: Value) -> Option<Decimal> {
    match value {
        Value::Decimal(decimal) => Some(decimal),
        value => Decimal::parse(&text_of(value)?),
    }
}

fn parsed(text: &str, to: &Type) -> Option<Value> {
    Some(match to {
        Type::Bool => Value::Bool(text.parse().ok()?),
        Type::Uuid => Value::Uuid(uuid::Uuid::try_parse(text).ok()?),
        Type::Date => Value::Date(parse_date(text)?),
        Type::Time => Value::Time(parse_time(text)?),
        Type::Timestamp => Value::Timestamp(parse_timestamp(text)?),
        Type::Duration => Value::Duration(parse_duration(text)?),
        _ => return None,
    })
}
