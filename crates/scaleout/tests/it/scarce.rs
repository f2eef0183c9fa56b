//! Nodes that get fewer connections than they want.

use crate::support::{application, create, open, options};
use mainstay_model::Application;
use mainstay_ports::{Isolation, Keyring, Query, Store, StoreError};
use mainstay_scaleout::postgres::{Options, PostgresStore};
use mainstay_services::postgres::{Database, Server};
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A database whose only user may have so many connections at once.
struct Scarce {
    database: Database,
    user: String,
}

impl Scarce {
    fn new(connections: usize) -> Self {
        let database = Server::shared().database();
        let user = format!("user_{}", Uuid::now_v7().simple());
        database.sql(&format!(
            "CREATE ROLE {user} LOGIN CONNECTION LIMIT {connections}; GRANT ALL ON SCHEMA public TO {user}"
        ));
        Scarce { database, user }
    }

    fn options(&self) -> Options {
        let url = self.database.url().replacen("postgres@", &format!("{}@", self.user), 1);
        Options { writers: 16, ..options(url) }
    }
}

impl Scarce {
    fn end_connections(&self) {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename";
        self.database.sql(&format!("{end} = '{}'", self.user));
    }
}

impl Drop for Scarce {
    fn drop(&mut self) {
        self.end_connections();
        self.database.sql(&format!("DROP OWNED BY {0} CASCADE; DROP ROLE {0}", self.user));
    }
}

/// What those who asked were told.
#[derive(Debug, Default)]
struct Told {
    done: usize,
    failed: BTreeMap<String, usize>,
    slowest: Duration,
}

impl Told {
    fn note<T>(&mut self, what: &str, started: Instant, result: Result<T, StoreError>) {
        self.slowest = self.slowest.max(started.elapsed());
        match result {
            Ok(_) => self.done += 1,
            Err(error) => *self.failed.entry(format!("{what}: {error:?}")).or_default() += 1,
        }
    }
}

/// Lets so many write and read, each one thing after the other.
async fn load(
    store: &Arc<PostgresStore>,
    application: &Arc<Application>,
    clients: usize,
    time: Duration,
) -> Told {
    let until = Instant::now() + time;
    let mut tasks = tokio::task::JoinSet::new();
    for client in 0..clients {
        let (store, application) = (store.clone(), application.clone());
        tasks.spawn(async move {
            let mut told = Told::default();
            let note = application.model_named("note").unwrap();
            while Instant::now() < until {
                let (started, id) = (Instant::now(), Uuid::now_v7());
                let mut transaction = create(&application, id);
                if client % 2 == 0 {
                    transaction.isolation = Isolation::Serializable;
                }
                told.note("write", started, store.transact(transaction).await);
                let started = Instant::now();
                told.note("read", started, store.query(Query::all(note.id, 2)).await);
            }
            told
        });
    }
    let mut all = Told::default();
    while let Some(told) = tasks.join_next().await {
        let told = told.unwrap();
        all.done += told.done;
        all.slowest = all.slowest.max(told.slowest);
        told.failed.into_iter().for_each(|(error, count)| *all.failed.entry(error).or_default() += count);
    }
    all
}

/// Everybody is answered by what they asked for, and soon.
async fn serves_all(store: &Arc<PostgresStore>, application: &Arc<Application>) {
    let told = load(store, application, 64, Duration::from_secs(1)).await;
    assert!(told.failed.is_empty(), "{told:#?}");
    assert!(told.done > 100 && told.slowest < Duration::from_secs(2), "{told:#?}");
}

/// Three are the least: one for reading, one for writing, one that listens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_works_with_the_connections_that_it_gets() {
    for connections in [3, 5] {
        let scarce = Scarce::new(connections);
        let application = application();
        let store = Arc::new(open(application.clone(), &scarce.options()));
        serves_all(&store, &application).await;
        assert!(store.connections() <= connections as u64);
        assert!(store.refused_connections() > 0);
        assert!(store.refused_connections() < 100, "the server is asked again and again");
        assert!(store.takes_writes());
    }
}

/// Whoever comes first must not take what others need to be there at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_loses_all_of_its_few_connections_recovers() {
    let scarce = Scarce::new(4);
    let application = application();
    let store = Arc::new(open(application.clone(), &scarce.options()));
    for _ in 0..2 {
        scarce.end_connections();
        load(&store, &application, 64, Duration::from_secs(1)).await;
        let started = Instant::now();
        while !store.takes_writes() {
            assert!(started.elapsed() < Duration::from_secs(10), "the database is not heard any more");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        serves_all(&store, &application).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_gets_no_connection_is_told_in_time() {
    let scarce = Scarce::new(2);
    let application = application();
    let options = Options { connect_timeout_ms: 500, ..scarce.options() };
    let store = open(application.clone(), &options);
    let started = Instant::now();
    let refused = store.transact(create(&application, Uuid::now_v7())).await;
    assert!(matches!(refused, Err(StoreError::Unreachable(_))), "{refused:?}");
    let refused = store.keyring(None).secret("cursor", 32).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotConnected, "it says nothing of the key");
    assert!(refused.to_string().contains("too many connections"), "{refused}");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert!(store.query(Query::all(application.model_named("note").unwrap().id, 1)).await.is_ok());
}
