//! Lanes: what runs groups. While one waits for the disk, the next gathers what comes.

use super::super::finish::{Finished, LookedUp, Unanswered};
use super::super::pool::Pooled;
use super::super::store::Inner;
use super::super::transact::transact;
use super::commit::Writes;
use super::facts::{Facts, Needs};
use super::overlay::KeyHasher;
use super::rows::{GroupRows, State};
use super::{BEGIN, GROUP_COMMANDS, MAX_PASSES};
use crate::postgres::connect::reason;
use mainstay_expr::ModelId;
use mainstay_ports::{Committed, Outcome, Position, Step, StoreError, Transaction, execute};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// The queue to the lanes. They end when it is dropped and empty.
pub(crate) struct Lanes(mpsc::Sender<Command>);

/// A transaction, and where the answer goes.
struct Command {
    transaction: Arc<Transaction>,
    reply: oneshot::Sender<Result<Committed, StoreError>>,
    /// Whether its group was rolled back because of a receipt, which may have been its own.
    raced: bool,
}

/// A command that was run.
struct Ran {
    result: Result<Vec<Outcome>, StoreError>,
    state: State,
    /// How many changes there were in the group up to and with its own.
    changes: usize,
}

/// What the commands of a group came to.
#[derive(Default)]
struct Run {
    ran: Vec<Ran>,
    needs: Needs,
    written: Writes,
}

struct Lane {
    inner: Arc<Inner>,
    queue: Arc<Mutex<mpsc::Receiver<Command>>>,
    hasher: KeyHasher,
}

impl Lanes {
    /// Starts so many lanes, each on a thread of its own: they compute as much as they wait.
    pub(crate) fn start(inner: &Arc<Inner>, lanes: usize, capacity: usize) -> Result<Self, String> {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        let queue = Arc::new(Mutex::new(receiver));
        for _ in 0..lanes {
            let lane = Lane { inner: inner.clone(), queue: queue.clone(), hasher: KeyHasher::default() };
            let runtime = Handle::current();
            let spawned = thread::Builder::new()
                .name("postgres-lane".to_owned())
                .spawn(move || runtime.block_on(lane.serve()));
            spawned.map_err(|error| format!("the thread of a lane: {error}"))?;
        }
        Ok(Lanes(sender))
    }

    /// Runs a transaction in a group, or by itself when it turns out not to fit.
    pub(crate) async fn transact(&self, transaction: Arc<Transaction>) -> Result<Committed, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.0.try_send(Command { transaction, reply, raced: false }).map_err(|_| StoreError::Busy)?;
        let unanswered = || StoreError::OutcomeUnknown("a lane has ended without an answer".to_owned());
        answer.await.unwrap_or_else(|_| Err(unanswered()))
    }
}

impl Lane {
    async fn serve(self) {
        while let Some(commands) = self.next().await {
            let started = Instant::now();
            self.inner.measures.group_size.observe(commands.len() as u64);
            self.group(commands).await;
            self.inner.measures.group_time.observe_time(started.elapsed());
        }
    }

    /// All that waits, as soon as there is something; `None` when nothing will come any more.
    async fn next(&self) -> Option<Vec<Command>> {
        let mut queue = self.queue.lock().await;
        let mut commands = vec![queue.recv().await?];
        while commands.len() < GROUP_COMMANDS
            && let Ok(command) = queue.try_recv()
        {
            commands.push(command);
        }
        Some(commands)
    }

    /// Commits commands as a group, without those that do not fit or that it failed because of.
    async fn group(&self, mut commands: Vec<Command>) {
        while !commands.is_empty() {
            match self.inner.writers.take().await {
                Ok(connection) => commands = self.attempt(commands, connection).await,
                Err(error) => {
                    // They have waited for one as long as they may.
                    let why = || match &error {
                        StoreError::Busy => StoreError::Busy,
                        error => StoreError::Unreachable(error.to_string()),
                    };
                    commands.into_iter().for_each(|command| command.answer(Err(why())));
                    return;
                }
            }
        }
    }

    /// Runs and commits commands once. Answers those that are to be tried again as a group.
    async fn attempt(&self, commands: Vec<Command>, connection: Pooled) -> Vec<Command> {
        let mut is_begun = false;
        let run = match self.run_known(&commands, &connection, &mut is_begun).await {
            Ok(run) => run,
            Err(error) => {
                tracing::debug!(%error, "a group could not ask");
                give_up(connection, is_begun).await;
                if matches!(error, StoreError::Busy) {
                    self.inner.locked.look().await;
                }
                self.all_alone(commands);
                return Vec::new();
            }
        };
        let (started, known) = (Instant::now(), self.inner.end.get());
        if run.written.is_empty() {
            give_up(connection, is_begun).await;
            self.answer(commands, run, known);
            return Vec::new();
        }
        let application = &self.inner.application;
        let begin = if is_begun { "" } else { BEGIN };
        match run.written.commit(&connection, application, begin, known).await {
            Finished::Committed(appended) => {
                self.inner.measures.commit_time.observe_time(started.elapsed());
                let last = appended.map_or(known, |appended| Position { offset: appended.offset, ..known });
                if last != known {
                    self.inner.advance(last);
                }
                drop(connection);
                self.answer(commands, run, last);
                Vec::new()
            }
            Finished::RolledBack(error) => {
                self.inner.measures.group_failures.increment();
                give_up(connection, true).await;
                if error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
                    self.inner.locked.look().await;
                }
                self.sort_out(commands, &run, &error)
            }
            Finished::Unanswered { error, number } => {
                connection.discard();
                let changes = &run.written.changes;
                let commit = Unanswered { number: number.as_deref(), changes, known };
                let looked_up = commit.look_up(&self.inner.readers).await;
                self.settle(commands, run, &error, looked_up);
                Vec::new()
            }
        }
    }

    /// Answers by what became of a commit whose answer was lost, as far as that is known.
    fn settle(&self, commands: Vec<Command>, run: Run, error: &Error, looked_up: Option<LookedUp>) {
        match looked_up {
            Some(LookedUp::Committed(last)) => {
                self.inner.advance(last);
                self.answer(commands, run, last);
            }
            Some(LookedUp::RolledBack) => self.all_alone(commands),
            None => {
                let detail = format!("PostgreSQL, in a commit: {}", reason(error));
                let unknown = || StoreError::OutcomeUnknown(detail.clone());
                commands.into_iter().for_each(|command| command.answer(Err(unknown())));
            }
        }
    }

    /// Runs the commands until all that they ask is known.
    async fn run_known(
        &self,
        commands: &[Command],
        connection: &Pooled,
        is_begun: &mut bool,
    ) -> Result<Run, StoreError> {
        let mut facts = Facts::default();
        let mut run = self.run(commands, &facts, true);
        for _ in 1..MAX_PASSES {
            if run.needs.is_empty() {
                break;
            }
            let needs = std::mem::take(&mut run.needs);
            self.inner.measures.group_questions.increment();
            let begin = if *is_begun { "" } else { BEGIN };
            *is_begun = true;
            facts.ask(connection, &self.inner.application, needs, begin).await?;
            run = self.run(commands, &facts, false);
        }
        Ok(run)
    }

    /// Runs the commands one after the other over what is known.
    fn run(&self, commands: &[Command], facts: &Facts, is_first: bool) -> Run {
        let mut run = Run::default();
        for command in commands {
            if is_first {
                run.needs.named(&command.transaction);
            }
            self.run_one(&command.transaction, facts, &mut run);
        }
        run
    }

    fn run_one(&self, transaction: &Transaction, facts: &Facts, run: &mut Run) {
        let mut rows = GroupRows {
            application: &self.inner.application,
            unique_keys: &self.inner.shared.group_keys,
            hasher: &self.hasher,
            facts,
            before: &run.written.records,
            needs: &mut run.needs,
            own: Writes::default(),
            state: State::Sure,
        };
        let executed =
            catch_unwind(AssertUnwindSafe(|| execute(&self.inner.application, transaction, &mut rows)));
        let GroupRows { own, state, .. } = rows;
        // One that panics does so by itself too, and says so there.
        let (result, state) =
            executed.map_or((Err(StoreError::Busy), State::Unfit), |result| (result, state));
        if result.is_ok() && state == State::Sure {
            run.written.extend(own);
        }
        run.ran.push(Ran { result, state, changes: run.written.changes.len() });
    }

    /// Tells everybody what their command came to. `last` is where the group's last change is, or the end of the feed as it is known where it has none.
    fn answer(&self, commands: Vec<Command>, run: Run, last: Position) {
        let total = run.written.changes.len();
        for (command, ran) in commands.into_iter().zip(run.ran) {
            if ran.state != State::Sure {
                self.send_alone(command);
                continue;
            }
            let offset = last.offset - (total - ran.changes) as u64;
            let position = Position { offset, ..last };
            tracing::debug!(request_id = command.transaction.request_id, offset, "committed in a group");
            command.answer(ran.result.map(|outcomes| Committed { outcomes, position }));
        }
    }

    /// Sends what may have been at fault by itself, and answers the others.
    fn sort_out(&self, commands: Vec<Command>, run: &Run, error: &Error) -> Vec<Command> {
        let table = error.as_db_error().and_then(|error| error.table());
        let model = table.and_then(|table| self.inner.application.model_named(table));
        let is_unique = error.code() == Some(&SqlState::UNIQUE_VIOLATION);
        let Some(model) = model.filter(|_| is_unique) else {
            tracing::debug!(error = %reason(error), "a group failed");
            self.all_alone(commands);
            return Vec::new();
        };
        let mut others = Vec::new();
        for (mut command, ran) in commands.into_iter().zip(&run.ran) {
            if ran.state != State::Sure || command.is_suspect(model.id) {
                self.send_alone(command);
            } else {
                command.raced |= command.keeps(model.id);
                others.push(command);
            }
        }
        others
    }

    fn all_alone(&self, commands: Vec<Command>) {
        commands.into_iter().for_each(|command| self.send_alone(command));
    }

    fn send_alone(&self, command: Command) {
        self.inner.measures.group_left.increment();
        let inner = self.inner.clone();
        tokio::spawn(async move {
            let result = transact(&inner, command.transaction.clone()).await;
            command.answer(result);
        });
    }
}

/// Ends what was begun, or gives the connection up.
async fn give_up(connection: Pooled, is_begun: bool) {
    if is_begun && connection.client.batch_execute("ROLLBACK").await.is_err() {
        connection.discard();
    }
}

impl Command {
    /// Whether a value that was taken in a model may have been this command's. Of two that race for a receipt the later one finds it when it is run
    /// again, so that all may try once more together.
    fn is_suspect(&self, model: ModelId) -> bool {
        let writes = |step: &Step| step.model() == model;
        self.transaction.steps.iter().any(writes) || self.raced && self.keeps(model)
    }

    /// Whether its receipt is a record of this model.
    fn keeps(&self, model: ModelId) -> bool {
        self.transaction.receipt.as_ref().is_some_and(|receipt| receipt.create.model == model)
    }

    /// That nobody listens any more is no fault: the request may have been given up.
    fn answer(self, result: Result<Committed, StoreError>) {
        let _ = self.reply.send(result);
    }
}
