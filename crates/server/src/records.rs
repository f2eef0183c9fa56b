//! The store of a project, by the engine that its settings name.

use crate::failure::Failure;
use crate::project::Opened;
use crate::schema_change;
use mainstay_embedded::SqliteStore;
use mainstay_model::Engine;
use mainstay_ports::{Clock, Store, SystemClock, Wake};
#[cfg(feature = "postgres")]
use mainstay_scaleout::postgres::PostgresStore;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Runtime;

/// An open store, of which the program shows more than what the port has.
#[derive(Clone)]
pub(crate) enum Records {
    /// In a file of the data folder.
    Sqlite(Arc<SqliteStore>),
    /// On a server.
    #[cfg(feature = "postgres")]
    Postgres(Arc<PostgresStore>),
}

impl Records {
    /// Opens the store of a project, or makes it.
    pub(crate) fn open(project: &Opened, folder: &Path, runtime: &Runtime) -> Result<Self, Failure> {
        match project.application.config.data.engine {
            Engine::Sqlite => open_sqlite(project, folder),
            Engine::Postgres => open_postgres(project, runtime),
        }
    }

    /// The store.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match self {
            Records::Sqlite(store) => store.clone(),
            #[cfg(feature = "postgres")]
            Records::Postgres(store) => store.clone(),
        }
    }

    /// What tells the time: this machine, or the server, which tells all nodes the same.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        match self {
            Records::Sqlite(_) => Arc::new(SystemClock),
            #[cfg(feature = "postgres")]
            Records::Postgres(store) => store.clock(),
        }
    }

    /// What the nodes tell each other by; `None` where there is one alone.
    pub(crate) fn wake(&self) -> Option<Arc<dyn Wake>> {
        match self {
            Records::Sqlite(_) => None,
            #[cfg(feature = "postgres")]
            Records::Postgres(store) => Some(store.wake()),
        }
    }

    /// What it is called and where it is, for people.
    pub(crate) fn place(&self, folder: &Path) -> String {
        match self {
            Records::Sqlite(_) => format!("{} (SQLite", folder.display()),
            #[cfg(feature = "postgres")]
            Records::Postgres(store) => format!("{} (PostgreSQL", store.place()),
        }
    }

    /// The number of the last change in the feed, as far as this process knows.
    pub(crate) fn feed_end(&self) -> u64 {
        self.store().heard().offset
    }
}

/// The database file of a data folder.
pub(crate) fn database(folder: &Path) -> PathBuf {
    folder.join("mainstay.db")
}

fn open_sqlite(project: &Opened, folder: &Path) -> Result<Records, Failure> {
    let config = &project.application.config;
    let options = mainstay_embedded::Options {
        path: database(folder),
        durability: config.data.durability,
        readers: config.data.readers,
        write_queue: config.limits.write_queue,
        query_timeout_ms: config.limits.query_timeout_ms,
    };
    let store = SqliteStore::open(project.application.clone(), &options);
    let store = store.map_err(|error| schema_change::refused(error, &project.folder))?;
    Ok(Records::Sqlite(Arc::new(store)))
}

#[cfg(feature = "postgres")]
fn open_postgres(project: &Opened, runtime: &Runtime) -> Result<Records, Failure> {
    let options = crate::postgres::options(project)?;
    let store = runtime.block_on(PostgresStore::open(project.application.clone(), &options));
    let store = store.map_err(|error| crate::postgres::refused(error, &project.folder))?;
    Ok(Records::Postgres(Arc::new(store)))
}

#[cfg(not(feature = "postgres"))]
fn open_postgres(_: &Opened, _: &Runtime) -> Result<Records, Failure> {
    Err(engine_missing())
}

/// That this program knows no PostgreSQL.
#[cfg(not(feature = "postgres"))]
pub(crate) fn engine_missing() -> Failure {
    Failure::new(
        "engine_missing",
        "this is about records in PostgreSQL, which this program was built without",
    )
    .hint("build it with `cargo build --release --package mainstay --features postgres`")
}

/// Refuses what is about the file of a SQLite database, where there is none.
pub(crate) fn require_sqlite(project: &Opened, what: &str) -> Result<(), Failure> {
    match project.application.config.data.engine {
        Engine::Sqlite => Ok(()),
        Engine::Postgres => Err(Failure::new(
            "engine_unfit",
            format!("{what} is for projects that keep their records in SQLite"),
        )),
    }
}
