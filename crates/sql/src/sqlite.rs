//! SQLite's dialect.

use crate::migrate::{self, ColumnType, Conversion};
use crate::{Dialect, KeyColumn, list_to_json};
use mainstay_expr::{Arithmetic, Type, Value};

/// SQLite from 3.45, the first with all of the functions used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sqlite;

impl Dialect for Sqlite {
    fn placeholder(&self, number: usize) -> String {
        format!("?{number}")
    }

    fn operand(&self, number: usize, _: &Type) -> String {
        self.placeholder(number)
    }

    fn is_among(&self, item: &str, number: usize, element: &Type) -> String {
        format!("{item} IN ({})", self.elements(&self.placeholder(number), element))
    }

    fn max_written_list(&self) -> usize {
        // A shorter one is planned better when its length is plain to see, and a longer one is prepared once for all lengths.
        50
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
        migrate::conversion(column, from, to, "REAL")
    }

    fn primary_key(&self, _: &str) -> String {
        "PRIMARY KEY".to_owned()
    }

    fn alters_online(&self) -> bool {
        false
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

    fn ends_with(&self, subject: &str, needle: &str) -> String {
        // The inner query gives names to the operands, which are needed more than once.
        let suffix = self.suffix("s", &self.text_length("n"));
        format!(
            "(SELECT CASE WHEN n = '' THEN s IS NOT NULL ELSE {suffix} = n END \
             FROM (SELECT {subject} AS s, {needle} AS n) AS named)"
        )
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

    fn order_key(&self, column: &KeyColumn<'_>, descending: bool) -> String {
        // SQLite takes null for the least value, so that it needs no NULLS FIRST, which would keep it from using an index.
        format!("{}{}", column.text, if descending { " DESC" } else { "" })
    }

    fn index_key(&self, column: &KeyColumn<'_>) -> String {
        column.text.to_owned()
    }
}

/// A text as SQL writes it.
pub(crate) fn quoted_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
