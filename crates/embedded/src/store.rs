//! The port over SQLite.

use crate::feed;
use crate::lock::Lock;
use crate::migrate;
use crate::open::{self, Database, NewFile};
use crate::readers::{Readers, in_snapshot};
use crate::rows::{holds, read_record, run};
use crate::sqlite_error::store_error;
use crate::writer::{Command, Place, Setup, Watched, Writer, ended, unanswered};
use crate::{Measures, OpenError, Options, meta};
use futures::future::BoxFuture;
use mainstay_expr::Predicate;
use mainstay_model::Application;
use mainstay_ports::{Changes, Committed, Page, Position, Query, Row, Store, StoreError, Transaction};
use mainstay_sql::{Sqlite, Statement};
use rusqlite::Connection;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Keeps records and the feed in one SQLite file. When it is dropped, writes that wait are still done, and all is in that one file.
pub struct SqliteStore {
    application: Arc<Application>,
    epoch: u64,
    watched: Watched,
    // The readers have to be gone before the writer can empty the log, and all of them before the lock is given back.
    readers: Readers,
    writer: Writer,
    measures: Arc<Measures>,
    _lock: Lock,
}

impl SqliteStore {
    /// Opens the database of an application, or makes it with the application's whole schema.
    ///
    /// # Errors
    /// See [`OpenError`]; [`OpenError::SchemaDiffers`] when the schema is not the application's.
    pub fn open(application: Arc<Application>, options: &Options) -> Result<Self, OpenError> {
        // What is declared last is dropped first: the connection, then a file without tables, then the lock.
        let Database { lock, new_file, meta, mut connection } =
            open::open(&options.path, options.durability)?;
        let plan = migrate::plan_from(meta.as_ref(), &application);
        let meta = match meta {
            Some(meta) if plan.is_empty() => {
                migrate::note_meanings(&connection, &meta, &application)?;
                meta
            }
            Some(_) => return Err(OpenError::SchemaDiffers(Box::new(plan))),
            None => {
                migrate::create(&mut connection, &application)?;
                meta::read(&connection)?.ok_or(OpenError::NotOurs)?
            }
        };
        new_file.into_iter().for_each(NewFile::keep);
        let timeout = Duration::from_millis(options.query_timeout_ms);
        let measures = Arc::<Measures>::default();
        let readers = Readers::start(&options.path, options.reader_threads(), timeout, measures.clone())?;
        let place = Place { path: options.path.clone(), durability: options.durability };
        let setup =
            Setup { application: application.clone(), epoch: meta.epoch, place, measures: measures.clone() };
        let (writer, watched) = Writer::start(connection, setup, options.write_queue)?;
        Ok(SqliteStore { application, epoch: meta.epoch, watched, readers, writer, measures, _lock: lock })
    }

    /// What it counts of itself.
    pub fn measures(&self) -> &Measures {
        &self.measures
    }

    /// How many commands wait for the writer.
    pub fn write_queue_length(&self) -> usize {
        self.writer.queue_length()
    }

    /// Whether it takes writes: whether the disk has not failed, is not full, and the writer is there.
    pub fn takes_writes(&self) -> bool {
        self.health().is_ok()
    }

    fn health(&self) -> Result<(), StoreError> {
        // Its sender is the writer's thread.
        self.watched.health.has_changed().map_err(|_| ended())?;
        self.watched.health.borrow().as_ref().map_or(Ok(()), |fault| Err(fault.refusal()))
    }

    fn end(&self) -> Position {
        Position { epoch: self.epoch, offset: *self.watched.end.borrow() }
    }
}

impl Store for SqliteStore {
    fn transact(&self, transaction: Transaction) -> BoxFuture<'_, Result<Committed, StoreError>> {
        let (reply, answer) = oneshot::channel();
        let sent = self.writer.send(Command::Transact { transaction: Box::new(transaction), reply });
        Box::pin(async move {
            sent?;
            answer.await.unwrap_or_else(|_| Err(unanswered()))
        })
    }

    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page, StoreError>> {
        // Read before the snapshot is taken, so that the answer is at least as new.
        let position = self.end();
        let (application, counts) = (self.application.clone(), query.count);
        let read = move |connection: &Connection| page(connection, &application, &query, position);
        // A count looks at all that match; what else there is stops at its limit.
        if counts { Box::pin(self.readers.pooled(read)) } else { self.readers.read(read) }
    }

    fn holds(&self, closed: Predicate) -> BoxFuture<'_, Result<bool, StoreError>> {
        let application = self.application.clone();
        self.readers.read(move |connection| holds(connection, &application, &closed))
    }

    fn changes(&self, after: Position, limit: u32) -> BoxFuture<'_, Result<Changes, StoreError>> {
        let (application, epoch) = (self.application.clone(), self.epoch);
        let read = move |snapshot: &Connection| feed::read(snapshot, &application, epoch, after, limit);
        self.readers.read(move |connection| in_snapshot(connection, &read))
    }

    fn position(&self) -> BoxFuture<'_, Result<Position, StoreError>> {
        Box::pin(std::future::ready(Ok(self.end())))
    }

    fn heard(&self) -> Position {
        self.end()
    }

    /// The lock on the file sees to it.
    fn is_shared(&self) -> bool {
        false
    }

    fn writable(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(std::future::ready(self.health()))
    }

    /// The history is the same as long as the file is open.
    fn wait_beyond(&self, position: Position) -> BoxFuture<'_, ()> {
        let mut end = self.watched.end.clone();
        Box::pin(async move {
            // It fails when the writer has ended; who waits then finds that out by its next question.
            let _ = end.wait_for(|end| *end > position.offset).await;
        })
    }

    fn trim_feed(&self, before_micros: i64, max_bytes: u64) -> BoxFuture<'_, Result<u64, StoreError>> {
        Box::pin(async move {
            let (reply, answer) = oneshot::channel();
            self.writer.send(Command::TrimFeed { before_micros, max_bytes, reply })?;
            answer.await.unwrap_or_else(|_| Err(unanswered()))
        })
    }
}

fn page(
    connection: &Connection,
    application: &Application,
    query: &Query,
    position: Position,
) -> Result<Page, StoreError> {
    if !query.count {
        let (rows, more) = rows(connection, application, query)?;
        return Ok(Page { rows, more, count: None, position });
    }
    in_snapshot(connection, |snapshot| {
        let (rows, more) = rows(snapshot, application, query)?;
        Ok(Page { rows, more, count: Some(count(snapshot, application, query)?), position })
    })
}

/// The rows, and whether there are more of them.
fn rows(
    connection: &Connection,
    application: &Application,
    query: &Query,
) -> Result<(Vec<Row>, bool), StoreError> {
    let model = application.model(query.model);
    // One more than asked for tells whether there are more.
    let lower = || mainstay_sql::select(application, &Sqlite, query);
    let select = if query.is_unbounded() { query.memo.get_or_make(lower) } else { Arc::new(lower()) };
    let flags = model.fields.len()..model.fields.len() + query.flags.len();
    let mut rows =
        run(connection, &select.text, select.values(query, query.limit.saturating_add(1)), |row| {
            let flags = flags.clone().map(|column| row.get(column)).collect::<rusqlite::Result<_>>();
            Ok(Row { record: read_record(model, row)?, flags: flags.map_err(store_error)? })
        })?;
    let more = rows.len() > query.limit as usize;
    rows.truncate(query.limit as usize);
    Ok((rows, more))
}

fn count(snapshot: &Connection, application: &Application, query: &Query) -> Result<u64, StoreError> {
    let statement: Statement = mainstay_sql::count(application, &Sqlite, query);
    let counts = run(snapshot, &statement.text, statement.params.iter(), |row| {
        row.get::<_, i64>(0).map_err(store_error)
    })?;
    Ok(counts.first().map_or(0, |count| count.unsigned_abs()))
}
