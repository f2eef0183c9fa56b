//! Where the program keeps its data, and the copy of them that the limits work on.

use crate::bare::Worker;
use crate::bulk;
use crate::options::{Engine, Options};
use crate::postgres::{Pgbench, Postgres, Recorded, record};
use crate::program;
use crate::scene::Scene;
use rusqlite::Connection;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where the program keeps its data.
pub(crate) enum Data {
    /// In a file, which the program makes in a folder of this one.
    Sqlite(PathBuf),
    /// In a server that was started for it.
    Postgres(Postgres),
}

/// The limits that work on a copy of the data.
pub(crate) struct Limits {
    /// Bare SQLite, where the data are there, and bare argon2id.
    pub(crate) worker: Worker,
    /// `pgbench`, where the data are in PostgreSQL.
    pub(crate) pgbench: Option<Pgbench>,
}

impl Data {
    /// What the program is to be started on. Its own files are in `folder`.
    pub(crate) fn open(options: &Options, folder: &Path) -> Result<Self, String> {
        match options.engine {
            Engine::Sqlite => Ok(Data::Sqlite(folder.to_owned())),
            Engine::Postgres => Postgres::start(&options.folder).map(Data::Postgres),
        }
    }

    /// Where the program finds its database, if that is not in its own folder.
    pub(crate) fn url(&self) -> Option<String> {
        match self {
            Data::Sqlite(_) => None,
            Data::Postgres(postgres) => Some(postgres.url()),
        }
    }

    /// The process of the database server, if there is one.
    pub(crate) fn pid(&self) -> Result<Option<u32>, String> {
        match self {
            Data::Sqlite(_) => Ok(None),
            Data::Postgres(postgres) => postgres.pid().map(Some),
        }
    }

    /// What the program, which runs and has been filled, sends for a request, where that can be seen.
    pub(crate) async fn record(
        &self,
        address: SocketAddr,
        scene: &Scene,
    ) -> Result<Option<Recorded>, String> {
        match self {
            Data::Sqlite(_) => Ok(None),
            Data::Postgres(postgres) => record(postgres, address, scene).await.map(Some),
        }
    }

    /// Puts so many older messages in, while the program does not run. Answers the id of one in `stride`.
    pub(crate) fn fill(&self, count: u64, stride: u64) -> Result<Vec<String>, String> {
        match self {
            Data::Sqlite(_) if count == 0 => Ok(Vec::new()),
            Data::Sqlite(folder) => bulk::insert(&sqlite(folder), count, stride),
            Data::Postgres(postgres) => postgres.fill(count, stride),
        }
    }

    /// Copies the data, while the program does not run, and starts the limits.
    pub(crate) fn limits(&self, recorded: Option<Recorded>) -> Result<Limits, String> {
        match self {
            Data::Sqlite(folder) => {
                let (database, copy) = (sqlite(folder), folder.join("limits.db"));
                std::fs::copy(&database, &copy).map_err(|error| format!("{}: {error}", copy.display()))?;
                let worker = Worker::start(&sqlite_hash(&database)?, Some(&copy))?;
                Ok(Limits { worker, pgbench: None })
            }
            Data::Postgres(postgres) => Ok(Limits {
                worker: Worker::start(&postgres.hash(), None)?,
                pgbench: recorded.map(|recorded| postgres.limits(recorded)).transpose()?,
            }),
        }
    }
}

fn sqlite(folder: &Path) -> PathBuf {
    program::data(folder).join("mainstay.db")
}

/// A hash that the program made of a password.
fn sqlite_hash(database: &Path) -> Result<String, String> {
    let failed = |error: rusqlite::Error| format!("{}: {error}", database.display());
    let connection = Connection::open(database).map_err(failed)?;
    connection.query_row("SELECT hash FROM _credential LIMIT 1", [], |row| row.get(0)).map_err(failed)
}
