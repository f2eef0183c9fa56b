//! SQLite's dialect.

use crate::migrate::{ColumnType, Conversion};
use crate::{Dialect, list_to_json};
use mainstay_expr::{Arithmetic, Decimal, Type, Value};

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// SQLite from 3.45, the first with all of the functions used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sqlite;

impl Dialect for Sqlite {
    fn placeholder(&self, number: usize) -> String {
        format!("?{number}")
    }

    fn column_type(&self, ty: &ColumnType) -> &'static str {
        match ty {
            ColumnType::Float => "REAL",
            ColumnType::Text | ColumnType::Json | ColumnType::List(_) => "TEXT",
            ColumnType::Uuid | ColumnType::Bytes => "BLOB",
            ColumnType::Bool
            | ColumnType::Int
            | ColumnType::Decimal { .. }
            | ColumnType::Date
            | ColumnType::Time
            | ColumnType::Timestamp
            | ColumnType::Duration => "INTEGER",
        }
    }

    fn literal(&self, value: &Value) -> String {
        match value {
            Value::Null => "NULL".to_owned(),
            Value::Bool(value) => u8::from(*value).to_string(),
            Value::Int(number) | Value::Time(number) | Value::Timestamp(number) | Value::Duration(number) => {
                number.to_string()
            }
            Value::Date(days) => days.to_string(),
            Value::Decimal(decimal) => decimal.mantissa().to_string(),
            Value::Float(number) => format!("{number:?}"),
            Value::Text(text) | Value::Json(text) => quoted_text(text),
            Value::Uuid(id) => format!("x'{}'", id.simple()),
            Value::Bytes(bytes) => {
                format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
            }
            Value::List(elements) => quoted_text(&list_to_json(elements)),
        }
    }

    fn conversion(&self, column: &str, from: &ColumnType, to: &ColumnType) -> Option<Conversion> {
        conversion(column, from, to)
    }

    fn table_options(&self) -> &'static str {
        " STRICT"
    }

    fn same(&self, left: &str, right: &str) -> String {
        format!("{left} IS {right}")
    }

    fn differ(&self, left: &str, right: &str) -> String {
        format!("{left} IS NOT {right}")
    }

    fn truth(&self, stored: &str) -> String {
        format!("{stored} = 1")
    }

    fn flag(&self, condition: &str) -> String {
        format!("({condition}) IS TRUE")
    }

    fn arithmetic(&self, op: Arithmetic, left: &str, right: &str) -> String {
        let sign = match op {
            Arithmetic::Add => '+',
            Arithmetic::Subtract => '-',
            Arithmetic::Multiply => '*',
        };
        // SQLite answers an overflow with a float.
        format!(
            "(SELECT CASE WHEN typeof(v) = 'integer' THEN v END FROM (SELECT {left} {sign} {right} AS v))"
        )
    }

    fn position(&self, subject: &str, needle: &str) -> String {
        format!("instr({subject}, {needle})")
    }

    fn suffix(&self, subject: &str, count: &str) -> String {
        format!("substr({subject}, -{count})")
    }

    fn text_length(&self, text: &str) -> String {
        format!("length({text})")
    }

    fn list_length(&self, list: &str) -> String {
        format!("json_array_length({list})")
    }

    fn lower_ascii(&self, text: &str) -> String {
        format!("lower({text})")
    }

    fn elements(&self, list: &str, element: &Type) -> String {
        match element {
            Type::Uuid | Type::Ref(_) => format!("SELECT unhex(value, '-') FROM json_each({list})"),
            _ => format!("SELECT value FROM json_each({list})"),
        }
    }

    fn order_key(&self, column: &str, descending: bool) -> String {
        // SQLite takes null for the least value, so that it needs no NULLS FIRST, which would keep it from using an index.
        format!("{column}{}", if descending { " DESC" } else { "" })
    }
}

fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn conversion(column: &str, from: &ColumnType, to: &ColumnType) -> Option<Conversion> {
    match (from, to) {
        (from, to) if from == to => Some(Conversion::lossless(column.to_owned())),
        (ColumnType::Bool, ColumnType::Int) => Some(Conversion::lossless(column.to_owned())),
        (ColumnType::Int, ColumnType::Text) => Some(Conversion::lossless(format!("CAST({column} AS TEXT)"))),
        (ColumnType::Int, ColumnType::Float) => {
            Some(Conversion::lossy(format!("CAST({column} AS REAL)"), "what is beyond 53 bits of an int"))
        }
        (ColumnType::Decimal { scale }, ColumnType::Float) => {
            let expression = format!("CAST({column} AS REAL) / {:?}", 10_f64.powi(i32::from(*scale)));
            Some(Conversion::lossy(expression, "the exactness of decimals"))
        }
        (ColumnType::Int, ColumnType::Decimal { scale }) => rescaled(column, 0, *scale),
        (ColumnType::Decimal { scale }, ColumnType::Int) => rescaled(column, *scale, 0),
        (ColumnType::Decimal { scale: from }, ColumnType::Decimal { scale: to }) => {
            rescaled(column, *from, *to)
        }
        (ColumnType::Date, ColumnType::Timestamp) => {
            Some(Conversion::lossless(format!("{column} * {MICROS_PER_DAY}")))
        }
        (ColumnType::Timestamp, ColumnType::Date) => {
            Some(Conversion::lossy(day_of(column), "the time of day"))
        }
        _ => None,
    }
}

/// A mantissa at another scale, unless it would have more digits than a decimal can hold. `None` for a scale that no decimal has.
fn rescaled(column: &str, from: u8, to: u8) -> Option<Conversion> {
    let factor = 10_i64.checked_pow(u32::from(from.abs_diff(to)))?;
    if from > to {
        let half = factor / 2;
        let expression =
            format!("({column} + CASE WHEN {column} < 0 THEN -{half} ELSE {half} END) / {factor}");
        return Some(Conversion::lossy(expression, "digits behind the point, by rounding"));
    }
    let bound = 10_i64.pow(u32::from(Decimal::MAX_DIGITS)) / factor;
    Some(Conversion::lossless_if(
        format!("{column} BETWEEN 1 - {bound} AND {bound} - 1"),
        format!("{column} * {factor}"),
    ))
}

/// The day of an instant. SQLite's division cuts towards zero, and days before 1970 are below it.
fn day_of(column: &str) -> String {
    let time = format!("((({column}) % {MICROS_PER_DAY}) + {MICROS_PER_DAY}) % {MICROS_PER_DAY}");
    format!("({column} - {time}) / {MICROS_PER_DAY}")
}
