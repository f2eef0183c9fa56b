//! A store with faults does what each of them says, and nothing else.

use mainstay_expr::Vars;
use mainstay_model::Project;
use mainstay_ports::{Authority, Create, Query, Step, Store, StoreError, Transaction};
use mainstay_testkit::{Call, Fault, Faults, FaultyStore, MemoryStore};
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

const NOTE: &str = "[fields]\ntext = { type = \"string\", optional = true }\n";

/// Writes twice, with this fault at the first write. Checks its error, and how many records there are then.
async fn check(fault: Fault, expected: Option<&str>, records: usize) {
    let loaded = Project::load_from(&[("mainstay.toml", ""), ("models/note.toml", NOTE)]).unwrap();
    let application = Arc::new(loaded.application);
    let model = application.model_named("note").unwrap().id;
    let inner = Arc::new(MemoryStore::new(application));
    let store = FaultyStore::new(inner, Faults::seeded(0).nth(Call::Transact, 1, fault));
    let write = |id| {
        let create = Create { model, id: Uuid::from_u128(id), values: Vec::new(), given: Vec::new() };
        let steps = vec![Step::Create(create)];
        store.transact(Transaction::new(Authority::System, Vars::default(), "request", steps))
    };
    let error = write(1).await.err().map(|error: StoreError| error.to_string());
    assert_eq!(error.as_deref(), expected, "{fault:?}");
    write(2).await.unwrap();
    let page = store.query(Query::all(model, 10)).await.unwrap();
    assert_eq!(page.rows.len(), records, "{fault:?}");
}

#[tokio::test]
async fn a_fault_has_its_error_and_its_effect() {
    check(Fault::Busy, Some("too much is waiting"), 1).await;
    check(Fault::Timeout, Some("the query ran too long"), 1).await;
    check(Fault::DiskFull, Some("the disk is full"), 1).await;
    check(Fault::Failed, Some("fault"), 1).await;
    check(Fault::DiskFailed, Some("the disk failed: fault"), 1).await;
    check(Fault::Undone, Some("the outcome is not known: fault"), 1).await;
    check(Fault::AnswerLost, Some("the outcome is not known: fault"), 2).await;
}

#[tokio::test]
async fn a_delay_is_only_that() {
    let started = Instant::now();
    check(Fault::Delay(Duration::from_millis(20)), None, 2).await;
    check(Fault::DelayAnswer(Duration::from_millis(20)), None, 2).await;
    assert!(started.elapsed() >= Duration::from_millis(40));
}
