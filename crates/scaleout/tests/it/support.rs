//! Stores over databases of their own.

use mainstay_expr::{Value, Vars};
use mainstay_model::{Application, Durability, Model, Project, ServiceUrl};
use mainstay_ports::{Authority, Create, Position, Receipt, Record, Step, Transaction};
use mainstay_scaleout::postgres::{Options, PostgresStore};
use std::sync::Arc;
use tokio::runtime::Handle;
use uuid::Uuid;

/// A project with notes.
pub(crate) fn application() -> Arc<Application> {
    let note = "[fields]\ntext = \"string\"\n[allow]\nread = \"true\"\n";
    let loaded = Project::load_from(&[("mainstay.toml", ""), ("models/note.toml", note)]);
    Arc::new(loaded.unwrap_or_else(|faults| panic!("{}", faults.render(false))).application)
}

/// What stores of tests are opened with.
pub(crate) fn options(url: impl Into<String>) -> Options {
    Options {
        url: ServiceUrl::new(url),
        replicas: Vec::new(),
        replica_lag_ms: 1_000,
        durability: Durability::Full,
        readers: 4,
        writers: 8,
        write_queue: 1_000,
        query_timeout_ms: 5_000,
        connect_timeout_ms: 10_000,
    }
}

/// A receipt with this id.
pub(crate) fn receipt(application: &Application, id: Uuid) -> Receipt {
    let model = application.model_named("_idempotency_key").unwrap();
    let field = |name| model.field_named(name).unwrap().id;
    let values = vec![(field("expires_at"), Value::Timestamp(1))];
    Receipt {
        create: Create { model: model.id, id, values, given: Vec::new() },
        answer_field: field("answer"),
        position_field: Some(field("position")),
        answer: Arc::new(|_| Ok(Value::Bytes(b"answer".to_vec()))),
    }
}

/// The position in the record of a receipt.
pub(crate) fn position(receipts: &Model, record: &Record) -> Position {
    let field = receipts.field_named("position").unwrap().id;
    let Value::Bytes(bytes) = record.get(field) else { panic!("a receipt has no position") };
    Position::from_bytes(bytes).unwrap()
}

/// Opens a store from within a runtime's worker.
pub(crate) fn open(application: Arc<Application>, options: &Options) -> PostgresStore {
    let opened =
        tokio::task::block_in_place(|| Handle::current().block_on(PostgresStore::open(application, options)));
    opened.unwrap_or_else(|error| panic!("{error}"))
}

/// Runs statements on a connection of their own, and waits until they are done.
pub(crate) fn sql(url: &str, statements: &str) {
    let connected = tokio_postgres::connect(url, tokio_postgres::NoTls);
    Handle::current().block_on(async {
        let (client, connection) = connected.await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(statements).await.unwrap();
    });
}

/// The transaction that makes a record of a model that has a text.
pub(crate) fn create(application: &Application, model: &str, id: Uuid) -> Transaction {
    let model = application.model_named(model).unwrap();
    let values = vec![(model.field_named("text").unwrap().id, Value::Text("x".to_owned()))];
    let create = Create { model: model.id, id, values, given: Vec::new() };
    Transaction::new(Authority::System, Vars::default(), "request", vec![Step::Create(create)])
}
