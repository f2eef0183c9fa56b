//! The port over PostgreSQL.

use super::clock::ServerClock;
use super::connect::{Connector, reason};
use super::connection::Connection;
use super::error::{UniqueKeys, store_error};
use super::feed::{self, Doorbell, End, Ends, Look};
use super::fit::Fit;
use super::group::{self, Lanes};
use super::keyring::PostgresKeyring;
use super::locked::Locked;
use super::master_key::MasterKey;
use super::measures::Measures;
use super::open::{self, OpenError};
use super::options::Options;
use super::pool::Pool;
use super::query::{self, Asked};
use super::readers::{Readers, Weight};
use super::replicas::{Followed, Replicas};
use super::rows::{RowStatements, Shared};
use super::session::{LOCK_TIMEOUT, Purpose};
use super::transact::transact;
use super::wake::Notifications;
use crate::wake::Carried;
use futures::future::BoxFuture;
use mainstay_expr::{ModelId, Predicate};
use mainstay_model::Application;
use mainstay_ports::{
    Changes, Clock, Committed, Page, Position, Query, Store, StoreError, Transaction, Wake,
};
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

/// As many groups are on their way at once: one waits for the disk while the others ask and gather.
const LANES: usize = 3;

/// Keeps records and the feed in a PostgreSQL database, which other nodes may serve too.
pub struct PostgresStore {
    inner: Arc<Inner>,
    lanes: Lanes,
}

/// What the store's own tasks share with it.
pub(crate) struct Inner {
    pub(crate) application: Arc<Application>,
    pub(crate) shared: Shared,
    pub(crate) writers: Pool,
    pub(crate) measures: Arc<Measures>,
    pub(crate) end: End,
    pub(crate) locked: Arc<Locked>,
    clock: Arc<ServerClock>,
    pub(crate) readers: Readers,
    replicas: Replicas,
    doorbell: Doorbell,
    server: Arc<Connector>,
    /// What serves the connections.
    runtime: Handle,
    /// A place for each write that may wait.
    queue: Semaphore,
}

impl PostgresStore {
    /// Opens the database of an application, or makes its tables where there are none. Within a runtime, whose threads then serve the
    /// connections.
    ///
    /// # Errors
    /// See [`OpenError`]; [`OpenError::SchemaDiffers`] when the schema is not the application's.
    pub async fn open(application: Arc<Application>, options: &Options) -> Result<Self, OpenError> {
        let server = Arc::new(Connector::of(options, &options.url)?);
        open::open(&server, &application).await?;
        let measures = Arc::<Measures>::default();
        let locked = Arc::new(Locked::new(application.clone()));
        let away = |error: tokio_postgres::Error| OpenError::Unreachable(reason(&error));
        let first = server.listen_soon(Purpose::Read, Arc::default()).await.map_err(away)?;
        let look = Look { at: Instant::now(), end: Ends::read(&first).await?.end };
        let end = End::new(look, measures.feed_end.clone());
        let clock = Arc::new(ServerClock::of(&first).await?);
        let writers = Pool::new(server.clone(), options.writer_connections(), options.connect_timeout());
        let readers = Readers::new(
            server.clone(),
            options.reader_connections(),
            options.query_timeout(),
            measures.clone(),
        )
        .beside(writers.clone(), locked.clone(), first);
        let followed = Followed { end: end.clone(), lag: options.replica_lag() };
        let copy = |url| Connector::of(options, url).map(Arc::new);
        let copies = options.replicas.iter().map(copy).collect::<Result<_, _>>()?;
        let replicas = Replicas::start(copies, options.reader_connections(), &followed, &measures);
        let shared = Shared {
            statements: RowStatements::of(&application),
            unique_keys: UniqueKeys::of(&application),
            group_keys: group::unique_keys(&application),
            search_time: options.query_timeout(),
        };
        let doorbell = Doorbell::start(
            server.clone(),
            writers.clone(),
            Fit::new(&application),
            locked.clone(),
            end.clone(),
            clock.clone(),
            measures.clone(),
        )
        .await
        .map_err(away)?;
        let queue = Semaphore::new(options.write_queue.clamp(1, Semaphore::MAX_PERMITS));
        let inner = Inner {
            application,
            shared,
            writers,
            measures,
            end,
            locked,
            clock,
            readers,
            replicas,
            doorbell,
            server,
            runtime: Handle::current(),
            queue,
        };
        let inner = Arc::new(inner);
        let lanes = Lanes::start(&inner, LANES, options.write_queue).map_err(OpenError::Failed)?;
        Ok(PostgresStore { inner, lanes })
    }

    /// Where the database is, for people.
    pub fn place(&self) -> String {
        self.inner.server.target.place()
    }

    /// What the nodes that serve the database tell each other by.
    pub fn wake(&self) -> Arc<dyn Wake> {
        Arc::new(Carried::new(Notifications(self.inner.server.clone())))
    }

    /// What it counts of itself.
    pub fn measures(&self) -> &Measures {
        &self.inner.measures
    }

    /// Whether it takes writes: whether the server is heard and has the tables that are used.
    pub fn takes_writes(&self) -> bool {
        self.inner.doorbell.trouble().is_none()
    }

    /// The server's clock, which all nodes go by.
    pub fn clock(&self) -> Arc<dyn Clock> {
        self.inner.clock.clone()
    }

    /// The program's own keys, which all nodes share; sealed by the master key where there is one.
    pub fn keyring(&self, master: Option<MasterKey>) -> PostgresKeyring {
        PostgresKeyring::new(self.inner.writers.clone(), master, self.inner.runtime.clone())
    }

    /// How many replicas are asked, of those that there are.
    pub fn replicas_in_use(&self) -> usize {
        self.inner.replicas.in_use()
    }

    /// How many connections it has, without those to replicas.
    pub fn connections(&self) -> u64 {
        self.inner.server.room.open()
    }

    /// How many connections the server has refused, since it had no room for them.
    pub fn refused_connections(&self) -> u64 {
        self.inner.server.room.refused()
    }
}

impl PostgresStore {
    async fn run(&self, transaction: Arc<Transaction>) -> Result<Committed, StoreError> {
        let inner = &self.inner;
        // Before it takes a place: others need it.
        inner.locked.until_writable(&transaction).await?;
        let Ok(_place) = inner.queue.try_acquire() else {
            inner.measures.note_transaction(Some(&StoreError::Busy));
            return Err(StoreError::Busy);
        };
        inner.measures.write_queue.increment();
        let result = match group::fits(&transaction) {
            true => self.lanes.transact(transaction).await,
            false => transact(inner, transaction).await,
        };
        inner.measures.write_queue.decrement();
        inner.measures.note_transaction(result.as_ref().err());
        result
    }
}

impl Inner {
    /// Asks about records of these models, once none of them is locked.
    async fn ask<T, A>(
        &self,
        weight: Weight,
        models: impl Fn() -> Vec<ModelId>,
        question: impl Fn(Arc<Connection>) -> A,
    ) -> Result<T, StoreError>
    where
        A: Future<Output = Result<T, tokio_postgres::Error>>,
    {
        let started = Instant::now();
        loop {
            self.locked.until_readable(&models).await?;
            match self.readers.ask(weight, &question).await {
                Err(StoreError::Busy) if started.elapsed() < LOCK_TIMEOUT => {}
                answered => return answered,
            }
        }
    }

    /// Notes that the feed goes up to here, and tells the others.
    pub(crate) fn advance(&self, end: Position) {
        self.end.advance(end);
        self.doorbell.ring();
    }

    async fn trim_feed(&self, before_micros: i64, max_bytes: u64) -> Result<u64, StoreError> {
        let mut connection = self.writers.take().await?;
        let transaction = connection.client.transaction().await.map_err(store_error)?;
        feed::trim(transaction, before_micros, max_bytes).await.map_err(store_error)
    }
}

impl Store for PostgresStore {
    fn transact(&self, transaction: Transaction) -> BoxFuture<'_, Result<Committed, StoreError>> {
        Box::pin(self.run(Arc::new(transaction)))
    }

    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page, StoreError>> {
        let inner = &self.inner;
        Box::pin(async move {
            let asked = Asked::new(&inner.application, &query);
            if let Some(answer) = inner.replicas.ask(&asked, &query).await {
                let (answered, position) = answer?;
                return answered.page(&inner.application, &query, position);
            }
            // Read before the question is asked, so that the answer is at least as new.
            let position = inner.end.get();
            let (asked, asks) = (&asked, &query);
            let ask = |connection: Arc<Connection>| async move { asked.ask(&connection, asks).await };
            let answered = inner.ask(Asked::weight(asks), || query::models(asks), ask).await?;
            answered.page(&inner.application, &query, position)
        })
    }

    fn holds(&self, closed: Predicate) -> BoxFuture<'_, Result<bool, StoreError>> {
        Box::pin(async move {
            let statement = query::closed(&self.inner.application, &closed);
            let statement = &statement;
            let ask = |connection: Arc<Connection>| async move { query::holds(&connection, statement).await };
            self.inner.ask(Weight::Long, || closed.asked_models(), ask).await
        })
    }

    fn changes(&self, after: Position, limit: u32) -> BoxFuture<'_, Result<Changes, StoreError>> {
        let Inner { application, readers, .. } = &*self.inner;
        Box::pin(async move {
            let mut from = after;
            loop {
                let ask =
                    |connection: Arc<Connection>| async move { feed::ask(&connection, from, limit).await };
                let found = readers.ask(Weight::Long, ask).await?.changes(application, from)?;
                match found {
                    // An answer without changes is the end of the feed.
                    Changes::Some { changes, position } if changes.is_empty() && position != from => {
                        from = position;
                    }
                    found => return Ok(found),
                }
            }
        })
    }

    fn touched<'a>(
        &'a self,
        models: &'a [ModelId],
        after: Position,
    ) -> BoxFuture<'a, Result<Changes, StoreError>> {
        let Inner { application, readers, .. } = &*self.inner;
        Box::pin(async move {
            let names: Vec<&str> =
                models.iter().map(|model| application.model(*model).name.as_str()).collect();
            let names = &names;
            let ask =
                |connection: Arc<Connection>| async move { feed::touched(&connection, after, names).await };
            let (found, end) = readers.ask(Weight::Long, ask).await?;
            found.touched(application, after, end)
        })
    }

    fn position(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        Box::pin(async move {
            let ask = |connection: Arc<Connection>| async move { Ends::read(&connection).await };
            let ends = self.inner.readers.ask(Weight::Short, ask).await?;
            self.inner.end.advance(ends.end);
            let known = self.inner.end.get();
            // Another history than the one that is known is noted by who looks again and again, in order.
            Ok(if known.epoch == ends.end.epoch { known } else { ends.end })
        })
    }

    /// The server's time.
    fn now(&self, _: i64) -> BoxFuture<'_, Result<i64, StoreError>> {
        let ask = |connection: Arc<Connection>| async move { query::now(&connection).await };
        Box::pin(self.inner.readers.ask(Weight::Short, ask))
    }

    fn heard(&self) -> Position {
        self.inner.end.get()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn writable(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        let trouble = self.inner.doorbell.trouble();
        let detail = |detail| StoreError::Unreachable(format!("PostgreSQL: {detail}"));
        Box::pin(std::future::ready(trouble.map_or(Ok(()), |trouble| Err(detail(trouble)))))
    }

    fn wait_beyond(&self, position: Position) -> BoxFuture<'_, ()> {
        Box::pin(self.inner.end.beyond(position))
    }

    fn trim_feed(&self, before_micros: i64, max_bytes: u64) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(self.inner.trim_feed(before_micros, max_bytes))
    }
}
