//! PostgreSQL's dialect.

mod row;

pub use row::{
    RowLock, fields_of_unknown_key, get_locked, get_many, hold_live_many, insert_many, replace_many,
    replace_version, require_live, require_live_many, unique_keys,
};

use crate::migrate::{self, ColumnType, Conversion};
use crate::names::{primary_key_name, quote};
use crate::sqlite::quoted_text;
use crate::{Dialect, KeyColumn, list_to_json};
use mainstay_expr::{Arithmetic, Type, Value};

/// PostgreSQL from 14, with a database in UTF-8.
///
/// Texts are compared and ordered by code point whatever the database's own collation is, since columns and parameters say
/// `COLLATE "C"`. A parameter says its type, because PostgreSQL plans a statement before it sees any value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Postgres;

impl Dialect for Postgres {
    fn placeholder(&self, number: usize) -> String {
        format!("${number}")
    }

    fn operand(&self, number: usize, ty: &Type) -> String {
        let collation = if *ty == Type::Text { " COLLATE \"C\"" } else { "" };
        format!("${number}::{}{collation}", type_name(ty))
    }

    fn is_among(&self, item: &str, number: usize, element: &Type) -> String {
        format!("{item} = ANY(${number}::{}[])", type_name(element))
    }

    fn max_written_list(&self) -> usize {
        // A list is planned alike in both ways, and as one parameter it is prepared once for all lengths.
        1
    }

    fn column_type(&self, ty: &ColumnType) -> &'static str {
        match ty {
            ColumnType::Bool => "BOOLEAN",
            ColumnType::Float => "DOUBLE PRECISION",
            ColumnType::Text | ColumnType::Json | ColumnType::List(_) => "TEXT COLLATE \"C\"",
            ColumnType::Uuid => "UUID",
            ColumnType::Bytes => "BYTEA",
            ColumnType::Date => "INTEGER",
            ColumnType::Int
            | ColumnType::Decimal { .. }
            | ColumnType::Time
            | ColumnType::Timestamp
            | ColumnType::Duration => "BIGINT",
        }
    }

    fn literal(&self, value: &Value) -> String {
        match value {
            Value::Null => "NULL".to_owned(),
            Value::Bool(value) => if *value { "TRUE" } else { "FALSE" }.to_owned(),
            Value::Int(number) | Value::Time(number) | Value::Timestamp(number) | Value::Duration(number) => {
                format!("'{number}'::int8")
            }
            Value::Date(days) => format!("'{days}'::int4"),
            Value::Decimal(decimal) => format!("'{}'::int8", decimal.mantissa()),
            Value::Float(number) => format!("'{number:?}'::float8"),
            Value::Text(text) | Value::Json(text) => quoted_text(text),
            Value::Uuid(id) => format!("'{id}'::uuid"),
            Value::Bytes(bytes) => {
                let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("'\\x{digits}'::bytea")
            }
            Value::List(elements) => quoted_text(&list_to_json(elements)),
        }
    }

    fn conversion(&self, column: &str, from: &ColumnType, to: &ColumnType) -> Option<Conversion> {
        match (from, to) {
            (ColumnType::Bool, ColumnType::Int) => Some(Conversion::lossless(format!("{column}::int4"))),
            _ => migrate::conversion(column, from, to, "DOUBLE PRECISION"),
        }
    }

    fn primary_key(&self, table: &str) -> String {
        // Its index shares one space of names with tables, and a name that PostgreSQL chose could be that of a model.
        format!("CONSTRAINT {} PRIMARY KEY", quote(&primary_key_name(table)))
    }

    fn alters_online(&self) -> bool {
        true
    }

    fn table_options(&self) -> &'static str {
        ""
    }

    fn same(&self, left: &str, right: &str) -> String {
        format!("{left} IS NOT DISTINCT FROM {right}")
    }

    fn differ(&self, left: &str, right: &str) -> String {
        format!("{left} IS DISTINCT FROM {right}")
    }

    fn truth(&self, stored: &str) -> String {
        stored.to_owned()
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
        // An overflow is an error, so that the sum is taken where there is none. OFFSET keeps the planner from writing it out at each
        // place where it is needed, by which nested sums would grow without bound.
        format!(
            "(SELECT CASE WHEN v BETWEEN {} AND {} THEN v::int8 END \
             FROM (SELECT CAST({left} AS numeric) {sign} CAST({right} AS numeric) AS v OFFSET 0) AS named)",
            i64::MIN,
            i64::MAX
        )
    }

    fn position(&self, subject: &str, needle: &str) -> String {
        format!("strpos({subject}, {needle})")
    }

    fn suffix(&self, subject: &str, count: &str) -> String {
        format!("right({subject}, CAST({count} AS int4))")
    }

    fn ends_with(&self, subject: &str, needle: &str) -> String {
        format!("starts_with(reverse({subject}), reverse({needle}))")
    }

    fn text_length(&self, text: &str) -> String {
        format!("char_length({text})")
    }

    fn list_length(&self, list: &str) -> String {
        format!("json_array_length(CAST({list} AS json))")
    }

    fn lower_ascii(&self, text: &str) -> String {
        // Lower case is of ASCII alone in this collation.
        format!("lower({text} COLLATE \"C\")")
    }

    fn elements(&self, list: &str, element: &Type) -> String {
        let cast = match type_name(element) {
            "text" => String::new(),
            other => format!("::{other}"),
        };
        // As `json` the text of a number is kept as it is written; `jsonb` makes a decimal of it.
        format!("SELECT value{cast} FROM json_array_elements_text(CAST({list} AS json))")
    }

    fn order_key(&self, column: &KeyColumn<'_>, descending: bool) -> String {
        let nulls = match (column.is_id, descending) {
            (true, _) => "",
            (false, true) => " NULLS LAST",
            (false, false) => " NULLS FIRST",
        };
        format!("{}{}{nulls}", column.text, if descending { " DESC" } else { "" })
    }

    fn index_key(&self, column: &KeyColumn<'_>) -> String {
        // An index serves an order only when both say the same of nulls, even of a column that has none.
        self.order_key(column, false)
    }
}

/// What PostgreSQL calls the type of stored values.
fn type_name(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "boolean",
        Type::Int | Type::Decimal { .. } | Type::Time | Type::Timestamp | Type::Duration => "int8",
        Type::Date => "int4",
        Type::Float => "float8",
        Type::Text | Type::Json | Type::List(_) => "text",
        Type::Uuid | Type::Ref(_) => "uuid",
        Type::Bytes => "bytea",
    }
}
