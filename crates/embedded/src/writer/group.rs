//! Group commit: many commands, one transaction of SQLite, one wait for the disk.
//!
//! Each command that could have to be undone alone has a savepoint, so that one that is refused does not take its neighbours
//! with it. A command of a single step is refused before it writes, or by the write itself, and needs none. Nobody is answered before the commit; when that fails, all are told so, and nothing of the group is in the database.

use super::fault::{Abort, Fault};
use super::log::Log;
use super::recovery::{Place, Suspended, Wait};
use super::{Command, Setup};
use crate::Measures;
use crate::answers::Answers;
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

/// What the writer knows, whether it can write or not.
pub(super) struct Shared {
    pub(super) application: Arc<Application>,
    statements: Vec<RowStatements>,
    pub(super) place: Place,
    pub(super) epoch: u64,
    /// The end of the feed, with the changes of the group at hand.
    pub(super) end: End,
    /// The end of the feed as of the last commit.
    published: watch::Sender<u64>,
    /// What keeps writes from being done.
    pub(super) health: watch::Sender<Option<Fault>>,
    pub(super) wait: Wait,
    pub(super) measures: Arc<Measures>,
}

/// The writer's state while it can write.
pub(super) struct GroupCommit {
    pub(super) shared: Shared,
    pub(super) log: Log,
    answers: Answers,
    /// SQLite's count of what other processes have committed, as of the last look at what they could have noted.
    looked_at: Option<i64>,
}

/// What others see of the writer.
pub(crate) struct Watched {
    /// The end of the feed as of the last commit.
    pub(crate) end: watch::Receiver<u64>,
    /// What keeps writes from being done.
    pub(crate) health: watch::Receiver<Option<Fault>>,
}

/// What a command came to, to be told when it is durable.
enum Done {
    Transacted(Vec<Outcome>, u64),
    Trimmed(u64),
}

impl GroupCommit {
    /// The state before the first group, and what tells of it.
    pub(super) fn new(connection: Connection, setup: Setup) -> Result<(Self, Watched), StoreError> {
        let end = End::read(&connection)?;
        let (published, end_receiver) = watch::channel(end.offset);
        let (health, health_receiver) = watch::channel(None);
        let Setup { application, epoch, place, measures } = setup;
        let statements = RowStatements::of(&application);
        let log = Log::new(connection).map_err(store_error)?;
        let wait = Wait::shortest();
        let shared = Shared { application, statements, place, epoch, end, published, health, wait, measures };
        let answers = Answers::new(shared.application.models.len());
        let state = GroupCommit { answers, shared, log, looked_at: None };
        state.measure_feed();
        state.measure_trimming();
        Ok((state, Watched { end: end_receiver, health: health_receiver }))
    }

    /// The state behind a fault, on a new connection and with the end of the feed that is there.
    pub(super) fn resume(shared: Shared, log: Log, end: End) -> Self {
        let answers = Answers::new(shared.application.models.len());
        let mut state = GroupCommit { answers, shared, log, looked_at: None };
        state.shared.end = end;
        state.publish();
        state
    }

    /// Gives up the connection. What it had not committed, or had failed to, is gone with it as far as readers are concerned.
    pub(super) fn suspend(self, fault: Fault) -> Suspended {
        Suspended { shared: self.shared, fault }
    }

    fn connection(&self) -> &Connection {
        &self.log.connection
    }

    fn publish(&self) {
        self.measure_feed();
        let offset = self.shared.end.offset;
        self.shared.published.send_if_modified(|end| std::mem::replace(end, offset) != offset);
    }

    /// Executes and commits commands from the front of `waiting`, at least one, and answers them. With an error, the disk is at fault and
    /// this connection is not to be used any more.
    pub(super) fn commit(&mut self, waiting: &mut VecDeque<Command>) -> Result<(), Fault> {
        let started = Instant::now();
        let committed = self.shared.end;
        match self.attempt(waiting, started) {
            Ok(results) => {
                self.shared.measures.group_size.observe(results.len() as u64);
                self.shared.measures.group_time.observe_time(started.elapsed());
                self.publish();
                self.shared.wait = Wait::shortest();
                tracing::debug!(
                    commands = results.len(),
                    changes = self.shared.end.offset - committed.offset,
                    micros = started.elapsed().as_micros() as u64,
                    "committed a group"
                );
                let commands = waiting.drain(..results.len());
                commands.zip(results).for_each(|(command, result)| self.answer(command, result));
                self.log.keep_short()
            }
            Err((executed, abort)) => {
                self.roll_back();
                self.answers.forget();
                self.shared.end = committed;
                let fault = abort.fault();
                // Known before anybody is answered: who is refused and asks whether the store is well shall hear that it is not.
                if fault.is_some() {
                    self.shared.health.send_replace(fault.clone());
                }
                let stopped = fault.is_some();
                tracing::error!(
                    ?abort,
                    commands = executed,
                    writes_stopped = stopped,
                    "a group was not committed"
                );
                let commands = waiting.drain(..executed);
                commands.for_each(|command| self.answer(command, Err(abort.clone().into())));
                fault.map_or(Ok(()), Err)
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
        self.run_plainly("BEGIN IMMEDIATE").map_err(|error| (waiting.len(), Abort::of_begin(error)))?;
        self.require_here().map_err(|abort| (waiting.len(), abort))?;
        let mut results = Vec::with_capacity(waiting.len());
        for command in waiting {
            let result = self.execute(command, alone).map_err(|abort| (results.len() + 1, abort))?;
            results.push(result);
            if started.elapsed() > GROUP_TIME {
                break;
            }
        }
        if !self.connection().is_autocommit() {
            let committing = Instant::now();
            self.run_plainly("COMMIT").map_err(|error| (results.len(), Abort::of_commit(&error)))?;
            self.shared.measures.commit_time.observe_time(committing.elapsed());
        }
        Ok(results)
    }

    /// Sees that the data did not go elsewhere. Only another process notes that they did, so there is nothing to look at as long as none has written.
    fn require_here(&mut self) -> Result<(), Abort> {
        let version = self.connection().prepare_cached("PRAGMA data_version");
        let version = version.and_then(|mut asked| asked.query_row([], |row| row.get(0)));
        let version: i64 = version.map_err(store_error)?;
        if self.looked_at != Some(version) {
            let moved =
                crate::copy::moved(self.connection()).map_err(|error| Abort::Failed(error.to_string()))?;
            moved.map_or(Ok(()), |moved| Err(Abort::Moved(moved.to)))?;
            self.looked_at = Some(version);
        }
        Ok(())
    }

    /// Executes a command and undoes it when it was refused. An `Abort` concerns the whole group.
    fn execute(&mut self, command: &Command, alone: bool) -> Result<Result<Done, StoreError>, Abort> {
        let mut rows = SqliteRows {
            application: &self.shared.application,
            connection: &self.log.connection,
            deadline: &self.log.deadline,
            statements: &self.shared.statements,
            answers: &mut self.answers,
            epoch: self.shared.epoch,
            end: self.shared.end,
            guarded: !alone && !command.is_one_write(),
            savepoint: false,
            dirty: false,
        };
        let result = match command {
            Command::Transact { transaction, .. } => {
                transact(&self.shared.application, transaction, &mut rows)
            }
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
                self.shared.end = end;
                Ok(Ok(done))
            }
            // There is no telling what a full or failed disk, or an error that ended SQLite's transaction, has left of the others.
            Err(error @ (StoreError::DiskFull | StoreError::DiskFailed(_))) => Err(error.into()),
            Err(error) if self.connection().is_autocommit() => Err(error.into()),
            Err(error) if savepoint => self.undo(&["ROLLBACK TO command", "RELEASE command"], error),
            Err(error) if !dirty => Ok(Err(error)),
            Err(error) if alone => self.undo(&["ROLLBACK"], error),
            // Nothing tells its writes from those of its neighbours.
            Err(error) => Err(error.into()),
        }
    }

    /// Takes back what a refused command wrote.
    fn undo(&mut self, statements: &[&str], error: StoreError) -> Result<Result<Done, StoreError>, Abort> {
        self.answers.forget();
        for statement in statements {
            self.run(statement)?;
        }
        Ok(Err(error))
    }

    fn roll_back(&self) {
        if !self.connection().is_autocommit()
            && let Err(error) = self.run("ROLLBACK")
        {
            tracing::error!(%error, "a group was not rolled back");
        }
    }

    fn run(&self, statement: &str) -> Result<(), StoreError> {
        self.run_plainly(statement).map_err(store_error)
    }

    fn run_plainly(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection().prepare_cached(statement)?.execute([]).map(|_| ())
    }

    fn measure_feed(&self) {
        self.shared.measures.feed_end.set(self.shared.end.offset);
        self.shared.measures.feed_written_bytes.set(self.shared.end.bytes);
    }

    /// A start that cannot be read is no reason to fail: the feed's size is then shown as it was.
    fn measure_trimming(&self) {
        if let Ok(start) = feed::start(self.connection()) {
            self.shared.measures.feed_trimmed_bytes.set(start.bytes);
        }
    }

    /// Tells the one who asked. That nobody listens any more is no fault: the request may have been given up.
    fn answer(&self, command: Command, result: Result<Done, StoreError>) {
        self.shared.measures.note_command(result.as_ref().err());
        match (command, result) {
            (Command::Transact { transaction, reply }, Ok(Done::Transacted(outcomes, offset))) => {
                tracing::debug!(request_id = transaction.request_id, offset, "committed");
                let position = Position { epoch: self.shared.epoch, offset };
                let _ = reply.send(Ok(Committed { outcomes, position }));
            }
            (Command::TrimFeed { reply, .. }, Ok(Done::Trimmed(count))) => {
                self.measure_trimming();
                drop(reply.send(Ok(count)));
            }
            (command, Err(error)) => command.refuse(error),
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
