//! The suite that every store must pass.

use mainstay_embedded::{Options, SqliteStore};
use mainstay_model::{Application, Durability};
use mainstay_ports::conformance::Opened;
use std::sync::Arc;

mainstay_ports::store_conformance_suite!(open);

fn open(application: Arc<Application>) -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        path: folder.path().join("test.db"),
        durability: Durability::Full,
        readers: 2,
        write_queue: 1_000,
        query_timeout_ms: 5_000,
    };
    let store = SqliteStore::open(application, &options).unwrap_or_else(|error| panic!("{error}"));
    Opened { store: Arc::new(store), guard: Box::new(folder) }
}
