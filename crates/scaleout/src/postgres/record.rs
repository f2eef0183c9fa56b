//! Records in rows.

use super::value::read;
use mainstay_model::Model;
use mainstay_ports::{Record, StoreError};
use tokio_postgres::Row;

/// The record in a row whose first columns are the model's fields.
pub(crate) fn read_record(model: &Model, row: &Row) -> Result<Record, StoreError> {
    let mut values = Vec::with_capacity(model.fields.len());
    for field in &model.fields {
        let value = read(&field.ty, row, field.id.index()).ok_or_else(|| {
            StoreError::Failed(format!("`{}.{}` holds what its type does not allow", model.name, field.name))
        })?;
        values.push(value);
    }
    Ok(Record { values })
}

/// A column that our own statements make sure is there and of this type.
pub(crate) fn column<'a, T: tokio_postgres::types::FromSql<'a>>(
    row: &'a Row,
    column: usize,
) -> Result<T, StoreError> {
    row.try_get(column).map_err(|error| StoreError::Failed(format!("PostgreSQL: {error}")))
}
