//! Order, and the place in it behind which a page starts.

use crate::lower::{Junction, Lowering, ROOT, constant, join};
use crate::names::quote;
use crate::{Dialect, KeyColumn};
use mainstay_expr::Value;
use mainstay_model::{Field, Model, base};
use mainstay_ports::Order;

/// The keys of `ORDER BY`.
pub(crate) fn order_by(dialect: &dyn Dialect, model: &Model, order: &[Order]) -> String {
    let keys = order.iter().filter_map(|key| Some((model.fields.get(key.field.index())?, key.descending)));
    let key = |(field, descending): (&Field, bool)| {
        let column = KeyColumn { text: &column(field), is_id: field.id == base::ID };
        dialect.order_key(&column, descending)
    };
    keys.map(key).collect::<Vec<_>>().join(", ")
}

/// A key of the order at the place in question.
struct Key {
    column: String,
    /// The placeholder of the key's value at the place; `None` for null.
    value: Option<String>,
    nullable: bool,
    descending: bool,
}

/// The condition of being behind a place in a total order. `values` has a value for each key of `order`.
pub(crate) fn behind(
    lowering: &mut Lowering<'_>,
    model: &Model,
    order: &[Order],
    values: &[Value],
) -> String {
    let pairs = order.iter().zip(values);
    let keys: Vec<Key> = pairs.filter_map(|(key, value)| Key::new(lowering, model, key, value)).collect();
    let Some(first) = keys.first() else { return constant(true) };
    if keys.iter().all(|key| key.is_plain() && key.descending == first.descending) {
        return row_behind(&keys, first.sign());
    }
    let mut terms: Vec<String> = first.bound().into_iter().collect();
    terms.push(keys_behind(&keys));
    join(terms, Junction::And)
}

/// Keys that are never null and go one way compare as a row, which is the form that an index serves best.
fn row_behind(keys: &[Key], sign: &str) -> String {
    let list = |parts: Vec<&str>| match parts.as_slice() {
        [part] => (*part).to_owned(),
        parts => format!("({})", parts.join(", ")),
    };
    let columns = list(keys.iter().map(|key| key.column.as_str()).collect());
    let values = list(keys.iter().filter_map(|key| key.value.as_deref()).collect());
    format!("{columns} {sign} {values}")
}

/// Behind by the first key, or level with it and behind by the others.
fn keys_behind(keys: &[Key]) -> String {
    let Some((first, rest)) = keys.split_first() else { return constant(false) };
    if rest.is_empty() {
        return first.beyond();
    }
    let level = join(vec![first.level(), keys_behind(rest)], Junction::And);
    join(vec![first.beyond(), level], Junction::Or)
}

impl Key {
    fn new(lowering: &mut Lowering<'_>, model: &Model, key: &Order, value: &Value) -> Option<Key> {
        let field = model.fields.get(key.field.index())?;
        Some(Key {
            column: column(field),
            value: (!value.is_null()).then(|| lowering.param(value.clone())),
            nullable: is_nullable(field),
            descending: key.descending,
        })
    }

    fn is_plain(&self) -> bool {
        !self.nullable && self.value.is_some()
    }

    fn sign(&self) -> &'static str {
        if self.descending { "<" } else { ">" }
    }

    /// The condition of coming behind the place by this key alone.
    fn beyond(&self) -> String {
        let column = &self.column;
        match &self.value {
            None if self.descending => constant(false),
            None => format!("{column} IS NOT NULL"),
            Some(value) if self.descending && self.nullable => {
                format!("({column} < {value} OR {column} IS NULL)")
            }
            Some(value) => format!("{column} {} {value}", self.sign()),
        }
    }

    /// The condition of being level with the place by this key.
    fn level(&self) -> String {
        match &self.value {
            None => format!("{} IS NULL", self.column),
            Some(value) => format!("{} = {value}", self.column),
        }
    }

    /// A simple condition that all rows behind the place meet, from which an index can start; `None` when there is none.
    fn bound(&self) -> Option<String> {
        match &self.value {
            None => self.descending.then(|| self.level()),
            Some(_) if self.descending && self.nullable => None,
            Some(value) => Some(format!("{} {}= {value}", self.column, self.sign())),
        }
    }
}

fn column(field: &Field) -> String {
    format!("{ROOT}.{}", quote(&field.name))
}

fn is_nullable(field: &Field) -> bool {
    field.optional || field.id == base::DELETED_AT
}
