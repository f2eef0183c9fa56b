//! Stores over databases of their own.

use mainstay_model::{Application, DatabaseUrl, Durability};
use mainstay_scaleout::postgres::{Options, PostgresStore};
use std::sync::Arc;
use tokio::runtime::Handle;

/// What stores of tests are opened with.
pub(crate) fn options(url: impl Into<String>) -> Options {
    Options {
        url: DatabaseUrl::new(url),
        durability: Durability::Full,
        readers: 4,
        writers: 8,
        write_queue: 1_000,
        query_timeout_ms: 5_000,
        connect_timeout_ms: 10_000,
    }
}

/// Opens a store from within a runtime's worker.
pub(crate) fn open(application: Arc<Application>, options: &Options) -> PostgresStore {
    let opened =
        tokio::task::block_in_place(|| Handle::current().block_on(PostgresStore::open(application, options)));
    opened.unwrap_or_else(|error| panic!("{error}"))
}
