//! Databases that go back under nodes that have them open.

use crate::support::{application, open, options};
use mainstay_expr::{Value, Vars};
use mainstay_model::Application;
use mainstay_ports::{Authority, Changes, Create, Position, Step, Store, Transaction};
use mainstay_scaleout::postgres::PostgresStore;
use mainstay_services::postgres::{Database, Server};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

/// Looks come four times a second; a busy machine is slower.
const PATIENCE: Duration = Duration::from_secs(20);

async fn write(store: &PostgresStore, application: &Application) -> Position {
    let model = application.model_named("note").unwrap();
    let values = vec![(model.field_named("text").unwrap().id, Value::Text("a".to_owned()))];
    let step = Step::Create(Create { model: model.id, id: Uuid::now_v7(), values, given: Vec::new() });
    let vars = Vars { now: 1, ..Vars::default() };
    store.transact(Transaction::new(Authority::System, vars, "request", vec![step])).await.unwrap().position
}

/// Writes with two nodes, changes the database behind their backs, and answers what both come to know then.
async fn go_back(change: &str) -> (Position, Position) {
    let database: Database = Server::shared().database();
    let application = application();
    let nodes = [(); 2].map(|()| open(application.clone(), &options(database.url())));
    let first = write(&nodes[0], &application).await;
    let last = write(&nodes[1], &application).await;
    timeout(PATIENCE, nodes[0].wait_beyond(first)).await.unwrap();
    database.sql(change);
    let mut told = Vec::new();
    for node in &nodes {
        timeout(PATIENCE, node.wait_beyond(last)).await.expect("it is noticed");
        let reset = node.changes(first, 10).await.unwrap();
        assert!(matches!(reset, Changes::Reset { position } if position.epoch != first.epoch), "{reset:?}");
        told.push(node.position().await.unwrap());
    }
    assert_eq!(told[0], told[1]);
    let next = write(&nodes[0], &application).await;
    assert!(next.epoch == told[0].epoch && next.offset > told[0].offset, "{next:?} behind {told:?}");
    timeout(PATIENCE, nodes[1].wait_beyond(told[1])).await.unwrap();
    // It stays like that.
    sleep(Duration::from_millis(600)).await;
    assert_eq!((nodes[0].heard(), nodes[1].heard()), (next, next));
    (last, told[0])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_history_is_taken_up() {
    let change = r#"UPDATE "_mainstay_meta" SET "value" = '5' WHERE "key" = 'epoch'"#;
    let (last, told) = go_back(change).await;
    assert_eq!(told, Position { epoch: 5, ..last });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_lost_its_end_begins_another_history() {
    let lose =
        r#"DELETE FROM "_mainstay_change" WHERE "offset" = (SELECT max("offset") FROM "_mainstay_change")"#;
    let (last, told) = go_back(lose).await;
    assert!(told.epoch != last.epoch && told.offset < last.offset, "{told:?} behind {last:?}");
}
