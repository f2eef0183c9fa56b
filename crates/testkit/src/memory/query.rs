//! Answers by looking at every record.

use super::State;
use super::table::Tables;
use mainstay_expr::{Value, Vars};
use mainstay_ports::{Deleted, Order, Page, Query, Record, Row, Selection};
use std::cmp::Ordering;

/// Answers a query.
pub(super) fn page(state: &State, query: &Query) -> Page {
    let tables = Tables(&state.tables);
    let records = state.tables[query.model.index()].records.values();
    let vars = Vars { auth_id: query.auth_id, ..Vars::default() };
    let mut records: Vec<&Record> =
        records.filter(|record| is_asked_for(query, &vars, &tables, record)).collect();
    let order = query.total_order();
    records.sort_by(|a, b| compare(&order, &key(&order, a), &key(&order, b)));
    let count = query.count.then_some(records.len() as u64);
    for (place, side) in [(&query.after, Ordering::Greater), (&query.before, Ordering::Less)] {
        let Some((values, id)) = place else { continue };
        let place = [values.as_slice(), &[Value::Uuid(*id)]].concat();
        records.retain(|record| compare(&order, &key(&order, record), &place) == side);
    }
    let limit = query.limit as usize;
    let flags = |record| query.flags.iter().map(|flag| tables.matches(flag, Some(&vars), record)).collect();
    let rows =
        records.iter().take(limit).map(|record| Row { record: (*record).clone(), flags: flags(record) });
    Page { rows: rows.collect(), more: records.len() > limit, count, position: state.feed.end() }
}

fn is_asked_for(query: &Query, vars: &Vars, tables: &Tables<'_>, record: &Record) -> bool {
    let selected = match &query.selection {
        Selection::All => true,
        Selection::Ids(ids) => ids.contains(&record.id()),
    };
    let alive = match query.deleted {
        Deleted::Exclude => record.deleted_at().is_none(),
        Deleted::Include => true,
        Deleted::Only => record.deleted_at().is_some(),
    };
    selected && alive && tables.matches(&query.filter, Some(vars), record)
}

fn key(order: &[Order], record: &Record) -> Vec<Value> {
    order.iter().map(|order| record.get(order.field).clone()).collect()
}

/// Null comes before every value when ascending.
fn compare(order: &[Order], a: &[Value], b: &[Value]) -> Ordering {
    let by = |((order, a), b): ((&Order, &Value), &Value)| {
        let ascending = match (a.is_null(), b.is_null()) {
            (false, false) => a.order(b).unwrap_or(Ordering::Equal),
            (a, b) => b.cmp(&a),
        };
        if order.descending { ascending.reverse() } else { ascending }
    };
    order.iter().zip(a).zip(b).map(by).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}
