//! The end of a transaction: its last writes, its changes, the positions of its receipts and its commit, sent together.
//!
//! The server goes through them without waiting for us, so that a node which is frozen, killed or cut off between them holds up nobody:
//! the lock of the feed is given back as soon as the commit is on the disk.

use super::connection::Connection;
use super::feed::{Append, Appended, NewChanges, Placing, Receipts};
use super::readers::{Readers, Weight};
use super::session::LOCK_TIMEOUT;
use futures::future::{BoxFuture, MaybeDone, join, join4, maybe_done};
use mainstay_model::Application;
use mainstay_ports::Position;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity};

/// The transaction's own number, by which the server knows later what became of it. From here on it waits only for those who commit, and for them it may
/// wait as long as for anything.
const NUMBER: &str = "SELECT pg_current_xact_id()::text, set_config('lock_timeout', $1, true)";
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
pub(crate) struct Finish<'a> {
    number: tokio_postgres::Statement,
    append: Append,
    receipts: Vec<Placing<'a>>,
}

impl<'a> Finish<'a> {
    pub(crate) async fn prepare(
        connection: &Connection,
        application: &Application,
        receipts: &'a Receipts,
    ) -> Result<Self, Error> {
        let number = connection.prepare(NUMBER).await?;
        let append = Append::prepare(connection).await?;
        Ok(Finish { number, append, receipts: receipts.prepare(connection, application).await? })
    }

    /// Sends the writes in their order, then the changes, then the positions of receipts, then the commit. `known` is where the feed ends, as far as
    /// is known: what a receipt has where nothing was changed.
    pub(crate) async fn run(
        &self,
        connection: &Connection,
        writes: Vec<Request<'_>>,
        changes: &NewChanges,
        known: Position,
    ) -> Finished {
        let client = &connection.client;
        // What was never sent has had no effect, and another connection can do it.
        if connection.is_closed()
            && let Err(error) = client.batch_execute("").await
        {
            return Finished::RolledBack(error);
        }
        let patience = LOCK_TIMEOUT.as_millis().to_string();
        let append = async {
            match changes.is_empty() {
                true => Ok(None),
                false => changes.append(connection, &self.append).await.map(Some),
            }
        };
        let number = async { client.query_one(&self.number, &[&patience]).await?.try_get(0) };
        let placed = self.receipts.iter().map(|placing| placing.request(connection, known, changes.len()));
        let before = join(in_order(writes), number);
        let commit = client.batch_execute("COMMIT");
        let ((written, number), appended, placed, committed) =
            join4(before, append, in_order(placed.collect()), commit).await;
        let (number, unnumbered) = apart(number);
        let (appended, unappended) = apart(appended);
        // What fails behind a failure fails because of it.
        let failed = all(written).err().or(unnumbered).or(unappended).or(all(placed).err());
        match (failed, committed) {
            (None, Ok(())) => Finished::Committed(appended.flatten()),
            // A commit behind a statement that failed rolls back, and behind one that ended the session it is not even read.
            (Some(error), _) if error.code().is_some() => Finished::RolledBack(error),
            (None, Err(error)) if is_of_commit(&error) => Finished::RolledBack(error),
            (Some(error), _) | (None, Err(error)) => Finished::Unanswered { error, number },
        }
    }
}

/// What the first request came to that failed, if one did.
fn all(requests: Vec<Result<(), Error>>) -> Result<(), Error> {
    requests.into_iter().collect()
}

fn apart<T>(result: Result<T, Error>) -> (Option<T>, Option<Error>) {
    match result {
        Ok(value) => (Some(value), None),
        Err(error) => (None, Some(error)),
    }
}

/// Whether this is what came of the commit, and not of the connection: a server that ends a session says so too, be it behind the commit.
fn is_of_commit(error: &Error) -> bool {
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
    pub(crate) known: Position,
}

/// What became of a transaction whose commit was not answered.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LookedUp {
    /// It took effect, and its last change is here.
    Committed(Position),
    RolledBack,
}

impl Unanswered<'_> {
    /// What became of it, asked on a connection that many share: nobody has to wait for one. `None` when that cannot be found out.
    pub(crate) async fn look_up(&self, readers: &Readers) -> Option<LookedUp> {
        let (number, started) = (self.number?, Instant::now());
        while started.elapsed() < LOOK_UP {
            match status(readers, number).await.as_deref() {
                // A server that crashed gives the numbers anew of which nothing had reached its disk: this may be another's.
                Some("committed") => return self.last(readers).await.map(LookedUp::Committed),
                Some("aborted") => return Some(LookedUp::RolledBack),
                // It is in progress, or the server is not there.
                _ => tokio::time::sleep(LOOK_UP_AGAIN).await,
            }
        }
        None
    }

    /// Where its last change is, if it is in the feed.
    async fn last(&self, readers: &Readers) -> Option<Position> {
        let ask = |connection: Arc<Connection>| async move {
            self.changes.find_behind(self.known, &connection).await
        };
        let offset = readers.ask(Weight::Short, ask).await.ok()??;
        Some(Position { offset, ..self.known })
    }
}

async fn status(readers: &Readers, number: &str) -> Option<String> {
    let ask = |connection: Arc<Connection>| async move {
        connection.client.query_one(STATUS, &[&number]).await?.try_get(0)
    };
    readers.ask(Weight::Short, ask).await.ok()?
}
