//! SQL and memory agree on random predicates and records.

use crate::application::NOTE;
use crate::database::{Database, id, stored};
use crate::generate::{Generator, RECORDS, world};
use crate::random::Random;
use crate::world::World;
use mainstay_expr::{Operand, Predicate, Value};
use mainstay_ports::{Deleted, Query};
use mainstay_sql::{Sqlite, count, find, select};
use rusqlite::types::Value as Stored;

/// Each is judged on every record, so that there are twelve times as many cases.
const PREDICATES: usize = 3_000;
const PREDICATES_PER_WORLD: usize = 250;

pub(crate) fn fill(world: &World) -> Database {
    let database = Database::new(&world.app);
    for (model, records) in world.app.models.iter().zip(&world.records) {
        records.iter().for_each(|record| database.insert(&world.app, model.id, record));
    }
    database
}

#[test]
fn sql_and_memory_agree() {
    let mut random = Random::seeded("agreement");
    for _ in 0..PREDICATES / PREDICATES_PER_WORLD {
        let world = world(&mut random);
        let database = fill(&world);
        for _ in 0..PREDICATES_PER_WORLD {
            let predicate = Generator::new(&mut random, &world.app, NOTE).predicate(4);
            check(&world, &database, &predicate);
        }
    }
}

/// As a flag, as a filter, negated, counted and found.
fn check(world: &World, database: &Database, predicate: &Predicate) {
    let negated = Predicate::Not(Box::new(predicate.clone()));
    let everything = Query { deleted: Deleted::Include, ..Query::all(NOTE, u32::MAX) };
    let flags = Query { flags: vec![predicate.clone(), negated.clone()], ..everything.clone() };
    let statement = select(&world.app, &Sqlite, &flags, u32::MAX);
    let rows = database.rows(&statement);
    assert_eq!(rows.len(), RECORDS);
    let mut matching = Vec::new();
    for row in &rows {
        let record = world.records[NOTE.index()].iter().find(|record| stored(&record[0]) == row[0]).unwrap();
        let expected = world.holds(predicate, record);
        let answers = &row[row.len() - 2..];
        let wanted = [Stored::Integer(expected.into()), Stored::Integer((!expected).into())];
        assert_eq!(
            answers, wanted,
            "{predicate:#?}\non {record:?}\nby {}\nwith {:?}",
            statement.text, statement.params
        );
        if expected {
            matching.push(id(&row[0]));
        }
    }
    let query = everything.clone().filtered(predicate.clone());
    let statement = select(&world.app, &Sqlite, &query, u32::MAX);
    assert_eq!(database.ids(&statement), matching, "{predicate:#?}\nby {}", statement.text);
    let mut found = database.ids(&find(&world.app, &Sqlite, NOTE, predicate, usize::MAX));
    found.sort();
    assert_eq!(found, matching);
    let others = database.rows(&count(&world.app, &Sqlite, &everything.filtered(negated)));
    assert_eq!(others, [[Stored::Integer((RECORDS - matching.len()) as i64)]]);
}

#[test]
fn a_predicate_that_is_very_long_or_deep_is_run() {
    let mut random = Random::seeded("size");
    let world = world(&mut random);
    let database = fill(&world);
    let wide = Predicate::Any(vec![Predicate::Truth(Operand::Value(Value::Bool(false))); 5_000]);
    let mut deep = Generator::new(&mut random, &world.app, NOTE);
    let mut predicate = wide;
    for _ in 0..24 {
        predicate = Predicate::Not(Box::new(Predicate::All(vec![predicate, deep.predicate(1)])));
    }
    check(&world, &database, &predicate);
}
