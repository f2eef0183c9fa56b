//! Statements on one row. Their text depends on the model alone, so that it is made once and prepared once.

use crate::Dialect;
use crate::names::quote;
use mainstay_model::Model;

/// Reads the row whose id is parameter 1, deleted or not. The columns are the model's fields in their order.
pub fn get(dialect: &dyn Dialect, model: &Model) -> String {
    let columns: Vec<String> = columns(model).collect();
    format!(
        "SELECT {} FROM {} WHERE \"id\" = {}",
        columns.join(", "),
        quote(&model.name),
        dialect.placeholder(1)
    )
}

/// Adds a row. The parameters are the model's fields in their order.
pub fn insert(dialect: &dyn Dialect, model: &Model) -> String {
    let (columns, placeholders): (Vec<String>, Vec<String>) =
        columns(model).enumerate().map(|(place, column)| (column, dialect.placeholder(place + 1))).unzip();
    format!(
        "INSERT INTO {} ({}) VALUES ({})",
        quote(&model.name),
        columns.join(", "),
        placeholders.join(", ")
    )
}

/// Replaces the row whose id is parameter 1, as the first field is the id. The parameters are the model's fields in their order.
pub fn replace(dialect: &dyn Dialect, model: &Model) -> String {
    let assignments = columns(model).enumerate().skip(1);
    let assignments: Vec<String> =
        assignments.map(|(place, column)| format!("{column} = {}", dialect.placeholder(place + 1))).collect();
    format!(
        "UPDATE {} SET {} WHERE \"id\" = {}",
        quote(&model.name),
        assignments.join(", "),
        dialect.placeholder(1)
    )
}

/// Removes the row whose id is parameter 1.
pub fn remove(dialect: &dyn Dialect, model: &Model) -> String {
    format!("DELETE FROM {} WHERE \"id\" = {}", quote(&model.name), dialect.placeholder(1))
}

pub(crate) fn columns(model: &Model) -> impl Iterator<Item = String> {
    model.fields.iter().map(|field| quote(&field.name))
}
