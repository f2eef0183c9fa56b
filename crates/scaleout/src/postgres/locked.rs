//! Tables that somebody has locked, and how nobody waits for them with a connection in hand.
//!
//! A statement on a table that is locked as a whole, by `LOCK TABLE` or by the `ALTER TABLE` of somebody else, waits; with it waits whatever shares its connection or its
//! group, and soon all connections wait for one table. So statements wait for locks only shortly. The first one that gives up has the listening connection ask
//! the server which tables are locked, and as long as there are any, who needs one of them waits here, holding nothing.

use super::connection::Connection;
use super::reach::Reach;
use super::session::LOCK_TIMEOUT;
use mainstay_expr::ModelId;
use mainstay_model::Application;
use mainstay_ports::{StoreError, Transaction};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tokio_postgres::Error;

/// How long the answer is waited for. Without one, nothing is known to be locked.
const ANSWER: Duration = Duration::from_secs(1);

/// The tables that are locked, or that somebody waits to lock, against writes, and whether against reads too. Those who come behind one who waits wait as well.
const SELECT: &str = r#"
    SELECT c.relname::text, bool_or(l.mode = 'AccessExclusiveLock')
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
    WHERE l.locktype = 'relation' AND c.relkind = 'r' AND pg_table_is_visible(c.oid)
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
    GROUP BY 1"#;

/// What is known of locked tables.
pub(crate) struct Locked {
    application: Arc<Application>,
    reach: Reach,
    tables: watch::Sender<Tables>,
    /// Whether the server is to be asked: somebody has waited in vain, or there were some the last time.
    is_suspected: AtomicBool,
    bell: Notify,
}

/// The tables that are locked.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    /// Those that cannot be written.
    writes: Vec<ModelId>,
    /// Those of them that cannot be read either.
    reads: Vec<ModelId>,
}

impl Locked {
    pub(crate) fn new(application: Arc<Application>) -> Self {
        let reach = Reach::of(&application);
        let (tables, is_suspected) = (watch::Sender::default(), AtomicBool::new(false));
        Locked { application, reach, tables, is_suspected, bell: Notify::new() }
    }

    /// Waits until none of these models is locked against reading.
    pub(crate) async fn until_readable(
        &self,
        models: impl FnOnce() -> Vec<ModelId>,
    ) -> Result<(), StoreError> {
        self.until(models, |tables| &tables.reads).await
    }

    /// Waits until nothing is locked that a transaction needs.
    pub(crate) async fn until_writable(&self, transaction: &Transaction) -> Result<(), StoreError> {
        self.until(|| self.reach.of_transaction(transaction), |tables| &tables.writes).await
    }

    async fn until(
        &self,
        models: impl FnOnce() -> Vec<ModelId>,
        of: impl Fn(&Tables) -> &Vec<ModelId>,
    ) -> Result<(), StoreError> {
        if of(&self.tables.borrow()).is_empty() {
            return Ok(());
        }
        let (models, mut seen) = (models(), self.tables.subscribe());
        let are_free = |tables: &Tables| !models.iter().any(|model| of(tables).contains(model));
        match timeout(LOCK_TIMEOUT, seen.wait_for(are_free)).await {
            Ok(_) => Ok(()),
            Err(_) => Err(StoreError::Busy),
        }
    }

    /// Has the server asked, after a lock was waited for in vain, and waits for what it says.
    pub(crate) async fn look(&self) {
        let mut seen = self.tables.subscribe();
        self.is_suspected.store(true, Relaxed);
        self.bell.notify_one();
        // Whoever goes on without the answer waits in vain once more.
        let _ = timeout(ANSWER, seen.changed()).await;
    }

    /// Resolves when the server is to be asked at once.
    pub(crate) async fn suspected(&self) {
        self.bell.notified().await;
    }

    /// Asks the server, if that is called for.
    pub(crate) async fn ask(&self, connection: &Connection) -> Result<(), Error> {
        if !self.is_suspected.load(Relaxed) {
            return Ok(());
        }
        let select = connection.prepare(SELECT).await?;
        let mut found = Tables::default();
        for row in connection.client.query(&select, &[]).await? {
            let Some(model) = self.application.model_named(row.try_get(0)?) else { continue };
            found.writes.push(model.id);
            if row.try_get(1)? {
                found.reads.push(model.id);
            }
        }
        self.is_suspected.store(!found.writes.is_empty(), Relaxed);
        self.note(found);
        Ok(())
    }

    fn note(&self, found: Tables) {
        let before = self.tables.send_replace(found);
        let now = &self.tables.borrow().writes;
        if before.writes != *now {
            let name = |model: &ModelId| self.application.model(*model).name.as_str();
            let tables = now.iter().map(name).collect::<Vec<_>>().join(", ");
            match now.is_empty() {
                true => tracing::info!("no table is locked any more"),
                false => tracing::warn!(tables, "somebody has locked tables: who needs them waits"),
            }
        }
    }
}
