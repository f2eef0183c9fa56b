//! The writer: one thread, fed by a bounded queue.

mod fault;
mod group;
mod log;
mod recovery;
#[cfg(test)]
mod tests;

pub(crate) use group::Watched;
pub(crate) use recovery::Place;

use crate::Measures;
use group::GroupCommit;
use log::{Checkpoint, checkpoint};
use mainstay_model::Application;
use mainstay_ports::{Committed, Step, StoreError, Transaction};
use rusqlite::Connection;
use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};

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
        transaction.receipt.is_none()
            && matches!(transaction.steps.as_slice(), [Step::Create(_) | Step::Update(_) | Step::Put(_)])
    }

    /// Answers that it was not done. That nobody listens any more is no fault: the request may have been given up.
    fn refuse(self, error: StoreError) {
        match self {
            Command::Transact { reply, .. } => drop(reply.send(Err(error))),
            Command::TrimFeed { reply, .. } => drop(reply.send(Err(error))),
        }
    }
}

/// What a writer is started with, beside its connection.
pub(crate) struct Setup {
    pub(crate) application: Arc<Application>,
    pub(crate) epoch: u64,
    pub(crate) place: Place,
    pub(crate) measures: Arc<Measures>,
}

/// The writer's thread and the queue to it. When it is dropped, what waits is still done and the database is closed.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Command>>,
    thread: Option<JoinHandle<()>>,
    measures: Arc<Measures>,
}

impl Writer {
    /// Starts the thread.
    pub(crate) fn start(
        connection: Connection,
        setup: Setup,
        queue: usize,
    ) -> Result<(Self, Watched), StoreError> {
        let measures = setup.measures.clone();
        let (state, watched) = GroupCommit::new(connection, setup)?;
        let (sender, inbox) = mpsc::channel(queue.max(1));
        let thread = thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || serve(state, inbox))
            .map_err(|error| StoreError::Failed(format!("the writer's thread: {error}")))?;
        Ok((Writer { queue: Some(sender), thread: Some(thread), measures }, watched))
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

/// The error of a command that comes when the writer is gone.
pub(crate) fn ended() -> StoreError {
    StoreError::Failed("the writer has ended".to_owned())
}

/// The error of a command that the writer took along and never answered: it may have been committed before.
pub(crate) fn unanswered() -> StoreError {
    StoreError::OutcomeUnknown("the writer has ended without an answer".to_owned())
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
        if let Err(fault) = state.commit(&mut waiting) {
            match state.suspend(fault).recover(&mut waiting, &mut inbox) {
                Some(recovered) => state = recovered,
                // The log stays as it is, for the next start to recover from.
                None => return,
            }
        }
    }
    close(&state.log.connection);
}

/// Moves the log into the database, so that what is left is one file.
fn close(connection: &Connection) {
    if let Err(error) = checkpoint(connection, Checkpoint::Truncate) {
        tracing::warn!(%error, "the log was not moved into the database; it will be at the next start");
    }
}
