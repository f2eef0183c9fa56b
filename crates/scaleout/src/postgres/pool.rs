//! Connections for transactions, each for one at a time.

use super::connect::{Connector, reason};
use super::connection::Connection;
use super::session::Purpose;
use deadpool::Runtime;
use deadpool::managed::{
    self, Metrics, PoolConfig, PoolError, QueueMode, RecycleError, RecycleResult, Timeouts,
};
use mainstay_ports::StoreError;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::Error;

/// Makes connections for the pool.
pub(crate) struct Maker(pub(crate) Arc<Connector>);

impl managed::Manager for Maker {
    type Type = Connection;
    type Error = Error;

    async fn create(&self) -> Result<Connection, Error> {
        self.0.connect(Purpose::Write).await
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<Error> {
        if connection.is_closed() {
            return Err(RecycleError::message("it is closed"));
        }
        Ok(())
    }
}

/// The pool. What waits for a connection is served in the order of arrival.
pub(crate) type Pool = managed::Pool<Maker>;
/// A connection of the pool, which goes back when it is dropped. It has to be taken out of the pool when its transaction may still be open.
pub(crate) type Pooled = managed::Object<Maker>;

/// Makes a pool. No connection is made yet.
pub(crate) fn pool(connector: Arc<Connector>, size: usize, wait: Duration) -> Result<Pool, String> {
    let timeouts = Timeouts { wait: Some(wait), create: Some(wait), recycle: Some(wait) };
    // The one that was used last has its statements prepared and its memory warm.
    let config = PoolConfig { max_size: size, timeouts, queue_mode: QueueMode::Lifo };
    let built = Pool::builder(Maker(connector)).config(config).runtime(Runtime::Tokio1).build();
    built.map_err(|error| error.to_string())
}

/// A connection, when one is free or can be made in time.
pub(crate) async fn take(pool: &Pool) -> Result<Pooled, StoreError> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => StoreError::Unreachable(format!("PostgreSQL: {}", reason(&error))),
        PoolError::Timeout(managed::TimeoutType::Wait) => StoreError::Busy,
        other => StoreError::Unreachable(format!("PostgreSQL: {other}")),
    })
}
