//! Queries that replicas answer, and that they must not.

use crate::support::{application, create, open, options};
use mainstay_model::{Application, ServiceUrl};
use mainstay_ports::{Freshness, Position, Query, Store};
use mainstay_scaleout::postgres::PostgresStore;
use mainstay_services::postgres::{Database, Server, Setup};
use mainstay_services::{Link, Proxy};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::time::sleep;
use uuid::Uuid;

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(20);

/// A server, a replica of it behind a network of its own, and a store that asks both. They are dropped in this order.
struct Scene {
    store: PostgresStore,
    application: Arc<Application>,
    database: Database,
    network: Proxy,
    replica: Server,
    _server: Server,
}

impl Scene {
    async fn new() -> Self {
        let server = Server::start(&Setup::quick()).unwrap();
        let replica = server.replica().unwrap();
        let network = Proxy::to(replica.address());
        let database = server.database();
        let url = ServiceUrl::new(database.url_at(network.address()));
        let application = application();
        let options = mainstay_scaleout::postgres::Options {
            replicas: vec![url],
            query_timeout_ms: 10_000,
            ..options(database.url())
        };
        let store = open(application.clone(), &options);
        let scene = Scene { store, application, database, network, replica, _server: server };
        scene.in_use(1).await;
        scene
    }

    /// Waits until so many replicas are asked.
    async fn in_use(&self, count: usize) {
        let started = Instant::now();
        while self.store.replicas_in_use() != count {
            assert!(started.elapsed() < SOON, "{} in use", self.store.replicas_in_use());
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Adds a note, and answers the position behind it.
    async fn write(&self) -> Position {
        let transaction = create(&self.application, "note", Uuid::now_v7());
        self.store.transact(transaction).await.unwrap().position
    }

    /// How many notes there are, and whether a replica said so.
    async fn count(&self, freshness: Freshness) -> (usize, bool) {
        let model = self.application.model_named("note").unwrap().id;
        let before = self.store.measures().replica_reads.get();
        let page = self.store.query(Query::all(model, 1_000).fresh(freshness)).await.unwrap();
        if let Freshness::AtLeast(position) = freshness {
            assert!(page.position.offset >= position.offset);
        }
        (page.rows.len(), self.store.measures().replica_reads.get() > before)
    }

    /// Waits until the replica answers a question that it should.
    async fn asked_again(&self, freshness: Freshness, expected: usize) {
        let started = Instant::now();
        loop {
            let (count, by_replica) = self.count(freshness).await;
            assert_eq!(count, expected);
            if by_replica {
                return;
            }
            assert!(started.elapsed() < SOON, "the replica is not asked");
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn at_replica(&self, statement: &str) {
        let address: SocketAddr = self.replica.address();
        self.database.sql_at(address, statement);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_answers_what_it_is_new_enough_for() {
    let scene = Scene::new().await;
    let first = scene.write().await;
    scene.asked_again(Freshness::AtLeast(first), 1).await;
    assert_eq!(scene.count(Freshness::Recent).await, (1, true));
    assert_eq!(scene.count(Freshness::Latest).await, (1, false));
    // It stands still: what is behind it comes from the server, at once.
    scene.at_replica("SELECT pg_wal_replay_pause()");
    let second = scene.write().await;
    assert_eq!(scene.count(Freshness::AtLeast(second)).await, (2, false));
    assert!(scene.count(Freshness::AtLeast(first)).await.1);
    // What is a second old is not recent any more.
    scene.in_use(0).await;
    for freshness in [Freshness::Recent, Freshness::AtLeast(first)] {
        assert_eq!(scene.count(freshness).await, (2, false), "{freshness:?}");
    }
    scene.at_replica("SELECT pg_wal_replay_resume()");
    scene.asked_again(Freshness::AtLeast(second), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_what_it_wrote_finds_it() {
    let scene = Scene::new().await;
    let mut by_replica = 0;
    for count in 1..=60 {
        let position = scene.write().await;
        sleep(Duration::from_millis(count % 7 * 20)).await;
        let answer = scene.count(Freshness::AtLeast(position)).await;
        assert_eq!(answer.0, usize::try_from(count).unwrap());
        by_replica += u64::from(answer.1);
    }
    assert!(by_replica > 0, "the replica was asked too");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_dies_is_left_out_and_comes_back() {
    let mut scene = Scene::new().await;
    scene.write().await;
    scene.asked_again(Freshness::Recent, 1).await;
    scene.replica.crash();
    for _ in 0..50 {
        assert_eq!(scene.count(Freshness::Recent).await, (1, false));
    }
    scene.replica.start_again();
    scene.asked_again(Freshness::Recent, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_is_silent_keeps_nobody_waiting_for_long() {
    let scene = Scene::new().await;
    scene.write().await;
    scene.asked_again(Freshness::Recent, 1).await;
    scene.network.set(Link::Frozen);
    let started = Instant::now();
    assert_eq!(scene.count(Freshness::Recent).await, (1, false));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(scene.store.replicas_in_use(), 0);
    scene.network.set(Link::Open);
    scene.asked_again(Freshness::Recent, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_database_is_no_replica() {
    let (database, foreign) = (Server::shared().database(), Server::shared().database());
    let application = application();
    let other = open(application.clone(), &options(foreign.url()));
    let replicas = vec![ServiceUrl::new(foreign.url()), ServiceUrl::new("postgres://127.0.0.1:1/nothing")];
    let options = mainstay_scaleout::postgres::Options { replicas, ..options(database.url()) };
    let store = open(application.clone(), &options);
    sleep(Duration::from_millis(500)).await;
    assert_eq!(store.replicas_in_use(), 0);
    let model = application.model_named("note").unwrap().id;
    assert!(store.query(Query::all(model, 10).fresh(Freshness::Recent)).await.is_ok());
    drop(other);
}
