//! What differs between the engines.

use crate::migrate::ColumnType;
use mainstay_expr::{Arithmetic, Type};

/// An engine's way of saying what the others say differently.
///
/// Operands come and go as text that needs no brackets around it: a column, a placeholder, a call, or something in brackets. An
/// answer holds each operand once, so that the text of a nested expression grows with its size and not with two to the power of its depth.
pub trait Dialect: Sync {
    /// The placeholder of the parameter numbered `number`, from 1.
    fn placeholder(&self, number: usize) -> String;

    /// The type of a column.
    fn column_type(&self, ty: &ColumnType) -> &'static str;

    /// What comes behind the brackets of `CREATE TABLE`.
    fn table_options(&self) -> &'static str;

    /// A condition that is true when both are equal or both are null, and else false.
    fn same(&self, left: &str, right: &str) -> String;

    /// A condition that is true when [`Dialect::same`] is false.
    fn differ(&self, left: &str, right: &str) -> String;

    /// A condition that is true when a stored boolean is.
    fn truth(&self, stored: &str) -> String;

    /// A condition as a column of 0 and 1.
    fn flag(&self, condition: &str) -> String;

    /// The result on 64-bit integers, or null when it does not fit.
    fn arithmetic(&self, op: Arithmetic, left: &str, right: &str) -> String;

    /// Where `needle` first is in `subject`, by characters from 1; 0 when nowhere. The empty text is at 1.
    fn position(&self, subject: &str, needle: &str) -> String;

    /// The last `count` characters of a text, at least one; all of a shorter text.
    fn suffix(&self, subject: &str, count: &str) -> String;

    /// The number of characters of a text.
    fn text_length(&self, text: &str) -> String;

    /// The number of elements of a stored list.
    fn list_length(&self, list: &str) -> String;

    /// Text with A-Z as a-z, and all else as it is.
    fn lower_ascii(&self, text: &str) -> String;

    /// A query of one column: the elements of a stored list, as a column of type `element` would hold them.
    fn elements(&self, list: &str, element: &Type) -> String;

    /// A key of `ORDER BY`, with null before all else when ascending and behind when descending.
    fn order_key(&self, column: &str, descending: bool) -> String;
}

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
