//! Statements on one row. Their text depends on the model alone, so that it is made once and prepared once.

use crate::Dialect;
use mainstay_model::Model;

/// Reads the row whose id is parameter 1, deleted or not. The columns are the model's fields in their order.
pub fn get(dialect: &dyn Dialect, model: &Model) -> String {
    let _ = (dialect, model);
    String::new()
}

/// Adds a row. The parameters are the model's fields in their order.
pub fn insert(dialect: &dyn Dialect, model: &Model) -> String {
    let _ = (dialect, model);
    String::new()
}

/// Replaces the row whose id is parameter 1, as the first field is the id. The parameters are the model's fields in their order.
pub fn replace(dialect: &dyn Dialect, model: &Model) -> String {
    let _ = (dialect, model);
    String::new()
}

/// Removes the row whose id is parameter 1.
pub fn remove(dialect: &dyn Dialect, model: &Model) -> String {
    let _ = (dialect, model);
    String::new()
}
