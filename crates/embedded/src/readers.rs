//! Reading: connections beside the writer's, each with a deadline for its queries.

use crate::Measures;
use crate::connection::open_reader;
use crate::deadline::Deadline;
use crate::sqlite_error::store_error;
use futures::future::BoxFuture;
use mainstay_ports::StoreError;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// The most queries that may wait for a reader thread.
const QUEUE: usize = 1_024;

/// How long a read may hold up the thread of whoever asks, about: it is looked at only every so many steps.
const INLINE_TIME: Duration = Duration::from_millis(2);

/// The page caches of the connections for short reads, all together: enough for the inner pages of the indexes, so that a read costs about one
/// call of the operating system, which caches the file for all.
const INLINE_CACHES_KIB: i32 = 8_192;
/// The page cache of a thread of the pool.
const POOLED_CACHE_KIB: i32 = 1_024;

type Job = Box<dyn FnOnce(&mut Reader) + Send>;

/// The pool. When it is dropped, what waits is still answered.
pub(crate) struct Readers {
    jobs: Option<SyncSender<Job>>,
    threads: Vec<JoinHandle<()>>,
    /// Connections for short reads on the caller's own thread.
    inline: Vec<Mutex<Reader>>,
    next: AtomicUsize,
    timeout: Duration,
    measures: Arc<Measures>,
}

impl Readers {
    /// Opens `count` connections with a thread each, and as many for short reads.
    pub(crate) fn start(
        path: &Path,
        count: usize,
        timeout: Duration,
        measures: Arc<Measures>,
    ) -> Result<Self, StoreError> {
        let (jobs, queue) = sync_channel::<Job>(QUEUE);
        let queue = Arc::new(Mutex::new(queue));
        let inline_cache_kib = INLINE_CACHES_KIB / i32::try_from(count.max(1)).unwrap_or(i32::MAX);
        let inline = (0..count).map(|_| Ok(Mutex::new(Reader::open(path, inline_cache_kib)?)));
        let inline = inline.collect::<Result<Vec<_>, StoreError>>()?;
        let (threads, next) = (Vec::new(), AtomicUsize::new(0));
        let mut readers = Readers { jobs: Some(jobs), threads, inline, next, timeout, measures };
        for _ in 0..count {
            readers.threads.push(spawn(Reader::open(path, POOLED_CACHE_KIB)?, queue.clone())?);
        }
        Ok(readers)
    }

    /// Reads on the caller's thread, since most reads take microseconds and handing them over would take longer. One that turns out not to be
    /// short is broken off, and done on a thread of the pool.
    ///
    /// It reads when it is called, so that the future is small for what was read at once.
    pub(crate) fn read<T: Send + 'static>(
        &self,
        read: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> BoxFuture<'_, Result<T, StoreError>> {
        match self.inline(&read) {
            Err(StoreError::Timeout) => Box::pin(self.pooled(read)),
            result => Box::pin(std::future::ready(result)),
        }
    }

    fn inline<T>(&self, read: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        let count = self.inline.len();
        let idle = (0..count).find_map(|step| self.inline[(first + step) % count].try_lock().ok());
        // A panic while reading leaves nothing behind that the next reader could trip over.
        let mut reader =
            idle.unwrap_or_else(|| self.inline[first % count].lock().unwrap_or_else(PoisonError::into_inner));
        reader.read(Instant::now() + INLINE_TIME.min(self.timeout), read)
    }

    /// Reads on a thread of the pool. The deadline counts from now, so that a query that waited too long is not begun any more.
    pub(crate) async fn pooled<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let asked = Instant::now();
        let deadline = asked + self.timeout;
        let (reply, answer) = oneshot::channel();
        let measures = self.measures.clone();
        let job = Box::new(move |reader: &mut Reader| {
            measures.reader_queue.decrement();
            measures.reader_wait.observe_time(asked.elapsed());
            if !reply.is_closed() {
                // Nobody listens any more when the request was given up meanwhile.
                let _ = reply.send(reader.read(deadline, read));
            }
        });
        self.jobs.as_ref().map_or_else(|| Err(ended()), |jobs| self.enqueue(jobs, job))?;
        answer.await.unwrap_or_else(|_| Err(ended()))
    }

    fn enqueue(&self, jobs: &SyncSender<Job>, job: Job) -> Result<(), StoreError> {
        // Before it is sent, since a thread may take it at once.
        self.measures.reader_queue.increment();
        jobs.try_send(job).map_err(|error| {
            self.measures.reader_queue.decrement();
            match error {
                TrySendError::Full(_) => {
                    self.measures.reader_busy.increment();
                    StoreError::Busy
                }
                TrySendError::Disconnected(_) => ended(),
            }
        })
    }
}

fn ended() -> StoreError {
    StoreError::Failed("the reader has ended".to_owned())
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // Panics are caught within the thread.
            let _ = thread.join();
        }
    }
}

fn spawn(mut reader: Reader, queue: Arc<Mutex<Receiver<Job>>>) -> Result<JoinHandle<()>, StoreError> {
    let next = move || queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
    thread::Builder::new()
        .name("sqlite-reader".to_owned())
        .spawn(move || {
            while let Some(job) = next() {
                if catch_unwind(AssertUnwindSafe(|| job(&mut reader))).is_err() {
                    tracing::error!("a query panicked");
                }
            }
        })
        .map_err(|error| StoreError::Failed(format!("a reader's thread: {error}")))
}

/// A connection whose statements are interrupted at a deadline.
struct Reader {
    connection: Connection,
    deadline: Deadline,
}

impl Reader {
    fn open(path: &Path, cache_kib: i32) -> Result<Self, StoreError> {
        let mut connection = open_reader(path, cache_kib).map_err(store_error)?;
        let deadline = Deadline::of(&mut connection).map_err(store_error)?;
        Ok(Reader { connection, deadline })
    }

    fn read<T>(
        &mut self,
        deadline: Instant,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if Instant::now() >= deadline {
            return Err(StoreError::Timeout);
        }
        self.deadline.set(deadline);
        read(&self.connection)
    }
}

/// Reads from one snapshot, for what takes more than one statement; a single one has a snapshot of its own.
pub(crate) fn in_snapshot<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    // An unchecked transaction is one that borrows the connection shared; it rolls back, that is ends, when it is dropped.
    let snapshot = connection.unchecked_transaction().map_err(store_error)?;
    read(&snapshot)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a broken expectation is a failed test")]

    use super::*;

    const ENDLESS: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";

    fn number(connection: &Connection, sql: &str) -> Result<i64, StoreError> {
        connection.query_row(sql, [], |row| row.get(0)).map_err(store_error)
    }

    fn readers(timeout: Duration) -> (tempfile::TempDir, Readers) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        let readers = Readers::start(&path, 1, timeout, Arc::default()).unwrap();
        (folder, readers)
    }

    #[tokio::test]
    async fn a_query_that_runs_too_long_is_interrupted() {
        let (_folder, readers) = readers(Duration::from_millis(50));
        let endless = readers.pooled(|connection| number(connection, ENDLESS)).await;
        assert!(matches!(endless, Err(StoreError::Timeout)), "{endless:?}");
        let endless = readers.inline(|connection| number(connection, ENDLESS));
        assert!(matches!(endless, Err(StoreError::Timeout)), "{endless:?}");
        assert_eq!(readers.pooled(|connection| number(connection, "SELECT 1")).await.unwrap(), 1);
        assert_eq!(readers.inline(|connection| number(connection, "SELECT 2")).unwrap(), 2);
    }

    #[tokio::test]
    async fn a_query_that_is_not_short_is_done_in_the_pool() {
        let (_folder, readers) = readers(Duration::from_secs(60));
        let long = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT max(i) FROM n";
        let inline = readers.inline(|connection| number(connection, long));
        assert!(matches!(inline, Err(StoreError::Timeout)), "{inline:?}");
        assert_eq!(readers.read(move |connection| number(connection, long)).await.unwrap(), 3_000_000);
        let measured = readers.measures.reader_wait.read();
        assert_eq!(readers.read(|connection| number(connection, "SELECT 1")).await.unwrap(), 1);
        assert_eq!(readers.measures.reader_wait.read(), measured);
    }

    #[tokio::test]
    async fn a_query_that_waits_too_long_is_not_begun() {
        let (_folder, readers) = readers(Duration::from_millis(50));
        let endless = readers.pooled(|connection| number(connection, ENDLESS));
        let waiting = readers.pooled(|_| -> Result<(), StoreError> { panic!("it was begun") });
        let (_, waited) = futures::future::join(endless, waiting).await;
        assert!(matches!(waited, Err(StoreError::Timeout)), "{waited:?}");
    }

    #[tokio::test]
    async fn a_panic_costs_one_query() {
        let (_folder, readers) = readers(Duration::from_secs(5));
        let panicked = readers.pooled(|_| -> Result<i64, StoreError> { panic!("on purpose") }).await;
        assert!(matches!(panicked, Err(StoreError::Failed(_))), "{panicked:?}");
        assert_eq!(readers.pooled(|connection| number(connection, "SELECT 1")).await.unwrap(), 1);
    }

    #[test]
    fn a_reader_cannot_write() {
        let (_folder, readers) = readers(Duration::from_secs(5));
        let written = readers
            .inline(|connection| connection.execute("INSERT INTO t VALUES (1)", []).map_err(store_error));
        assert!(
            matches!(&written, Err(StoreError::Failed(detail)) if detail.contains("readonly")),
            "{written:?}"
        );
    }
}
