//! What differs between the engines.

use crate::migrate::{ColumnType, Conversion};
use mainstay_expr::{Arithmetic, Type, Value};

/// An engine's way of saying what the others say differently.
///
/// Operands come and go as text that needs no brackets around it: a column, a placeholder, a call, or something in brackets. An
/// answer holds each operand once, so that the text of a nested expression grows with its size and not with two to the power of its depth.
pub trait Dialect: Sync {
    /// The placeholder of the parameter numbered `number`, from 1, where its place says which type it has.
    fn placeholder(&self, number: usize) -> String;

    /// The same as an operand, where nothing but its text may say that it is a `ty`.
    fn operand(&self, number: usize, ty: &Type) -> String;

    /// A condition that is true when `item` is among the elements of the parameter numbered `number`, a list without null.
    fn is_among(&self, item: &str, number: usize, element: &Type) -> String;

    /// The longest literal list that is written out. A longer one is one parameter, see [`Dialect::is_among`].
    fn max_written_list(&self) -> usize;

    /// The type of a column.
    fn column_type(&self, ty: &ColumnType) -> &'static str;

    /// A value as text in a statement that can have no parameters: a default in a definition.
    fn literal(&self, value: &Value) -> String;

    /// How the values of a column become those of another type; `None` when they cannot.
    fn conversion(&self, column: &str, from: &ColumnType, to: &ColumnType) -> Option<Conversion>;

    /// What the definition of the column `id` of the table `table` has behind it.
    fn primary_key(&self, table: &str) -> String;

    /// Whether tables are altered where they are while others use them, step by step. Else it is done at once and by nobody else, and a table
    /// may be written anew.
    fn alters_online(&self) -> bool;

    /// What comes behind the brackets of `CREATE TABLE`.
    fn table_options(&self) -> &'static str;

    /// A condition that is true when both are equal or both are null, and else false.
    fn same(&self, left: &str, right: &str) -> String;

    /// A condition that is true when [`Dialect::same`] is false.
    fn differ(&self, left: &str, right: &str) -> String;

    /// A condition that is true when a stored boolean is.
    fn truth(&self, stored: &str) -> String;

    /// A condition as a column that holds a stored boolean.
    fn flag(&self, condition: &str) -> String;

    /// The result on 64-bit integers, or null when it does not fit.
    fn arithmetic(&self, op: Arithmetic, left: &str, right: &str) -> String;

    /// Where `needle` first is in `subject`, by characters from 1; 0 when nowhere. The empty text is at 1.
    fn position(&self, subject: &str, needle: &str) -> String;

    /// The last `count` characters of a text, at least one; all of a shorter text.
    fn suffix(&self, subject: &str, count: &str) -> String;

    /// A condition that is true when a text ends with another. Every text ends with the empty one.
    fn ends_with(&self, subject: &str, needle: &str) -> String;

    /// The number of characters of a text.
    fn text_length(&self, text: &str) -> String;

    /// The number of elements of a stored list.
    fn list_length(&self, list: &str) -> String;

    /// Text with A-Z as a-z, and all else as it is.
    fn lower_ascii(&self, text: &str) -> String;

    /// A query of one column: the elements of a stored list, as a column of type `element` would hold them.
    fn elements(&self, list: &str, element: &Type) -> String;

    /// A key of `ORDER BY`, with null before all else when ascending and behind when descending.
    fn order_key(&self, column: &KeyColumn<'_>, descending: bool) -> String;

    /// A key of an index that serves [`Dialect::order_key`] both ways.
    fn index_key(&self, column: &KeyColumn<'_>) -> String;
}

/// A column by which rows are put in order.
#[derive(Debug, Clone, Copy)]
pub struct KeyColumn<'a> {
    /// The column.
    pub text: &'a str,
    /// Whether it is the id, which is never null and has the index of the primary key.
    pub is_id: bool,
}
