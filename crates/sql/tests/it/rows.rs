//! The statements on rows that PostgreSQL alone needs.

use crate::application::{NOTE, PLACE, TICK, application, model, sample};
use crate::database::Engine;
use crate::generate::{record_id, records};
use crate::postgres::PostgresDatabase;
use crate::random::Random;
use mainstay_expr::Value;
use mainstay_model::base;
use mainstay_sql::postgres::{
    RowLock, get_locked, get_many, hold_live_many, insert_many, replace_many, replace_version, require_live,
    require_live_many, unique_keys,
};
use mainstay_sql::{Postgres, Statement, get, remove, replace};
use rusqlite::types::Value as Stored;
use uuid::Uuid;

fn statement(text: String, params: &[Value]) -> Statement {
    Statement { text, params: params.to_vec() }
}

fn ids(numbers: &[usize]) -> Value {
    Value::List(numbers.iter().map(|number| Value::Uuid(record_id(NOTE, *number))).collect())
}

#[test]
fn rows_are_added_read_replaced_and_removed() {
    let (app, mut random) = (sample(), Random::seeded());
    let database = PostgresDatabase::new(&app);
    let note = app.model(NOTE);
    let notes = records(&mut random, note);
    let arrays: Vec<Value> = (0..note.fields.len())
        .map(|place| Value::List(notes.iter().map(|values| values[place].clone()).collect()))
        .collect();
    database.rows(&statement(insert_many(note), &arrays));
    let one = |number: usize| database.rows(&statement(get(&Postgres, note), &[notes[number][0].clone()]));
    let many = database.rows(&statement(get_many(note), &[ids(&[1, 3, 99])]));
    assert_eq!(many.len(), 2);
    assert!(many.contains(&one(1)[0]) && many.contains(&one(3)[0]));

    let changed = [&notes[1][..1], &notes[2][1..]].concat();
    database.rows(&statement(replace(&Postgres, note), &changed));
    assert_eq!(one(1)[0][1..], one(2)[0][1..]);
    for lock in [RowLock::KeyShare, RowLock::NoKeyUpdate, RowLock::Update] {
        assert_eq!(database.rows(&statement(get_locked(note, lock), &changed[..1])), one(1));
    }
    database.rows(&statement(replace_many(note), &arrays));
    assert_eq!(one(1)[0], many.iter().find(|row| row[0] == one(1)[0][0]).cloned().unwrap_or_default());
    database.rows(&statement(remove(&Postgres, note), &changed[..1]));
    assert_eq!(one(1), Vec::<Vec<Stored>>::new());
}

#[test]
fn a_row_is_replaced_if_it_has_the_version() {
    let (app, mut random) = (sample(), Random::seeded());
    let database = PostgresDatabase::new(&app);
    let tick = app.model(TICK);
    let mut values = records(&mut random, tick)[0].clone();
    values[base::VERSION.index()] = Value::Int(4);
    database.insert(&app, TICK, &values);
    let version = || {
        let rows = database.rows(&statement(get(&Postgres, tick), &values[..1]));
        rows[0][base::VERSION.index()].clone()
    };
    let replaced = |old: i64| {
        let mut params = values.clone();
        params[base::VERSION.index()] = Value::Int(5);
        params.push(Value::Int(old));
        database.rows(&statement(replace_version(tick), &params));
        version()
    };
    assert_eq!(replaced(3), Stored::Integer(4));
    assert_eq!(replaced(4), Stored::Integer(5));
}

#[test]
fn what_is_pointed_to_has_to_be_live() {
    let (app, mut random) = (sample(), Random::seeded());
    let database = PostgresDatabase::new(&app);
    for (number, mut values) in records(&mut random, app.model(NOTE)).into_iter().enumerate() {
        values[base::DELETED_AT.index()] = if number == 2 { Value::Timestamp(1) } else { Value::Null };
        database.insert(&app, NOTE, &values);
    }
    let note = app.model(NOTE);
    let one =
        |number| database.rows(&statement(require_live(note), &[Value::Uuid(record_id(NOTE, number))])).len();
    assert_eq!([one(1), one(2), one(99)], [1, 0, 0]);
    let live = database.rows(&statement(hold_live_many(note), &[ids(&[3, 2, 1, 99])]));
    assert_eq!(live.len(), 2);
    let many = |numbers: &[usize]| {
        let params = [ids(numbers), Value::Int(numbers.len() as i64)];
        let answer = database.try_rows(&statement(require_live_many(note), &params));
        answer.map_err(|error| error.code().unwrap().code().to_owned())
    };
    assert_eq!(many(&[3, 1]), Ok(vec![vec![Stored::Integer(1)]]));
    assert_eq!(many(&[3, 2]), Err("22012".to_owned()));
    assert_eq!(many(&[3, 99]), Err("22012".to_owned()));
    // A model that keeps nothing has no deleted records.
    assert!(!require_live(app.model(TICK)).contains("deleted_at"));
    assert!(require_live(app.model(PLACE)).ends_with("FOR KEY SHARE"));
}

#[test]
fn what_was_to_be_unique_is_told_by_its_name() {
    let long = "x".repeat(60);
    let text = mainstay_model::FieldType::Text;
    let app = application(vec![
        model(&long)
            .field("name", text.clone(), false)
            .field("title", text, true)
            .index(&["name", "title"], true)
            .index(&["title"], true)
            .index(&["name"], false),
    ]);
    let database = PostgresDatabase::new(&app);
    let model = &app.models[0];
    let record = |id: u128, name: &str, title: &str| {
        let text = |text: &str| Value::Text(text.to_owned());
        let base =
            [Value::Uuid(Uuid::from_u128(id)), Value::Timestamp(0), Value::Timestamp(0), Value::Int(1)];
        [&base[..], &[Value::Null, text(name), text(title)]].concat()
    };
    let violated = |values: &[Value]| -> Vec<&str> {
        let insert = statement(mainstay_sql::insert(&Postgres, model), values);
        let error = database.try_rows(&insert).unwrap_err();
        let error = error.as_db_error().unwrap();
        assert_eq!(error.code().code(), "23505");
        let (_, fields) = unique_keys(&app, model)
            .into_iter()
            .find(|(name, _)| Some(name.as_str()) == error.constraint())
            .unwrap();
        fields.iter().map(|field| model.field(*field).name.as_str()).collect()
    };
    database.insert(&app, model.id, &record(1, "a", "b"));
    database.insert(&app, model.id, &record(2, "a", "c"));
    assert_eq!(violated(&record(1, "x", "y")), ["id"]);
    assert_eq!(violated(&record(3, "x", "b")), ["title"]);
    database.batch(&format!("UPDATE {long} SET title = NULL"));
    database.insert(&app, model.id, &record(4, "a", "b"));
    database.batch(&format!("DROP INDEX \"{}\"", unique_keys(&app, model)[1].0));
    assert_eq!(violated(&record(5, "a", "b")), ["name", "title"]);
}
