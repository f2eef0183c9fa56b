//! Questions as statements.

use crate::{Dialect, Statement};
use mainstay_expr::{ModelId, Predicate};
use mainstay_model::Application;
use mainstay_ports::Query;

/// The records that `query` asks for, at most `limit`, whatever its own limit is. The columns are the model's fields in
/// their order, then a 0 or 1 for each of [`Query::flags`].
pub fn select(app: &Application, dialect: &dyn Dialect, query: &Query, limit: u32) -> Statement {
    let _ = (app, dialect, query, limit);
    Statement { text: String::new(), params: Vec::new() }
}

/// How many records match, whatever `limit` and `after` say: one row of one column.
pub fn count(app: &Application, dialect: &dyn Dialect, query: &Query) -> Statement {
    let _ = (app, dialect, query);
    Statement { text: String::new(), params: Vec::new() }
}

/// Whether a closed predicate holds: one row with a 0 or 1.
pub fn holds(app: &Application, dialect: &dyn Dialect, closed: &Predicate) -> Statement {
    let _ = (app, dialect, closed);
    Statement { text: String::new(), params: Vec::new() }
}

/// The records of `model`, deleted or not, for which `filter` holds, at most `limit`. The columns are the model's fields.
pub fn find(
    app: &Application,
    dialect: &dyn Dialect,
    model: ModelId,
    filter: &Predicate,
    limit: usize,
) -> Statement {
    let _ = (app, dialect, model, filter, limit);
    Statement { text: String::new(), params: Vec::new() }
}
