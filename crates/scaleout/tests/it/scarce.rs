//! Nodes that get fewer connections than they want.

use crate::load::load;
use crate::support::{application, create, open, options};
use mainstay_model::Application;
use mainstay_ports::{Keyring, Query, Store, StoreError};
use mainstay_scaleout::postgres::{Options, PostgresStore};
use mainstay_services::postgres::{Database, Server};
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

/// Everybody is answered by what they asked for, and soon.
async fn serves_all(store: &Arc<PostgresStore>, application: &Arc<Application>) {
    let told = load(store, application, "note", 64, Duration::from_secs(1)).await;
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
        load(&store, &application, "note", 64, Duration::from_secs(1)).await;
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
    let refused = store.transact(create(&application, "note", Uuid::now_v7())).await;
    assert!(matches!(refused, Err(StoreError::Unreachable(_))), "{refused:?}");
    let refused = store.keyring(None).secret("cursor", 32).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NotConnected, "it says nothing of the key");
    assert!(refused.to_string().contains("too many connections"), "{refused}");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert!(store.query(Query::all(application.model_named("note").unwrap().id, 1)).await.is_ok());
}
