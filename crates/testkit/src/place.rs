//! Tests that run over more than one store.

use crate::MemoryStore;
use crate::clocked::ClockedStore;
use mainstay_model::{Application, Durability, ServiceUrl};
use mainstay_ports::{Clock, Store};
use mainstay_scaleout::postgres::{Options, PostgresStore};
use mainstay_services::postgres::{Database, Server};
use std::sync::{Arc, OnceLock};
use tokio::runtime::Runtime;

/// Where a test keeps its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a [`MemoryStore`].
    Memory,
    /// In an empty database of [`Server::shared`].
    Postgres,
}

/// A store, and the database that is dropped behind it.
#[derive(Clone)]
pub struct Placed {
    /// The store.
    pub store: Arc<dyn Store>,
    _database: Option<Arc<Database>>,
}

impl Place {
    /// The place of a program of tests, of which there are two over one folder: `env!("CARGO_CRATE_NAME")` of one ends with `_postgres`.
    pub fn of(program: &str) -> Place {
        if program.ends_with("_postgres") { Place::Postgres } else { Place::Memory }
    }

    /// Opens an empty store, which goes by this clock. Panics with what is missing.
    pub fn open(self, application: Arc<Application>, clock: Arc<dyn Clock>) -> Placed {
        match self {
            Place::Memory => Placed { store: Arc::new(MemoryStore::new(application)), _database: None },
            Place::Postgres => open_postgres(application, clock),
        }
    }

    /// As [`Place::open`], of a store to which other nodes write too. That of PostgreSQL always is one.
    pub fn open_shared(self, application: Arc<Application>, clock: Arc<dyn Clock>) -> Placed {
        match self {
            Place::Memory => {
                let store = Arc::new(MemoryStore::shared(application, clock));
                Placed { store, _database: None }
            }
            Place::Postgres => open_postgres(application, clock),
        }
    }
}

/// Opened on threads of its own: whoever calls may be within a runtime, and may not wait there.
fn open_postgres(application: Arc<Application>, clock: Arc<dyn Clock>) -> Placed {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| Runtime::new().expect("there are threads"));
    let database = Server::shared().database();
    let options = options(database.url());
    let open = || runtime.block_on(PostgresStore::open(application, &options));
    let opened = std::thread::scope(|scope| scope.spawn(open).join());
    let store = opened.expect("opening does not panic").unwrap_or_else(|error| panic!("{error}"));
    let store = Arc::new(ClockedStore { inner: Arc::new(store), clock });
    Placed { store, _database: Some(Arc::new(database)) }
}

fn options(url: String) -> Options {
    Options {
        url: ServiceUrl::new(url),
        replicas: Vec::new(),
        replica_lag_ms: 0,
        durability: Durability::Full,
        readers: 2,
        writers: 4,
        write_queue: 1_000,
        query_timeout_ms: 5_000,
        connect_timeout_ms: 10_000,
    }
}
