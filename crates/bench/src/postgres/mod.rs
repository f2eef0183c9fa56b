//! PostgreSQL as the program's engine, and `pgbench` as its limit.
//!
//! The server is a private one, as it comes and durable, and its data are on the disk that was chosen. What `pgbench` runs is written down
//! from what the program sends: the server logs the statements of one request.

mod bulk;
mod limits;
mod log;
mod record;
mod script;

pub(crate) use limits::{Pgbench, Work};
pub(crate) use record::{Recorded, record};

use mainstay_services::postgres::{Database, Server, Setup};
use std::path::Path;

/// The server, and the program's database in it. It stops, and its files go, when this is dropped.
pub(crate) struct Postgres {
    // Dropped first, while the server still runs.
    database: Database,
    server: Server,
}

impl Postgres {
    /// Starts a server whose files are in a folder of its own within this one.
    pub(crate) fn start(folder: &Path) -> Result<Self, String> {
        let setup = Setup::durable().within(folder).set("log_line_prefix", log::PREFIX);
        let hint =
            |reason| format!("{reason}\n`--folder` chooses another folder; PostgreSQL's user must get there");
        let server = Server::start(&setup).map_err(hint)?;
        Ok(Postgres { database: server.database(), server })
    }

    /// The program's database, with whom and where.
    pub(crate) fn url(&self) -> String {
        self.database.url()
    }

    /// The process whose children serve the connections.
    pub(crate) fn pid(&self) -> Result<u32, String> {
        self.server.id().ok_or_else(|| "PostgreSQL does not run".to_owned())
    }

    /// A hash that the program made of a password.
    pub(crate) fn hash(&self) -> String {
        self.database.sql(r#"SELECT "hash" FROM "_credential" LIMIT 1"#)
    }

    /// Puts this many messages into the room, all of them older than those that are there, and clears up behind all that was filled in, as
    /// the server would do by itself at some time. Answers the id of one in `stride`.
    pub(crate) fn fill(&self, count: u64, stride: u64) -> Result<Vec<String>, String> {
        let ids = if count > 0 { bulk::insert(&self.database, count, stride)? } else { Vec::new() };
        self.database.sql("VACUUM (ANALYZE)");
        self.database.sql("CHECKPOINT");
        Ok(ids)
    }

    /// Copies the database, to which nobody may be connected, for `pgbench`.
    pub(crate) fn limits(&self, recorded: Recorded) -> Result<Pgbench, String> {
        Pgbench::prepare(self.database.copy(), self.pid()?, recorded)
    }
}
