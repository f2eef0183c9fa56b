//! A connection with the statements that it has prepared.

use super::value::Bound;
use lru::LruCache;
use mainstay_expr::Value;
use std::borrow::Borrow;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use tokio::task::AbortHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

/// Prepared statements that a connection keeps. Filters of clients have many texts; the least used make room.
const CACHED_STATEMENTS: NonZeroUsize = NonZeroUsize::new(256).expect("it is not zero");

/// A connection. Requests that are made before others are answered go out together, and are answered in their order.
pub(crate) struct Connection {
    pub(crate) client: Client,
    driver: AbortHandle,
    statements: Mutex<LruCache<Box<str>, Statement>>,
}

impl Connection {
    pub(crate) fn new(client: Client, driver: AbortHandle) -> Self {
        Connection { client, driver, statements: Mutex::new(LruCache::new(CACHED_STATEMENTS)) }
    }

    /// Breaks it. Who waits for an answer is told, and can ask on another one.
    pub(crate) fn abort(&self) {
        self.driver.abort();
    }

    /// Whether it has broken.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// The prepared statement of a text: a round trip the first time.
    pub(crate) async fn prepare(&self, text: &str) -> Result<Statement, Error> {
        if let Some(known) = self.known(text) {
            return Ok(known);
        }
        let statement = self.client.prepare(text).await?;
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        statements.put(text.into(), statement.clone());
        Ok(statement)
    }

    fn known(&self, text: &str) -> Option<Statement> {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(text).cloned()
    }

    /// Forgets what was prepared: the tables are not what they were.
    pub(crate) fn forget_statements(&self) {
        self.statements.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Runs a statement with these values, and answers its rows.
    pub(crate) async fn query<V: Borrow<Value>>(
        &self,
        text: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Vec<Row>, Error> {
        let statement = self.prepare(text).await?;
        let values: Vec<V> = values.into_iter().collect();
        let bound: Vec<Bound<'_>> = values.iter().map(|value| Bound(value.borrow())).collect();
        self.run(&statement, &params(&bound)).await
    }

    /// Runs a prepared statement. It is sent when this is first polled.
    pub(crate) async fn run(
        &self,
        statement: &Statement,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Error> {
        self.client.query(statement, params).await
    }
}

/// Values in the form that the driver takes.
pub(crate) fn params<'a>(bound: &'a [Bound<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    bound.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}
