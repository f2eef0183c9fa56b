//! Orders, and pages of them.

use super::Open;
use super::world::{World, text};
use crate::{Order, Page, Query};
use mainstay_expr::{Decimal, Value};
use std::cmp::Ordering;
use uuid::Uuid;

/// Records with equal values, nulls and texts whose order by code point differs from that of their UTF-16 units.
async fn samples(world: &World) {
    let labels = ["b", "", "B", "a", "é", "\u{ffff}", "🐎", "b"];
    for index in 0..24_i64 {
        let mut values = vec![("ratio", Value::Float((index % 5) as f64 / 2.0 - 1.0))];
        if index % 3 > 0 {
            values.push(("number", Value::Int(index % 4 - 1)));
        }
        if index % 7 > 0 {
            values.push(("label", text(labels[index as usize % labels.len()])));
        }
        if index % 2 > 0 {
            values.push(("amount", Value::Decimal(Decimal::new(100 - index, 2).unwrap())));
        }
        world.made("sample", &values).await;
    }
}

fn order(world: &World, keys: &[&str]) -> Vec<Order> {
    let key = |key: &&str| match key.strip_prefix('-') {
        Some(name) => Order { field: world.field("sample", name), descending: true },
        None => Order { field: world.field("sample", key), descending: false },
    };
    keys.iter().map(key).collect()
}

const ORDERS: [&[&str]; 8] = [
    &[],
    &["number"],
    &["-number"],
    &["label", "-number"],
    &["-label", "number"],
    &["amount", "ratio", "label"],
    &["-ratio", "-amount"],
    &["-created_at"],
];

/// The order that a query asks for, by the definition of [`Order`].
fn compare(query: &Query, a: &crate::Record, b: &crate::Record) -> Ordering {
    let by = |order: &Order| {
        let (a, b) = (a.get(order.field), b.get(order.field));
        let ascending = match (a.is_null(), b.is_null()) {
            (false, false) => a.order(b).unwrap(),
            (a, b) => b.cmp(&a),
        };
        if order.descending { ascending.reverse() } else { ascending }
    };
    query.total_order().iter().map(by).find(|ordering| ordering.is_ne()).unwrap_or(Ordering::Equal)
}

pub async fn an_order_is_total(open: Open) {
    let world = World::open(open);
    samples(&world).await;
    for keys in ORDERS {
        let query = Query { order: order(&world, keys).into(), ..world.all("sample") };
        let page = world.query(query.clone()).await;
        assert_eq!(page.rows.len(), 24);
        for pair in page.rows.windows(2) {
            assert_eq!(compare(&query, &pair[0].record, &pair[1].record), Ordering::Less, "{keys:?}");
        }
    }
}

pub async fn null_comes_first_when_ascending(open: Open) {
    let world = World::open(open);
    let one = world.made("sample", &[("number", Value::Int(-1))]).await;
    let none = world.made("sample", &[]).await;
    let by = |key: &str| Query { order: order(&world, &[key]).into(), ..world.all("sample") };
    assert_eq!(world.ids(by("number")).await, [none, one]);
    assert_eq!(world.ids(by("-number")).await, [one, none]);
}

/// The place of the last record of a page in the order.
fn place(query: &Query, page: &Page) -> Option<(Vec<Value>, Uuid)> {
    let last = &page.rows.last()?.record;
    Some((query.order.iter().map(|order| last.get(order.field).clone()).collect(), last.id()))
}

pub async fn pages_join_without_gap_or_repetition(open: Open) {
    let world = World::open(open);
    samples(&world).await;
    for keys in ORDERS {
        let whole = Query { order: order(&world, keys).into(), ..world.all("sample") };
        let expected = world.ids(whole.clone()).await;
        for limit in [1, 5, 24, 25] {
            let mut query = Query { limit, ..whole.clone() };
            let mut joined = Vec::new();
            loop {
                let page = world.query(query.clone()).await;
                joined.extend(page.rows.iter().map(|row| row.record.id()));
                assert_eq!(page.more, joined.len() < expected.len(), "{keys:?} by {limit}");
                if !page.more {
                    break;
                }
                query.after = place(&query, &page);
            }
            assert_eq!(joined, expected, "{keys:?} by {limit}");
        }
    }
}

pub async fn pages_lie_between_two_places(open: Open) {
    let world = World::open(open);
    samples(&world).await;
    for keys in ORDERS {
        let whole = Query { order: order(&world, keys).into(), ..world.all("sample") };
        let expected = world.ids(whole.clone()).await;
        for (from, to) in [(0, 1), (0, 23), (3, 4), (5, 17), (9, 9), (17, 5)] {
            let at = async |end: usize| {
                let upto = Query { limit: u32::try_from(end + 1).unwrap(), ..whole.clone() };
                place(&whole, &world.query(upto).await)
            };
            let ahead = Query { before: at(to).await, count: true, ..whole.clone() };
            let page = world.query(ahead.clone()).await;
            assert_eq!(
                (page.rows.len(), page.more, page.count),
                (to, false, Some(24)),
                "{keys:?} ahead of {to}"
            );
            let between = Query { after: at(from).await, ..ahead };
            let inner = expected.get(from + 1..to).unwrap_or_default();
            assert_eq!(world.ids(between).await, inner, "{keys:?} from {from} to {to}");
        }
    }
}

pub async fn a_page_is_stable_under_inserts(open: Open) {
    let world = World::open(open);
    samples(&world).await;
    let mut query = Query { order: order(&world, &["-created_at"]).into(), limit: 10, ..world.all("sample") };
    let first = world.query(query.clone()).await;
    let expected = world.ids(Query { limit: 1_000, ..query.clone() }).await;
    world.made("sample", &[]).await;
    query.after = place(&query, &first);
    assert_eq!(world.ids(query).await, expected[10..20]);
}
