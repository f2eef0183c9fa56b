//! Transactions with a connection of their own.

use super::connect::reason;
use super::error::store_error;
use super::feed::{NewChanges, Receipts};
use super::finish::{Finished, LookedUp, Unanswered};
use super::held::Held;
use super::pool::Pooled;
use super::rows::PostgresRows;
use super::session::{FIRST_LOCK_TIMEOUT, LOCK_TIMEOUT};
use super::store::Inner;
use mainstay_ports::{Committed, Isolation, Position, Step, StoreError, Transaction, execute};
use mainstay_sql::postgres::RowLock;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// How often a transaction is run that meets others.
const TRIES: u32 = 10;
/// The longest wait before the second try; it doubles.
const FIRST_WAIT: Duration = Duration::from_millis(5);

/// Runs a transaction, again when it met others and was rolled back because of them.
pub(crate) async fn transact(
    inner: &Arc<Inner>,
    transaction: Arc<Transaction>,
) -> Result<Committed, StoreError> {
    let is_serializable = transaction.isolation == Isolation::Serializable;
    let (mut tries, mut patience) = (1, FIRST_LOCK_TIMEOUT);
    loop {
        inner.locked.until_writable(&transaction).await?;
        let waiting = Instant::now();
        let connection = inner.writers.take().await?;
        inner.measures.writer_wait.observe_time(waiting.elapsed());
        let started = Instant::now();
        let (run_by, running) = (inner.clone(), transaction.clone());
        let ran = tokio::task::spawn_blocking(move || run(&run_by, connection, &running, patience)).await;
        inner.measures.transaction_time.observe_time(started.elapsed());
        match ran.unwrap_or_else(|error| Err(StoreError::Failed(error.to_string()))) {
            // Nobody gets a lock for longer than that.
            Err(StoreError::Busy) if started.elapsed() >= LOCK_TIMEOUT => return Err(StoreError::Busy),
            Err(StoreError::Busy | StoreError::Unreachable(_)) if tries < TRIES => {
                inner.measures.retries.increment();
                if started.elapsed() >= FIRST_LOCK_TIMEOUT {
                    inner.locked.look().await;
                    patience = LOCK_TIMEOUT;
                }
                tokio::time::sleep(wait(tries)).await;
                tries += 1;
            }
            // A transaction that asks for less does not know this error.
            Err(StoreError::Busy) if is_serializable => return Err(StoreError::Contended),
            result => return result,
        }
    }
}

/// Anything up to the time of this try, so that those who met do not meet again.
fn wait(tries: u32) -> Duration {
    let longest = FIRST_WAIT * 2_u32.pow(tries.min(7));
    let share = uuid::Uuid::now_v7().as_u128() as u8;
    longest * u32::from(share) / 255
}

/// Runs a transaction once, on a thread that may block.
fn run(
    inner: &Inner,
    connection: Pooled,
    transaction: &Transaction,
    patience: Duration,
) -> Result<Committed, StoreError> {
    let runtime = Handle::current();
    let mut rows = PostgresRows {
        application: &inner.application,
        connection: &connection,
        runtime: runtime.clone(),
        shared: &inner.shared,
        measures: &inner.measures,
        lock: lock(transaction),
        held: Held::default(),
        changes: NewChanges::default(),
        receipts: Receipts::default(),
    };
    let done = attempt(inner, &runtime, &mut rows, transaction, patience);
    drop(rows);
    if done.is_err() && runtime.block_on(connection.client.batch_execute("ROLLBACK")).is_err() {
        // Nobody knows what is open in it.
        connection.discard();
    }
    done
}

fn attempt(
    inner: &Inner,
    runtime: &Handle,
    rows: &mut PostgresRows<'_>,
    transaction: &Transaction,
    patience: Duration,
) -> Result<Committed, StoreError> {
    let begin = match transaction.isolation {
        Isolation::ReadCommitted => "BEGIN",
        Isolation::Serializable => "BEGIN ISOLATION LEVEL SERIALIZABLE",
    };
    let begin = format!("{begin}; SET LOCAL lock_timeout = {}", patience.as_millis());
    runtime.block_on(rows.connection.client.batch_execute(&begin)).map_err(store_error)?;
    rows.hold_named(transaction)?;
    let executed = catch_unwind(AssertUnwindSafe(|| execute(&inner.application, transaction, rows)));
    let outcomes = executed.unwrap_or_else(|_| {
        Err(StoreError::Failed(format!("the command of request {} panicked", transaction.request_id)))
    })?;
    let (committing, known) = (Instant::now(), inner.end.get());
    let offset = match runtime.block_on(rows.commit(known)) {
        Finished::Committed(appended) => appended.map_or(known.offset, |appended| appended.offset),
        Finished::RolledBack(error) => return Err(store_error(error)),
        Finished::Unanswered { error, number } => {
            let commit = Unanswered { number: number.as_deref(), changes: &rows.changes, known };
            runtime.block_on(looked_up(inner, &error, &commit))?
        }
    };
    inner.measures.commit_time.observe_time(committing.elapsed());
    let position = Position { offset, ..known };
    if position != known {
        inner.advance(position);
    }
    tracing::debug!(request_id = transaction.request_id, offset, "committed");
    Ok(Committed { outcomes, position })
}

/// The number of the last change of a commit whose answer was lost, when it took effect.
async fn looked_up(
    inner: &Inner,
    error: &tokio_postgres::Error,
    commit: &Unanswered<'_>,
) -> Result<u64, StoreError> {
    let detail = format!("PostgreSQL, in a commit: {}", reason(error));
    match commit.look_up(&inner.readers).await {
        Some(LookedUp::Committed(last)) => Ok(last.offset),
        Some(LookedUp::RolledBack) => Err(StoreError::Unreachable(detail)),
        None => Err(StoreError::OutcomeUnknown(detail)),
    }
}

/// A record that is to be deleted is locked against those who begin to point to it.
fn lock(transaction: &Transaction) -> RowLock {
    let deletes = |step: &Step| {
        matches!(step, Step::Delete(_) | Step::Restore(_) | Step::Purge(_) | Step::DeleteMany(_))
    };
    if transaction.steps.iter().any(deletes) { RowLock::Update } else { RowLock::NoKeyUpdate }
}
