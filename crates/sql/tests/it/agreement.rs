//! SQL and memory agree, on random predicates and random expressions over random records.

use crate::application::NOTE;
use crate::database::{Engine, id};
use crate::generate::{Generator, RECORDS};
use crate::random::Random;
use crate::source;
use crate::world::World;
use mainstay_expr::{Context, Frame, Operand, Predicate, Type, Use, Value, compile};
use mainstay_ports::{Deleted, Query};
use mainstay_sql::{Statement, count, find, holds, select};
use rusqlite::types::Value as Stored;
use uuid::Uuid;

/// Worlds, and conditions judged in each. A condition is judged on every record, so that a test has 12,000 cases of both polarities.
const WORLDS: usize = 10;
const CONDITIONS: usize = 100;

#[test]
fn predicates_agree_in_sqlite() {
    predicates_agree(World::sqlite);
}

#[test]
fn predicates_agree_in_postgres() {
    predicates_agree(World::postgres);
}

#[test]
fn expressions_agree_in_sqlite() {
    expressions_agree(World::sqlite);
}

#[test]
fn expressions_agree_in_postgres() {
    expressions_agree(World::postgres);
}

#[test]
fn a_predicate_that_is_very_long_and_deep_is_run_by_sqlite() {
    long_and_deep(World::sqlite);
}

#[test]
fn a_predicate_that_is_very_long_and_deep_is_run_by_postgres() {
    long_and_deep(World::postgres);
}

fn predicates_agree(world: fn(&mut Random) -> World) {
    let mut random = Random::seeded();
    for _ in 0..WORLDS {
        let world = world(&mut random);
        for _ in 0..CONDITIONS {
            check(&world, &Generator::new(&mut random, &world.app, NOTE).predicate(4));
        }
    }
}

fn expressions_agree(world: fn(&mut Random) -> World) {
    let mut random = Random::seeded();
    for _ in 0..WORLDS {
        let world = world(&mut random);
        for _ in 0..CONDITIONS {
            let source = source::note(&mut random, 3);
            let context = Context { model: Some(NOTE), usage: Use::Rule };
            let compiled =
                compile(&source, context, &world.app).unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
            check(&world, &compiled.predicate);
        }
    }
}

fn long_and_deep(world: fn(&mut Random) -> World) {
    let mut random = Random::seeded();
    let world = world(&mut random);
    let mut predicate = Predicate::Any(vec![Predicate::Truth(Operand::Value(Value::Bool(false))); 5_000]);
    for _ in 0..24 {
        let other = Generator::new(&mut random, &world.app, NOTE).predicate(1);
        predicate = Predicate::Not(Box::new(Predicate::All(vec![predicate, other])));
    }
    check(&world, &predicate);
}

/// The one scalar whose text has to be read to the last bit.
#[test]
fn a_float_in_a_list_keeps_its_value() {
    let mut random = Random::seeded();
    let worlds = [World::sqlite(&mut random), World::postgres(&mut random)];
    let floats: Vec<f64> =
        (0..5_000).map(|_| f64::from_bits(random.next())).filter(|float| float.is_finite()).collect();
    for (world, float) in worlds.iter().flat_map(|world| floats.iter().map(move |float| (world, *float))) {
        let float = Value::Float(float);
        let dialect = world.database.dialect();
        let list = dialect.operand(2, &Type::List(Box::new(Type::Float)));
        let (float_text, elements) =
            (dialect.operand(1, &Type::Float), dialect.elements(&list, &Type::Float));
        let text = format!("SELECT {float_text} IN ({elements})");
        let statement = Statement { text, params: vec![float.clone(), Value::List(vec![float.clone()])] };
        assert_eq!(world.database.rows(&statement), [[Stored::Integer(1)]], "{float:?}");
    }
}

/// Asks for a condition in every way there is.
fn check(world: &World, predicate: &Predicate) {
    let matching: Vec<Uuid> = world
        .of(NOTE)
        .iter()
        .filter(|record| world.holds(predicate, record))
        .filter_map(|record| record[0].as_uuid())
        .collect();
    let check = |ids: Vec<Uuid>, statement: &Statement| {
        assert_eq!(ids, matching, "{predicate:#?}\nby {}\nwith {:?}", statement.text, statement.params);
    };
    let (database, dialect) = (world.database.as_ref(), world.database.dialect());
    let all = Query { deleted: Deleted::Include, ..Query::all(NOTE, u32::MAX) };

    let query = all.clone().filtered(predicate.clone());
    let statement = select(&world.app, dialect, &query).statement(&query, u32::MAX);
    check(database.ids(&statement), &statement);

    let statement = find(&world.app, dialect, NOTE, &predicate.reduce(&Frame::default()), usize::MAX);
    let mut found = database.ids(&statement);
    found.sort();
    check(found, &statement);

    let negated = Predicate::Not(Box::new(predicate.clone()));
    let statement = count(&world.app, dialect, &all.clone().filtered(negated.clone()));
    let others = Stored::Integer((RECORDS - matching.len()) as i64);
    assert_eq!(database.rows(&statement), [[others]], "{predicate:#?}\nby {}", statement.text);

    let query = Query { flags: [predicate.clone(), negated].into(), ..all };
    let statement = select(&world.app, dialect, &query).statement(&query, u32::MAX);
    check(flagged(database, &statement), &statement);
    closed_parts(world, predicate);
}

/// The rows whose first flag is set; the second is set for the others.
fn flagged(database: &dyn Engine, statement: &Statement) -> Vec<Uuid> {
    let rows = database.rows(statement);
    assert_eq!(rows.len(), RECORDS);
    let yes = [Stored::Integer(1), Stored::Integer(0)];
    let no = [Stored::Integer(0), Stored::Integer(1)];
    let is_flagged = |row: &&Vec<Stored>| {
        let flags = &row[row.len() - 2..];
        assert!(flags == yes || flags == no, "{flags:?} by {}", statement.text);
        flags == yes
    };
    rows.iter().filter(is_flagged).map(|row| id(&row[0])).collect()
}

/// What is left to ask about other records when one is known, as a rule on a write asks it.
fn closed_parts(world: &World, predicate: &Predicate) {
    for record in world.of(NOTE) {
        let closed = World::closed(predicate, record);
        if matches!(closed, Predicate::Const(_)) {
            continue;
        }
        let statement = holds(&world.app, world.database.dialect(), &closed);
        let expected = Stored::Integer(world.holds(predicate, record).into());
        assert_eq!(world.database.rows(&statement), [[expected]], "{closed:#?}\nby {}", statement.text);
    }
}
