//! The end of a transaction: its last writes, its changes and its commit, sent together.
//!
//! The server goes through them without waiting for us, so that a node which is frozen, killed or cut off between them holds up nobody:
//! the lock of the feed is given back as soon as the commit is on the disk.

use super::connection::Connection;
use super::feed::{Append, Appended, Ends, NewChanges};
use super::pool::{Pool, take};
use futures::future::{BoxFuture, MaybeDone, join, join3, maybe_done};
use mainstay_ports::Position;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity};

/// The transaction's own number, by which the server knows later what became of it.
const NUMBER: &str = "SELECT pg_current_xact_id()::text";
/// What became of a transaction.
const STATUS: &str = "SELECT pg_xact_status($1::text::xid8)";
/// How long the server is asked for what became of a commit whose answer was lost.
const LOOK_UP: Duration = Duration::from_secs(5);
/// How long between two questions.
const LOOK_UP_AGAIN: Duration = Duration::from_millis(50);

/// What a commit came to.
pub(crate) enum Finished {
    /// It took effect; with what its changes came to in the feed, if it has any.
    Committed(Option<Appended>),
    /// It had no effect.
    RolledBack(Error),
    /// The answer is missing.
    Unanswered {
        error: Error,
        /// The transaction's number, if that was still told.
        number: Option<String>,
    },
}

/// A request, ready to be sent.
pub(crate) type Request<'a> = BoxFuture<'a, Result<(), Error>>;

/// The statements that finish a transaction, prepared.
pub(crate) struct Finish {
    number: tokio_postgres::Statement,
    append: Append,
}

impl Finish {
    pub(crate) async fn prepare(connection: &Connection) -> Result<Self, Error> {
        let number = connection.prepare(NUMBER).await?;
        Ok(Finish { number, append: Append::prepare(connection).await? })
    }

    /// Sends the writes in their order, then the changes, then the commit.
    pub(crate) async fn run(
        &self,
        connection: &Connection,
        writes: Vec<Request<'_>>,
        changes: &NewChanges,
    ) -> Finished {
        let client = &connection.client;
        let append = async {
            match changes.is_empty() {
                true => Ok(None),
                false => changes.append(connection, &self.append).await.map(Some),
            }
        };
        let number = async { client.query_one(&self.number, &[]).await?.try_get(0) };
        let ((written, number), appended, committed) =
            join3(join(in_order(writes), number), append, client.batch_execute("COMMIT")).await;
        // A commit behind a statement that failed rolls back, and what fails behind a failure fails because of it.
        let failed = written.into_iter().find_map(Result::err);
        match (failed, appended, committed) {
            (None, Ok(appended), Ok(())) => Finished::Committed(appended),
            (Some(error), _, _) | (None, Err(error), _) | (None, Ok(_), Err(error)) => {
                match is_of_statement(&error) {
                    true => Finished::RolledBack(error),
                    false => Finished::Unanswered { error, number: number.ok() },
                }
            }
        }
    }
}

/// Whether this is what came of a statement, and not of the connection: a server that ends a session says so too, be it behind a commit.
fn is_of_statement(error: &Error) -> bool {
    let severity = error.as_db_error().map(DbError::parsed_severity);
    severity.is_some_and(|severity| !matches!(severity, Some(Severity::Fatal | Severity::Panic)))
}

/// Waits for all, and sends them in their order: each is begun before the next one is.
async fn in_order<T>(requests: Vec<BoxFuture<'_, T>>) -> Vec<T> {
    let mut requests: Vec<MaybeDone<BoxFuture<'_, T>>> = requests.into_iter().map(maybe_done).collect();
    poll_fn(|context| {
        let mut is_done = true;
        for request in &mut requests {
            is_done &= Pin::new(request).poll(context).is_ready();
        }
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    requests.iter_mut().filter_map(|request| Pin::new(request).take_output()).collect()
}

/// A transaction whose commit was not answered.
pub(crate) struct Unanswered<'a> {
    /// Its number, if that was still told.
    pub(crate) number: Option<&'a str>,
    /// What it appended to the feed.
    pub(crate) changes: &'a NewChanges,
    /// An end of the feed that is not beyond them.
    pub(crate) end: Position,
}

impl Unanswered<'_> {
    /// Whether it took effect, asked on another connection; `None` when that cannot be found out.
    pub(crate) async fn look_up(&self, pool: &Pool) -> Option<bool> {
        let (number, started) = (self.number?, Instant::now());
        while started.elapsed() < LOOK_UP {
            match status(pool, number).await.as_deref() {
                // A server that crashed gives the numbers anew of which nothing had reached its disk: this may be another's.
                Some("committed") => return self.is_in_feed(pool).await.then_some(true),
                Some("aborted") => return Some(false),
                // It is in progress, or the server is not there.
                _ => tokio::time::sleep(LOOK_UP_AGAIN).await,
            }
        }
        None
    }

    async fn is_in_feed(&self, pool: &Pool) -> bool {
        let Ok(connection) = take(pool).await else { return false };
        self.changes.are_behind(self.end, &connection).await.unwrap_or(false)
    }
}

async fn status(pool: &Pool, number: &str) -> Option<String> {
    let connection = take(pool).await.ok()?;
    let row = connection.client.query_one(STATUS, &[&number]).await.ok()?;
    row.try_get(0).ok()?
}

/// The end of the feed, for a transaction that is known to have taken effect and whose own place in it was not told.
pub(crate) async fn end(pool: &Pool) -> Option<Position> {
    let connection = take(pool).await.ok()?;
    Ends::read(&connection).await.ok().map(|ends| ends.end)
}
