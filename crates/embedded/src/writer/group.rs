//! Group commit: many commands, one transaction of SQLite, one wait for the disk.
//!
//! Each command that could have to be undone alone has a savepoint, so that one that is refused does not take its neighbours
//! with it. A command of a single step is refused before it writes, or by the write itself, and needs none. Nobody is answered before the commit; when that fails, all are told so, and nothing of the group is in the database.

use super::Command;
use crate::Measures;
use crate::feed::{self, End};
use crate::rows::{RowStatements, SqliteRows};
use crate::sqlite_error::store_error;
use mainstay_model::Application;
use mainstay_ports::{Committed, Outcome, Position, StoreError, Transaction, execute};
use rusqlite::Connection;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a group executes before it is committed, whoever else waits: the first in it waits as long for its answer.
const GROUP_TIME: Duration = Duration::from_millis(20);

/// The writer's state.
pub(super) struct GroupCommit {
    application: Arc<Application>,
    pub(super) connection: Connection,
    statements: Vec<RowStatements>,
    /// The end of the feed, with the changes of the group at hand.
    end: End,
    epoch: u64,
    /// The end of the feed as of the last commit.
    published: watch::Sender<u64>,
    measures: Arc<Measures>,
}

/// What a command came to, to be told when it is durable.
enum Done {
    Transacted(Vec<Outcome>, u64),
    Trimmed(u64),
}

/// Why a whole group came to nothing.
#[derive(Debug, Clone)]
enum Abort {
    DiskFull,
    Failed(String),
}

impl From<StoreError> for Abort {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::DiskFull => Abort::DiskFull,
            other => Abort::Failed(other.to_string()),
        }
    }
}

impl From<Abort> for StoreError {
    fn from(abort: Abort) -> Self {
        match abort {
            Abort::DiskFull => StoreError::DiskFull,
            Abort::Failed(detail) => StoreError::Failed(detail),
        }
    }
}

impl GroupCommit {
    /// The state before the first group, and what tells the end of the feed.
    pub(super) fn new(
        application: Arc<Application>,
        connection: Connection,
        epoch: u64,
        measures: Arc<Measures>,
    ) -> Result<(Self, watch::Receiver<u64>), StoreError> {
        let end = End::read(&connection)?;
        let (published, receiver) = watch::channel(end.offset);
        let statements = RowStatements::of(&application);
        let state = GroupCommit { application, connection, statements, end, epoch, published, measures };
        state.measure_feed();
        state.measure_trimming();
        Ok((state, receiver))
    }

    /// Executes and commits commands from the front of `waiting`, at least one, and answers them.
    pub(super) fn commit(&mut self, waiting: &mut VecDeque<Command>) {
        let started = Instant::now();
        let committed = self.end;
        match self.attempt(waiting, started) {
            Ok(results) => {
                self.measures.group_size.observe(results.len() as u64);
                self.measures.group_time.observe_time(started.elapsed());
                self.measure_feed();
                self.published
                    .send_if_modified(|end| std::mem::replace(end, self.end.offset) != self.end.offset);
                tracing::debug!(
                    commands = results.len(),
                    changes = self.end.offset - committed.offset,
                    micros = started.elapsed().as_micros() as u64,
                    "committed a group"
                );
                let commands = waiting.drain(..results.len());
                commands.zip(results).for_each(|(command, result)| self.answer(command, result));
            }
            Err((executed, abort)) => {
                self.roll_back();
                self.end = committed;
                tracing::error!(?abort, commands = executed, "a group was not committed");
                let commands = waiting.drain(..executed);
                commands.for_each(|command| self.answer(command, Err(abort.clone().into())));
            }
        }
    }

    /// The results of the first commands, which are durable then; or how many of them the failure concerns.
    fn attempt(
        &mut self,
        waiting: &VecDeque<Command>,
        started: Instant,
    ) -> Result<Vec<Result<Done, StoreError>>, (usize, Abort)> {
        let alone = waiting.len() == 1;
        self.run("BEGIN IMMEDIATE").map_err(|error| (1, error.into()))?;
        let mut results = Vec::with_capacity(waiting.len());
        for command in waiting {
            let result = self.execute(command, alone).map_err(|abort| (results.len() + 1, abort))?;
            results.push(result);
            if started.elapsed() > GROUP_TIME {
                break;
            }
        }
        if !self.connection.is_autocommit() {
            let committing = Instant::now();
            self.run("COMMIT").map_err(|error| (results.len(), error.into()))?;
            self.measures.commit_time.observe_time(committing.elapsed());
        }
        Ok(results)
    }

    /// Executes a command and undoes it when it was refused. An `Abort` concerns the whole group.
    fn execute(&mut self, command: &Command, alone: bool) -> Result<Result<Done, StoreError>, Abort> {
        let mut rows = SqliteRows {
            application: &self.application,
            connection: &self.connection,
            statements: &self.statements,
            end: self.end,
            guarded: !alone && !command.is_one_write(),
            savepoint: false,
            dirty: false,
        };
        let result = match command {
            Command::Transact { transaction, .. } => transact(&self.application, transaction, &mut rows),
            Command::TrimFeed { before_micros, max_bytes, .. } => {
                rows.trim(*before_micros, *max_bytes).map(Done::Trimmed)
            }
        };
        let SqliteRows { end, savepoint, dirty, .. } = rows;
        match result {
            Ok(done) => {
                if savepoint {
                    self.run("RELEASE command")?;
                }
                self.end = end;
                Ok(Ok(done))
            }
            // There is no telling what a full disk, or an error that ended SQLite's transaction, has left of the others.
            Err(StoreError::DiskFull) => Err(Abort::DiskFull),
            Err(error) if self.connection.is_autocommit() => Err(error.into()),
            Err(error) if savepoint => self.undo(&["ROLLBACK TO command", "RELEASE command"], error),
            Err(error) if !dirty => Ok(Err(error)),
            Err(error) if alone => self.undo(&["ROLLBACK"], error),
            // Nothing tells its writes from those of its neighbours.
            Err(error) => Err(error.into()),
        }
    }

    /// Takes back what a refused command wrote.
    fn undo(&self, statements: &[&str], error: StoreError) -> Result<Result<Done, StoreError>, Abort> {
        for statement in statements {
            self.run(statement)?;
        }
        Ok(Err(error))
    }

    fn roll_back(&self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.run("ROLLBACK")
        {
            tracing::error!(%error, "a group was not rolled back");
        }
    }

    fn run(&self, statement: &str) -> Result<(), StoreError> {
        let mut prepared = self.connection.prepare_cached(statement).map_err(store_error)?;
        prepared.execute([]).map(|_| ()).map_err(store_error)
    }

    fn measure_feed(&self) {
        self.measures.feed_end.set(self.end.offset);
        self.measures.feed_written_bytes.set(self.end.bytes);
    }

    /// A start that cannot be read is no reason to fail: the feed's size is then shown as it was.
    fn measure_trimming(&self) {
        if let Ok(start) = feed::start(&self.connection) {
            self.measures.feed_trimmed_bytes.set(start.bytes);
        }
    }

    /// Tells the one who asked. That nobody listens any more is no fault: the request may have been given up.
    fn answer(&self, command: Command, result: Result<Done, StoreError>) {
        self.measures.note_command(result.as_ref().err());
        match (command, result) {
            (Command::Transact { transaction, reply }, Ok(Done::Transacted(outcomes, offset))) => {
                tracing::debug!(request_id = transaction.request_id, offset, "committed");
                let position = Position { epoch: self.epoch, offset };
                let _ = reply.send(Ok(Committed { outcomes, position }));
            }
            (Command::TrimFeed { reply, .. }, Ok(Done::Trimmed(count))) => {
                self.measure_trimming();
                drop(reply.send(Ok(count)));
            }
            (Command::Transact { reply, .. }, Err(error)) => drop(reply.send(Err(error))),
            (Command::TrimFeed { reply, .. }, Err(error)) => drop(reply.send(Err(error))),
            (_, Ok(_)) => unreachable!("a command has the result of its own kind"),
        }
    }
}

/// A panic, which is a fault of ours, costs the one command that ran into it and not the writer.
fn transact(
    application: &Application,
    transaction: &Transaction,
    rows: &mut SqliteRows<'_>,
) -> Result<Done, StoreError> {
    let executed = catch_unwind(AssertUnwindSafe(|| execute(application, transaction, rows)));
    let outcomes = executed.unwrap_or_else(|_| {
        Err(StoreError::Failed(format!("the command of request {} panicked", transaction.request_id)))
    })?;
    Ok(Done::Transacted(outcomes, rows.end.offset))
}

impl SqliteRows<'_> {
    fn trim(&mut self, before_micros: i64, max_bytes: u64) -> Result<u64, StoreError> {
        self.begin_write()?;
        self.dirty = true;
        feed::trim(self.connection, before_micros, max_bytes, self.end)
    }
}
