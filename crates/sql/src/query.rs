//! Questions as statements.

use crate::lower::{Junction, Lowering, ROOT, constant, join};
use crate::names::quote;
use crate::order::{behind, order_by};
use crate::param::{Given, Param};
use crate::{Dialect, Statement};
use mainstay_expr::{FieldRef, ModelId, Operand, Predicate, Source, Value};
use mainstay_model::{Application, Model, base};
use mainstay_ports::{Deleted, Order, Query, Selection};
use std::borrow::Cow;

/// The statement of a query: what [`Query::memo`] may keep, so long as it [is unbounded](Query::is_unbounded).
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    /// The text, with numbered placeholders.
    pub text: String,
    params: Vec<Param>,
}

impl Select {
    /// The values to bind, the first to the placeholder numbered 1, for a query that this is the statement of. At most `limit` records are
    /// answered, whatever the query's own limit is. None of the values is null.
    pub fn values<'a>(&'a self, query: &Query, limit: u32) -> impl Iterator<Item = Cow<'a, Value>> {
        let id = match &query.selection {
            Selection::Ids(ids) => ids.first().copied(),
            Selection::All => None,
        };
        let given = Given { id, auth_id: query.auth_id, limit };
        self.params.iter().map(move |param| given.value(param))
    }

    /// The same as a statement of its own.
    pub fn statement(&self, query: &Query, limit: u32) -> Statement {
        let params = self.values(query, limit).map(Cow::into_owned).collect();
        Statement { text: self.text.clone(), params }
    }
}

/// The records that `query` asks for. The columns are the model's fields in their order, then a boolean for each of [`Query::flags`].
pub fn select(app: &Application, dialect: &dyn Dialect, query: &Query) -> Select {
    let model = app.model(query.model);
    let mut lowering = Lowering::new(app, dialect, Some(query.model), query.auth_id.is_some());
    let mut conditions = matching(&mut lowering, model, query);
    let order = query.total_order();
    let reversed: Vec<Order> = order.iter().map(|key| key.reversed()).collect();
    // What is ahead of a place is behind it in the reversed order.
    for (place, order) in [(&query.after, &order), (&query.before, &reversed)] {
        let Some((values, id)) = place else { continue };
        let values = [values.as_slice(), &[Value::Uuid(*id)]].concat();
        conditions.push(behind(&mut lowering, model, order, &values));
    }
    let mut columns = columns(model);
    for flag in query.flags.iter() {
        let condition = lowering.condition(flag, true);
        columns.push_str(&format!(", {}", dialect.flag(&condition)));
    }
    let text = format!(
        "SELECT {columns} FROM {} AS {ROOT}{} ORDER BY {} LIMIT {}",
        quote(&model.name),
        where_clause(conditions),
        order_by(dialect, model, &order),
        lowering.plain_placeholder(Param::Limit),
    );
    Select { text, params: lowering.into_params() }
}

/// How many records match, whatever `limit`, `after` and `before` say: one row of one column.
pub fn count(app: &Application, dialect: &dyn Dialect, query: &Query) -> Statement {
    let model = app.model(query.model);
    let mut lowering = Lowering::new(app, dialect, Some(query.model), query.auth_id.is_some());
    let conditions = where_clause(matching(&mut lowering, model, query));
    let text = format!("SELECT count(*) FROM {} AS {ROOT}{conditions}", quote(&model.name));
    let select = Select { text, params: lowering.into_params() };
    select.statement(query, query.limit)
}

/// Whether a closed predicate holds: one row with a boolean.
pub fn holds(app: &Application, dialect: &dyn Dialect, closed: &Predicate) -> Statement {
    let mut lowering = Lowering::new(app, dialect, None, false);
    let condition = lowering.condition(closed, true);
    Statement { text: format!("SELECT {}", dialect.flag(&condition)), params: lowering.into_values() }
}

/// The records of `model`, deleted or not, for which `filter` holds, at most `limit`. The columns are the model's fields.
pub fn find(
    app: &Application,
    dialect: &dyn Dialect,
    model: ModelId,
    filter: &Predicate,
    limit: usize,
) -> Statement {
    find_columns(app, dialect, app.model(model), &columns(app.model(model)), filter, limit)
}

/// As [`find`], the ids alone.
pub fn find_ids(
    app: &Application,
    dialect: &dyn Dialect,
    model: ModelId,
    filter: &Predicate,
    limit: usize,
) -> Statement {
    let id = format!("{ROOT}.{}", quote("id"));
    find_columns(app, dialect, app.model(model), &id, filter, limit)
}

fn find_columns(
    app: &Application,
    dialect: &dyn Dialect,
    model: &Model,
    columns: &str,
    filter: &Predicate,
    limit: usize,
) -> Statement {
    let limit = u32::try_from(limit).unwrap_or(u32::MAX);
    let mut lowering = Lowering::new(app, dialect, Some(model.id), false);
    lowering.pin(filter);
    let condition = lowering.condition(filter, true);
    let text = format!(
        "SELECT {columns} FROM {} AS {ROOT}{} LIMIT {}",
        quote(&model.name),
        where_clause(vec![condition]),
        lowering.plain_placeholder(Param::Value(Value::Int(i64::from(limit)))),
    );
    Statement { text, params: lowering.into_values() }
}

/// The conditions that a query sets, but for its places.
fn matching(lowering: &mut Lowering<'_>, model: &Model, query: &Query) -> Vec<String> {
    let mut conditions = vec![selected(lowering, &query.selection)];
    lowering.pin(&query.filter);
    conditions.extend(liveness(model, query.deleted));
    conditions.push(lowering.condition(&query.filter, true));
    conditions
}

fn selected(lowering: &mut Lowering<'_>, selection: &Selection) -> String {
    match selection {
        Selection::All => constant(true),
        Selection::Ids(ids) if ids.len() == 1 => {
            lowering.pin_field(base::ID, Param::Id);
            format!("{ROOT}.\"id\" = {}", lowering.placeholder(Param::Id))
        }
        Selection::Ids(ids) => {
            let item = Operand::Field(FieldRef { source: Source::Record, field: base::ID });
            let ids = ids.iter().map(|id| Value::Uuid(*id)).collect();
            let list = Operand::Value(Value::List(ids));
            lowering.condition(&Predicate::In { item, list }, true)
        }
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
