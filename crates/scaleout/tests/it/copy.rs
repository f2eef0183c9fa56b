//! Databases that are filled with the rows of others.

use crate::support::{open, options};
use mainstay_expr::Vars;
use mainstay_model::{Application, ServiceUrl};
use mainstay_ports::conformance::everything::{self, MODEL, create};
use mainstay_ports::{Authority, Changes, Delete, Position, Query, Record, Step, Store, Transaction};
use mainstay_scaleout::postgres::copy::{Database, Stage, State};
use mainstay_scaleout::postgres::{OpenError, PostgresStore};
use mainstay_services::postgres::Server;
use std::time::Duration;

async fn transact(store: &PostgresStore, step: Step) -> Position {
    let vars = Vars { now: 1, ..Vars::default() };
    store.transact(Transaction::new(Authority::System, vars, "request", vec![step])).await.unwrap().position
}

async fn records(store: &PostgresStore, application: &Application) -> Vec<Record> {
    let model = application.model_named(MODEL).unwrap().id;
    let page = store.query(Query::all(model, 100)).await.unwrap();
    page.rows.into_iter().map(|row| row.record).collect()
}

/// Copies what is in one into the other, up to where nodes may open it, two rows at a time.
async fn fill(from: &Database, to: &Database) {
    let snapshot = from.snapshot().await.unwrap();
    to.begin().await.unwrap();
    to.create(&snapshot.schema, snapshot.position.epoch).await.unwrap();
    for table in &snapshot.schema.tables {
        let mut after = None;
        loop {
            let rows = from.rows(table, after, 2).await.unwrap();
            let Some(last) = rows.last() else { break };
            after = last[0].as_uuid();
            to.add(table, &rows).await.unwrap();
        }
    }
    to.append(&from.changes(snapshot.ends.start.0, 1_000).await.unwrap()).await.unwrap();
    to.index(&snapshot.schema).await.unwrap();
    to.set_ends(snapshot.ends).await.unwrap();
    to.note(Stage::Following(5)).await.unwrap();
    to.commit().await.unwrap();
}

async fn connect(url: &str) -> Database {
    Database::connect(&ServiceUrl::new(url)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_was_filled_is_the_same() {
    let (one, other) = (Server::shared().database(), Server::shared().database());
    let application = everything::application();
    let store = open(application.clone(), &options(one.url()));
    let start = store.position().await.unwrap();
    for number in 0..5 {
        transact(&store, create(&application, number)).await;
    }
    let first = records(&store, &application).await[0].clone();
    let model = application.model_named(MODEL).unwrap().id;
    let delete = |id| Step::Delete(Delete { model, id, if_version: None });
    transact(&store, delete(first.id())).await;
    // The first changes were forgotten.
    store.trim_feed(0, 3_500).await.unwrap();

    let (from, to) = (connect(&one.url()).await, connect(&other.url()).await);
    assert_eq!(to.state().await.unwrap(), State::Empty);
    assert!(to.lock().await.unwrap() && !connect(&other.url()).await.lock().await.unwrap());
    fill(&from, &to).await;
    let end = store.position().await.unwrap();
    let filling = State::Filling { epoch: end.epoch, stage: Stage::Following(5) };
    assert_eq!(to.state().await.unwrap(), filling);
    let refused = PostgresStore::open(application.clone(), &options(other.url())).await.err().unwrap();
    assert!(matches!(refused, OpenError::Unfinished), "{refused}");
    to.open().await.unwrap();
    assert_eq!(to.state().await.unwrap(), State::Whole { epoch: end.epoch });
    assert!(from.nodes().await.unwrap() > 0);
    // The connection of whom was refused may take a moment to end.
    for _ in 0..100 {
        if to.nodes().await.unwrap() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(to.nodes().await.unwrap(), 0);

    let made = open(application.clone(), &options(other.url()));
    assert_eq!(records(&made, &application).await, records(&store, &application).await);
    assert_eq!(made.position().await.unwrap(), end);
    assert!(matches!(made.changes(start, 10).await.unwrap(), Changes::Reset { .. }));
    let kept = Position { offset: end.offset - 1, ..end };
    assert_eq!(made.changes(kept, 10).await.unwrap(), store.changes(kept, 10).await.unwrap());
    // It goes on where the other ended, under the same rules.
    let next = transact(&made, create(&application, 7)).await;
    assert!(next.epoch == end.epoch && next.offset > end.offset, "{next:?} behind {end:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_put_aside_is_out_of_the_way_and_not_lost() {
    let database = Server::shared().database();
    let application = everything::application();
    let store = open(application.clone(), &options(database.url()));
    transact(&store, create(&application, 1)).await;
    drop(store);
    let connection = connect(&database.url()).await;
    connection.begin().await.unwrap();
    connection.put_aside("before-restore").await.unwrap();
    assert_eq!(connection.state().await.unwrap(), State::Empty);
    connection.commit().await.unwrap();
    let empty = open(application.clone(), &options(database.url()));
    assert_eq!(records(&empty, &application).await, []);
    let aside = format!(
        "{}{}options=-c%20search_path%3Dbefore-restore",
        database.url(),
        if database.url().contains('?') { '&' } else { '?' }
    );
    let kept = open(application.clone(), &options(aside));
    assert_eq!(records(&kept, &application).await.len(), 1);
    transact(&kept, create(&application, 2)).await;
}
