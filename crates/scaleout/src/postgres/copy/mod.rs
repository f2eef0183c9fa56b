//! Whole databases, row by row: what is read of one as of a moment, and one that is filled with rows that came from elsewhere.
//!
//! A database that is being filled says so in `_mainstay_meta`, and no node opens it until it is whole.

mod aside;
mod keys;
mod read;
mod state;
mod write;

pub use read::{Ends, Snapshot};
pub use state::{Stage, State};

use super::OpenError;
use super::connect::{Connector, reason};
use super::open::require_fit;
use super::room::Room;
use super::session::{Purpose, SessionOptions};
use super::target::Target;
use mainstay_model::{Durability, ServiceUrl};
use std::time::Duration;
use tokio_postgres::Client;

pub(crate) use state::{KEY, require_whole};

/// The lock of whoever fills a database: one at a time.
const FILL_LOCK: i64 = 0x4d4e_5354_0000_0004;
/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection to a database that is copied or filled.
pub struct Database {
    pub(super) client: Client,
    name: String,
}

impl Database {
    /// Connects to a database, which may be empty. Within a runtime, whose threads then serve the connection.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn connect(url: &ServiceUrl) -> Result<Self, OpenError> {
        let target = Target::parse(url, CONNECT_TIMEOUT).map_err(OpenError::BadUrl)?;
        let session = SessionOptions { query_timeout: CONNECT_TIMEOUT, durability: Durability::Full };
        let connected = Connector { target, session, room: Room::default() }.connect(Purpose::Copy).await;
        let client = connected.map_err(|error| OpenError::Unreachable(reason(&error)))?.client;
        require_fit(&client).await?;
        // So that it is told from a node, see `nodes`.
        client.batch_execute("SET application_name = 'mainstay copy'").await?;
        let name = "SELECT coalesce(host(inet_server_addr()), 'local') || ':' || \
            coalesce(inet_server_port(), current_setting('port')::int4) || '/' || current_database()";
        let name = client.query_one(name, &[]).await?.try_get(0)?;
        Ok(Database { client, name })
    }

    /// What it is called, for people: server, port and database, and no password.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sees that nobody else fills it as long as this is connected. `false` when somebody does.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn lock(&self) -> Result<bool, OpenError> {
        let row = self.client.query_one("SELECT pg_try_advisory_lock($1)", &[&FILL_LOCK]).await?;
        Ok(row.try_get(0)?)
    }

    /// How many connections of nodes there are to it.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn nodes(&self) -> Result<i64, OpenError> {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
            AND application_name = 'mainstay' AND pid <> pg_backend_pid()";
        Ok(self.client.query_one(count, &[]).await?.try_get(0)?)
    }
}
