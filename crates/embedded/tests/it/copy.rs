//! Copies that are made row by row, and data that went elsewhere.

use crate::project::{all, create, notes, open};
use mainstay_embedded::copy::{Moved, Source, Target, take_back};
use mainstay_embedded::{OpenError, SqliteStore, backup};
use mainstay_expr::Vars;
use mainstay_model::Application;
use mainstay_ports::conformance::everything::{self, MODEL};
use mainstay_ports::{Authority, Changes, Delete, Position, Step, Store, StoreError, Transaction};
use std::path::Path;
use std::time::Duration;

async fn transact(store: &SqliteStore, step: Step) -> Position {
    let vars = Vars { now: 1, ..Vars::default() };
    store.transact(Transaction::new(Authority::System, vars, "request", vec![step])).await.unwrap().position
}

async fn fill(store: &SqliteStore, application: &Application) {
    for number in 0..5 {
        transact(store, everything::create(application, number)).await;
    }
    transact(store, delete_first(store, application).await).await;
}

async fn delete_first(store: &SqliteStore, application: &Application) -> Step {
    let model = application.model_named(MODEL).unwrap().id;
    let id = all(store, application, MODEL).await.rows[0].record.id();
    Step::Delete(Delete { model, id, if_version: None })
}

/// Copies a database row by row, two at a time.
fn copy(from: &Path, to: &Path) {
    std::fs::File::create(to).unwrap();
    let source = Source::open(from).unwrap();
    let target = Target::create(to, source.schema(), source.position().epoch).unwrap();
    for table in &source.schema().tables {
        let mut after = None;
        loop {
            let rows = source.rows(table, after, 2).unwrap();
            let Some(last) = rows.last() else { break };
            after = last[0].as_uuid();
            target.add(table, &rows).unwrap();
        }
    }
    let start = source.feed_start().unwrap();
    let changes = source.changes(start.offset, 1_000).unwrap();
    target.append(&changes).unwrap();
    target.finish(start, (source.position(), source.feed_bytes())).unwrap();
}

#[tokio::test]
async fn a_copy_made_of_rows_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (path, copied) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let application = everything::application();
    let store = open(&application, &path).unwrap();
    let start = store.position().await.unwrap();
    fill(&store, &application).await;
    // The first two changes were forgotten.
    store.trim_feed(0, 3_500).await.unwrap();
    copy(&path, &copied);
    assert_eq!(backup::verify(&copied).unwrap(), backup::verify(&path).unwrap());
    let (one, other) = (Source::open(&path).unwrap(), Source::open(&copied).unwrap());
    for table in &one.schema().tables {
        let rows = one.rows(table, None, 100).unwrap();
        assert_eq!(rows, other.rows(table, None, 100).unwrap(), "{}", table.name);
        for row in rows {
            assert_eq!(other.row(table, row[0].as_uuid().unwrap()).unwrap(), Some(row));
        }
    }
    assert_eq!(one.feed_start().unwrap(), other.feed_start().unwrap());
    assert!(one.feed_start().unwrap().offset > 0, "nothing was forgotten");
    assert_eq!(one.feed_bytes(), other.feed_bytes());
    drop(other);

    let made = open(&application, &copied).unwrap();
    assert_eq!(all(&made, &application, MODEL).await.rows, all(&store, &application, MODEL).await.rows);
    let end = store.position().await.unwrap();
    assert_eq!(made.position().await.unwrap(), end);
    assert!(matches!(made.changes(start, 10).await.unwrap(), Changes::Reset { .. }));
    // It goes on where the other ended, under the same rules.
    let next = transact(&made, delete_first(&made, &application).await).await;
    assert_eq!(next, Position { offset: end.offset + 1, ..end });
}

#[tokio::test]
async fn a_source_stays_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let application = notes("text = \"string\"");
    let store = open(&application, &path).unwrap();
    create(&store, &application, &[("text", "before")]).await.unwrap();
    let source = Source::open(&path).unwrap();
    create(&store, &application, &[("text", "after")]).await.unwrap();
    let table = source.schema().tables.iter().find(|table| table.name == "note").unwrap();
    assert_eq!(source.rows(table, None, 10).unwrap().len(), 1);
    assert_eq!(source.changes(0, 10).unwrap().len(), 1);
    assert_eq!(source.position().offset, 1);
}

#[tokio::test]
async fn writes_wait_while_they_are_stopped_and_go_on_when_nobody_moved() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let application = notes("text = \"string\"");
    let store = open(&application, &path).unwrap();
    let stopped = Source::stop_writes(&path).unwrap();
    let mut write = Box::pin(create(&store, &application, &[("text", "later")]));
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut write).await.is_err(), "it was written");
    drop(stopped);
    write.await.unwrap();
    assert_eq!(all(&store, &application, "note").await.count, Some(1));
}

#[tokio::test]
async fn nothing_is_written_where_the_data_have_left() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.db");
    let application = notes("text = \"string\"");
    let store = open(&application, &path).unwrap();
    create(&store, &application, &[("text", "before")]).await.unwrap();
    let note = Moved { at: 5, to: "db.example.org:5432/shop".to_owned() };
    Source::stop_writes(&path).unwrap().mark(&note).unwrap();
    for _ in 0..2 {
        let refused = create(&store, &application, &[("text", "lost")]).await.unwrap_err();
        assert!(matches!(&refused, StoreError::Moved(to) if *to == note.to), "{refused}");
        assert!(matches!(store.writable().await, Err(StoreError::Moved(_))));
    }
    assert_eq!(all(&store, &application, "note").await.count, Some(1), "reads go on");
    assert!(matches!(take_back(&path), Err(OpenError::InUse { .. })));
    drop(store);

    let refused = open(&application, &path).err().unwrap();
    assert!(matches!(&refused, OpenError::Moved { to } if *to == note.to), "{refused}");
    assert_eq!(Source::open(&path).unwrap().moved().unwrap(), Some(note.clone()));
    assert_eq!(take_back(&path).unwrap(), Some(note));
    let store = open(&application, &path).unwrap();
    create(&store, &application, &[("text", "after")]).await.unwrap();
}
