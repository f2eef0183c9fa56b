//! Tables that somebody locks by hand.

use crate::load::load;
use crate::support::{create, open, options};
use mainstay_model::{Application, Project};
use mainstay_ports::{Query, Store, StoreError};
use mainstay_scaleout::postgres::PostgresStore;
use mainstay_services::postgres::{Database, Server};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// A node with folders, pages that point to them, and memos that have nothing to do with either.
fn node() -> (Arc<PostgresStore>, Arc<Application>, Database) {
    let rules = "[allow]\nread = \"true\"\n";
    let text = "[fields]\ntext = \"string\"\n";
    let page = format!("{text}folder = {{ type = \"ref\", model = \"folder\", optional = true }}\n{rules}");
    let (folder, memo) = (format!("{text}{rules}"), format!("{text}{rules}"));
    let files = [
        ("mainstay.toml", ""),
        ("models/folder.toml", &folder),
        ("models/page.toml", &page),
        ("models/memo.toml", &memo),
    ];
    let loaded = Project::load_from(&files).unwrap_or_else(|faults| panic!("{}", faults.render(false)));
    let (application, database) = (Arc::new(loaded.application), Server::shared().database());
    let store = Arc::new(open(application.clone(), &options(database.url())));
    (store, application, database)
}

/// Locks a table for so long, as somebody with `psql` does, and answers when it is locked.
async fn lock(database: &Database, table: &str, mode: &str, time: Duration) -> JoinHandle<()> {
    let (client, connection) = tokio_postgres::connect(&database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(&format!("BEGIN; LOCK TABLE {table} IN {mode} MODE")).await.unwrap();
    tokio::spawn(async move {
        tokio::time::sleep(time).await;
        client.batch_execute("COMMIT").await.unwrap();
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_needs_another_table_is_served_while_one_is_locked() {
    let (store, application, database) = node();
    // Each statement is prepared, so that it is the tables that are waited for.
    for model in ["folder", "page", "memo"] {
        load(&store, &application, model, 8, Duration::from_millis(200)).await;
    }
    let time = Duration::from_secs(3);
    let locked = lock(&database, "folder", "ACCESS EXCLUSIVE", time).await;
    let of = |model| load(&store, &application, model, 24, time);
    let (folders, pages, memos) = tokio::join!(of("folder"), of("page"), of("memo"));
    locked.await.unwrap();
    assert!(memos.failed.is_empty() && memos.slowest < Duration::from_secs(2), "{memos:#?}");
    assert!(memos.done > 300, "{memos:#?}");
    // Those who need it are served as soon as it is there again; nobody is told anything else.
    for waited in [&folders, &pages] {
        assert!(waited.failed.is_empty() && waited.done >= 24, "{waited:#?}");
        assert!(waited.slowest >= Duration::from_secs(2), "{waited:#?}");
    }
    let after = load(&store, &application, "folder", 8, Duration::from_millis(200)).await;
    assert!(after.failed.is_empty() && after.slowest < Duration::from_secs(1), "{after:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_only_writes_are_locked_out_of_is_read() {
    let (store, application, database) = node();
    let folder = application.model_named("folder").unwrap().id;
    let locked = lock(&database, "folder", "SHARE", Duration::from_secs(2)).await;
    let started = Instant::now();
    let written = store.transact(create(&application, "folder", Uuid::now_v7()));
    let reading = async {
        while started.elapsed() < Duration::from_millis(1_500) {
            let asked = Instant::now();
            store.query(Query::all(folder, 1)).await.unwrap();
            assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
        }
    };
    let (written, ()) = tokio::join!(written, reading);
    written.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(2) - Duration::from_millis(100));
    locked.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_too_long_is_told_to_come_back() {
    let (store, application, database) = node();
    let folder = application.model_named("folder").unwrap().id;
    let locked = lock(&database, "folder", "ACCESS EXCLUSIVE", Duration::from_secs(12)).await;
    for _ in 0..2 {
        let started = Instant::now();
        let (written, read) = tokio::join!(
            store.transact(create(&application, "folder", Uuid::now_v7())),
            store.query(Query::all(folder, 1))
        );
        assert!(matches!(written, Err(StoreError::Busy)), "{written:?}");
        assert!(matches!(read, Err(StoreError::Busy)), "{read:?}");
        assert!(started.elapsed() < Duration::from_secs(9), "{:?}", started.elapsed());
    }
    locked.abort();
}
