//! Pages by every order give every row once, in order.

use crate::application::{NOTE, sample};
use crate::random::Random;
use crate::world::World;
use mainstay_expr::{FieldId, Value};
use mainstay_ports::{Deleted, Order, Query};
use mainstay_sql::select;
use std::cmp::Ordering;
use uuid::Uuid;

#[test]
fn pages_of_sqlite_give_every_row_once_and_in_order() {
    every_row_once_and_in_order(40, World::sqlite);
}

#[test]
fn pages_of_postgres_give_every_row_once_and_in_order() {
    every_row_once_and_in_order(10, World::postgres);
}

fn every_row_once_and_in_order(worlds: usize, world: fn(&mut Random) -> World) {
    let mut random = Random::seeded();
    for _ in 0..worlds {
        let world = world(&mut random);
        for _ in 0..25 {
            let order = random_order(&mut random);
            let deleted = *random.pick(&[Deleted::Exclude, Deleted::Include, Deleted::Only]);
            let query =
                Query { order: order.into(), deleted, ..Query::all(NOTE, 1 + random.below(6) as u32) };
            assert_eq!(pages(&world, &query), sorted(&world, &query), "{query:?}");
        }
    }
}

fn random_order(random: &mut Random) -> Vec<Order> {
    let app = sample();
    let sortable: Vec<FieldId> =
        app.model(NOTE).fields.iter().filter(|field| field.ty.is_sortable()).map(|field| field.id).collect();
    let one_way = random.once_in(3).then(|| random.once_in(2));
    let mut key =
        || Order { field: *random.pick(&sortable), descending: one_way.unwrap_or_else(|| random.once_in(2)) };
    let keys = [key(), key(), key()];
    keys[..random.below(4)].to_vec()
}

/// All ids, page by page.
fn pages(world: &World, query: &Query) -> Vec<Uuid> {
    let mut query = query.clone();
    let mut all = Vec::new();
    loop {
        let select = select(&world.app, world.database.dialect(), &query);
        let page = world.database.ids(&select.statement(&query, query.limit));
        assert!(page.len() <= query.limit as usize);
        let Some(last) = page.last() else { return all };
        let record = world.of(NOTE).iter().find(|record| record[0] == Value::Uuid(*last)).unwrap();
        let values = query.order.iter().map(|key| record[key.field.index()].clone()).collect();
        query.after = Some((values, *last));
        all.extend(page);
        assert!(all.len() <= world.of(NOTE).len(), "a row came twice");
    }
}

fn sorted(world: &World, query: &Query) -> Vec<Uuid> {
    let deleted_at = mainstay_model::base::DELETED_AT.index();
    let mut records: Vec<&Vec<Value>> = world
        .of(NOTE)
        .iter()
        .filter(|record| match query.deleted {
            Deleted::Exclude => record[deleted_at].is_null(),
            Deleted::Include => true,
            Deleted::Only => !record[deleted_at].is_null(),
        })
        .collect();
    records.sort_by(|a, b| {
        let keys = query.total_order();
        let orders =
            keys.iter().map(|key| order(&a[key.field.index()], &b[key.field.index()], key.descending));
        orders.fold(Ordering::Equal, Ordering::then)
    });
    records.iter().map(|record| record[0].as_uuid().unwrap()).collect()
}

fn order(a: &Value, b: &Value, descending: bool) -> Ordering {
    let order = match (a.is_null(), b.is_null()) {
        (false, false) => a.order(b).unwrap(),
        (a, b) => b.cmp(&a),
    };
    if descending { order.reverse() } else { order }
}
