//! The writer: one thread, fed by a bounded queue.

mod group;
#[cfg(test)]
mod tests;

use crate::Measures;
use crate::sqlite_error::store_error;
use group::GroupCommit;
use mainstay_model::Application;
use mainstay_ports::{Committed, Step, StoreError, Transaction};
use rusqlite::Connection;
use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};

/// The most commands that one commit takes along.
const GROUP_COMMANDS: usize = 512;

/// What the writer is asked to do, and where the answer goes.
pub(crate) enum Command {
    /// Run a transaction.
    Transact { transaction: Box<Transaction>, reply: oneshot::Sender<Result<Committed, StoreError>> },
    /// Remove old changes from the feed.
    TrimFeed { before_micros: i64, max_bytes: u64, reply: oneshot::Sender<Result<u64, StoreError>> },
}

impl Command {
    /// Whether nothing of it can be refused behind its first write: nothing is left to be undone then, unless by a fault of ours or
    /// of the disk, which costs the whole group.
    fn is_one_write(&self) -> bool {
        let Command::Transact { transaction, .. } = self else { return false };
        matches!(transaction.steps.as_slice(), [Step::Create(_) | Step::Update(_) | Step::Put(_)])
    }
}

/// The writer's thread and the queue to it. When it is dropped, what waits is still done and the database is closed.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Command>>,
    thread: Option<JoinHandle<()>>,
    measures: Arc<Measures>,
}

impl Writer {
    /// Starts the thread. The receiver tells the end of the feed as of the last commit.
    pub(crate) fn start(
        application: Arc<Application>,
        connection: Connection,
        epoch: u64,
        queue: usize,
        measures: Arc<Measures>,
    ) -> Result<(Self, watch::Receiver<u64>), StoreError> {
        let (state, receiver) = GroupCommit::new(application, connection, epoch, measures.clone())?;
        let (sender, inbox) = mpsc::channel(queue.max(1));
        let thread = thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || serve(state, inbox))
            .map_err(|error| StoreError::Failed(format!("the writer's thread: {error}")))?;
        Ok((Writer { queue: Some(sender), thread: Some(thread), measures }, receiver))
    }

    /// Hands a command over, or refuses it when too many wait already.
    pub(crate) fn send(&self, command: Command) -> Result<(), StoreError> {
        let Some(queue) = &self.queue else { return Err(ended()) };
        queue.try_send(command).map_err(|error| match error {
            TrySendError::Full(_) => {
                self.measures.writer_busy.increment();
                StoreError::Busy
            }
            TrySendError::Closed(_) => ended(),
        })
    }

    /// How many commands wait.
    pub(crate) fn queue_length(&self) -> usize {
        self.queue.as_ref().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }
}

/// The error of a command whose writer is gone.
pub(crate) fn ended() -> StoreError {
    StoreError::Failed("the writer has ended".to_owned())
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the writer's thread panicked");
        }
    }
}

/// Commits groups until nobody can send any more. While one group waits for the disk, the next one gathers in the queue.
fn serve(mut state: GroupCommit, mut inbox: mpsc::Receiver<Command>) {
    let mut waiting = VecDeque::with_capacity(GROUP_COMMANDS);
    while let Some(first) = waiting.pop_front().or_else(|| inbox.blocking_recv()) {
        waiting.push_front(first);
        while waiting.len() < GROUP_COMMANDS
            && let Ok(command) = inbox.try_recv()
        {
            waiting.push_back(command);
        }
        state.commit(&mut waiting);
    }
    close(&state.connection);
}

/// Moves the log into the database, so that what is left is one file.
fn close(connection: &Connection) {
    let checkpoint = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    if let Err(error) = checkpoint.map_err(store_error) {
        tracing::warn!(%error, "the log was not moved into the database; it will be at the next start");
    }
}
