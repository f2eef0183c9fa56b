//! The feed under torture: three nodes, two hundred transactions at once that are held open for random times, and connections that are killed at
//! random. Every commit is in the feed exactly once, in one order that all nodes agree on, and a record's changes are in the order of its
//! versions. Half of them keep a receipt, which is there when they are and has the position that was told.

mod chaos;
mod tail;
mod work;

use crate::support;
use chaos::Chaos;
use futures::future::join_all;
use mainstay_ports::{Change, Operation, Position, Store, StoreError};
use mainstay_scaleout::postgres::{Options, PostgresStore};
use mainstay_services::postgres::{Server, Setup};
use std::collections::HashMap;
use std::sync::Arc;
use tail::Tail;
use uuid::Uuid;
use work::{Done, World};

const NODES: usize = 3;
const TASKS: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_commit_is_in_the_feed_once_and_in_one_order() {
    let rounds = if std::env::var_os("MAINSTAY_LONG").is_some() { 40 } else { 4 };
    let server = Server::start(&Setup::quick().set("max_connections", "400")).unwrap();
    let database = server.database();
    let application = work::application();
    let options = Options { writers: 80, ..support::options(database.url()) };
    let nodes: Vec<Arc<PostgresStore>> =
        (0..NODES).map(|_| Arc::new(support::open(application.clone(), &options))).collect();
    let world = Arc::new(World::new(application, nodes.clone()).await);
    let begin = nodes[0].position().await.unwrap();
    let tails: Vec<Tail> = nodes.iter().map(|node| Tail::start(node.clone(), begin)).collect();
    let chaos = Chaos::start(&database.url(), &world.counters).await;
    let tasks = (0..TASKS).map(|task| tokio::spawn(world.clone().work(task, rounds)));
    let done: Vec<Done> = join_all(tasks).await.into_iter().flat_map(Result::unwrap).collect();
    let killed = chaos.stop().await;
    let end = nodes[0].position().await.unwrap();
    let told: Vec<Vec<Change>> = join_all(tails.into_iter().map(|tail| tail.until(end))).await;
    for other in &told[1..] {
        assert!(*other == told[0], "nodes disagree");
    }
    check_order(&told[0]);
    check_commits(&told[0], &done, &world);
    check_receipts(&marks(&told[0], &world), &done, &world.receipts_kept().await);
    let kept = world.marks_kept().await;
    assert_eq!(kept, marks(&told[0], &world).into_keys().collect(), "the feed and the tables agree");
    assert!(killed > 0, "nobody was killed");
}

/// Numbers grow, and the versions of a record go up by one.
fn check_order(changes: &[Change]) {
    assert!(changes.is_sorted_by(|a, b| a.offset < b.offset));
    let mut versions: HashMap<Uuid, i64> = HashMap::new();
    for change in changes {
        let version = change.after.as_ref().unwrap().version();
        let before = versions.insert(change.id, version);
        let was = change.before.as_ref().map(|record| record.version());
        assert_eq!(was, (version > 1).then_some(version - 1));
        assert!(before.is_none_or(|before| before + 1 == version), "{} after {before:?}", version);
    }
}

/// The offsets at which each mark was made.
fn marks(changes: &[Change], world: &World) -> HashMap<i64, Vec<u64>> {
    let mut marks: HashMap<i64, Vec<u64>> = HashMap::new();
    for change in changes.iter().filter(|change| change.operation == Operation::Create) {
        let mark = change.after.as_ref().unwrap().get(world.mark).as_int().unwrap();
        marks.entry(mark).or_default().push(change.offset);
    }
    marks
}

fn check_commits(changes: &[Change], done: &[Done], world: &World) {
    let marks = marks(changes, world);
    let (mut committed, mut unknown) = (0, 0);
    for Done { mark, result, .. } in done {
        let offsets = marks.get(mark).map_or(&[][..], Vec::as_slice);
        match result {
            Ok(position) => {
                committed += 1;
                assert!(matches!(offsets, [offset] if *offset <= position.offset), "{mark}: {offsets:?}");
            }
            Err(StoreError::OutcomeUnknown(_)) => {
                unknown += 1;
                assert!(offsets.len() <= 1, "{mark}: {offsets:?}");
            }
            Err(StoreError::Busy | StoreError::Timeout | StoreError::Unreachable(_)) => {
                assert!(offsets.is_empty(), "{mark}: {offsets:?}");
            }
            Err(error) => panic!("{mark}: {error}"),
        }
    }
    assert!(committed * 2 > done.len(), "only {committed} of {} took effect, {unknown} unknown", done.len());
}

fn check_receipts(marks: &HashMap<i64, Vec<u64>>, done: &[Done], kept: &HashMap<Uuid, Position>) {
    for Done { mark, receipt, result } in done {
        let Some(receipt) = receipt else { continue };
        assert_eq!(kept.contains_key(receipt), marks.contains_key(mark), "{mark}: {result:?}");
        if let Ok(position) = result {
            assert_eq!(kept[receipt], *position, "{mark}");
        }
    }
}
