//! Questions as statements.

use crate::lower::{Junction, Lowering, ROOT, constant, join};
use crate::names::quote;
use crate::order::{behind, order_by};
use crate::{Dialect, Statement};
use mainstay_expr::{CompareOp, FieldRef, ModelId, Operand, Predicate, Source, Value};
use mainstay_model::{Application, Model, base};
use mainstay_ports::{Deleted, Query, Selection};

/// The records that `query` asks for, at most `limit`, whatever its own limit is. The columns are the model's fields in
/// their order, then a 0 or 1 for each of [`Query::flags`].
pub fn select(app: &Application, dialect: &dyn Dialect, query: &Query, limit: u32) -> Statement {
    let model = app.model(query.model);
    let mut lowering = Lowering::new(app, dialect, Some(query.model));
    let mut conditions = matching(&mut lowering, model, query);
    if let Some((values, id)) = &query.after {
        let mut values = values.clone();
        values.push(Value::Uuid(*id));
        conditions.push(behind(&mut lowering, model, &query.total_order(), &values));
    }
    let mut columns = columns(model);
    for flag in &query.flags {
        let condition = lowering.condition(flag, true);
        columns.push_str(&format!(", {}", dialect.flag(&condition)));
    }
    let text = format!(
        "SELECT {columns} FROM {} AS {ROOT}{} ORDER BY {} LIMIT {}",
        quote(&model.name),
        where_clause(conditions),
        order_by(dialect, model, &query.total_order()),
        lowering.param(Value::Int(i64::from(limit))),
    );
    Statement { text, params: lowering.into_params() }
}

/// How many records match, whatever `limit` and `after` say: one row of one column.
pub fn count(app: &Application, dialect: &dyn Dialect, query: &Query) -> Statement {
    let model = app.model(query.model);
    let mut lowering = Lowering::new(app, dialect, Some(query.model));
    let conditions = where_clause(matching(&mut lowering, model, query));
    let text = format!("SELECT count(*) FROM {} AS {ROOT}{conditions}", quote(&model.name));
    Statement { text, params: lowering.into_params() }
}

/// Whether a closed predicate holds: one row with a 0 or 1.
pub fn holds(app: &Application, dialect: &dyn Dialect, closed: &Predicate) -> Statement {
    let mut lowering = Lowering::new(app, dialect, None);
    let condition = lowering.condition(closed, true);
    Statement { text: format!("SELECT {}", dialect.flag(&condition)), params: lowering.into_params() }
}

/// The records of `model`, deleted or not, for which `filter` holds, at most `limit`. The columns are the model's fields.
pub fn find(
    app: &Application,
    dialect: &dyn Dialect,
    model: ModelId,
    filter: &Predicate,
    limit: usize,
) -> Statement {
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let mut lowering = Lowering::new(app, dialect, Some(model));
    lowering.pin(filter);
    let model = app.model(model);
    let condition = lowering.condition(filter, true);
    let text = format!(
        "SELECT {} FROM {} AS {ROOT}{} LIMIT {}",
        columns(model),
        quote(&model.name),
        where_clause(vec![condition]),
        lowering.param(Value::Int(i64::from(limit))),
    );
    Statement { text, params: lowering.into_params() }
}

/// The conditions that a query sets, but for its `after`.
fn matching(lowering: &mut Lowering<'_>, model: &Model, query: &Query) -> Vec<String> {
    let selection = selected(&query.selection);
    lowering.pin(&selection);
    lowering.pin(&query.filter);
    let mut conditions = vec![lowering.condition(&selection, true)];
    conditions.extend(liveness(model, query.deleted));
    conditions.push(lowering.condition(&query.filter, true));
    conditions
}

fn selected(selection: &Selection) -> Predicate {
    let id = Operand::Field(FieldRef { source: Source::Record, field: base::ID });
    match selection {
        Selection::All => Predicate::Const(true),
        Selection::Ids(ids) => match ids.as_slice() {
            [one] => {
                let right = Operand::Value(Value::Uuid(*one));
                Predicate::Compare { op: CompareOp::Equal, left: id, right }
            }
            ids => {
                let ids = ids.iter().map(|id| Value::Uuid(*id)).collect();
                Predicate::In { item: id, list: Operand::Value(Value::List(ids)) }
            }
        },
    }
}

/// The condition on `deleted_at`. It is null in every row of a model without soft deletion, which then needs no condition.
fn liveness(model: &Model, deleted: Deleted) -> Option<String> {
    match deleted {
        Deleted::Exclude => model.soft_delete.then(|| format!("{ROOT}.\"deleted_at\" IS NULL")),
        Deleted::Include => None,
        Deleted::Only => Some(format!("{ROOT}.\"deleted_at\" IS NOT NULL")),
    }
}

fn columns(model: &Model) -> String {
    let columns = model.fields.iter().map(|field| format!("{ROOT}.{}", quote(&field.name)));
    columns.collect::<Vec<_>>().join(", ")
}

/// The `WHERE` of these conditions; nothing when they all hold always.
fn where_clause(conditions: Vec<String>) -> String {
    let condition = join(conditions, Junction::And);
    if condition == constant(true) { String::new() } else { format!(" WHERE {condition}") }
}
