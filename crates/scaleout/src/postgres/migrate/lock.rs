//! One node makes or migrates the database at a time.

use crate::postgres::OpenError;
use std::time::{Duration, Instant};
use tokio_postgres::Client;

/// The lock under which a database is made or migrated: nodes that start at once do it one after the other.
const KEY: i64 = 0x4d4e_5354_0000_0001;
/// How long to wait for another node. An index of a large table can take that long.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How long between two looks.
const INTERVAL: Duration = Duration::from_millis(100);

/// The lock. It goes with the connection at the latest.
pub(crate) struct MigrationLock;

impl MigrationLock {
    /// Takes it, and waits until the one who has it is done.
    ///
    /// By asking again and again: who waits within a statement keeps a snapshot, and the one who has the lock may be making an index, which
    /// waits for every snapshot to go.
    pub(crate) async fn take(client: &Client) -> Result<Self, OpenError> {
        let since = Instant::now();
        while !MigrationLock::try_take(client).await? {
            if since.elapsed() > PATIENCE {
                return Err(OpenError::Failed(
                    "another node is migrating the database, and does not end".to_owned(),
                ));
            }
            tokio::time::sleep(INTERVAL).await;
        }
        Ok(MigrationLock)
    }

    async fn try_take(client: &Client) -> Result<bool, OpenError> {
        Ok(client.query_one("SELECT pg_try_advisory_lock($1)", &[&KEY]).await?.get(0))
    }

    /// Gives it back.
    pub(crate) async fn release(self, client: &Client) {
        // A connection that cannot say so any more has lost it already.
        let _ = client.execute("SELECT pg_advisory_unlock($1)", &[&KEY]).await;
    }
}
