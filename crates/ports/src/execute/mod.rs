//! The one write path: what each step of a transaction means, over any engine's rows.
//!
//! For every step: authorise, validate, write the row, append the change. An adapter opens a transaction of its
//! engine, hands its rows to [`execute`], and commits or rolls back by the answer. Rules come from the application and
//! not from the caller, so that no feature can forget them.

mod check;
mod delete;
mod judge;
mod many;
mod write;

use crate::{
    Authority, NewChange, Operation, Outcome, Receipt, Record, Rejection, Step, StoreError, Transaction,
};
use judge::Judge;
use mainstay_expr::{FieldId, ModelId, Predicate};
use mainstay_model::{Application, Model};
use std::borrow::Cow;
use uuid::Uuid;

/// The most records that one step may delete or restore.
pub const MAX_CASCADE: usize = 100_000;

/// The rows of an engine, within an open transaction of it.
pub trait Rows {
    /// The record of this id, deleted or not. It stays as it is until the transaction ends, but for what the transaction itself writes.
    ///
    /// # Errors
    /// When the engine fails, as in all of these methods.
    fn get(&mut self, model: ModelId, id: Uuid) -> Result<Option<Record>, StoreError>;

    /// As [`Rows::get`], for a record that is read and not written: it stays as it is until the transaction ends. Others may hold it as well, at
    /// the same time.
    ///
    /// # Errors
    /// See [`Rows::get`].
    fn hold(&mut self, model: ModelId, id: Uuid) -> Result<Option<Record>, StoreError> {
        self.get(model, id)
    }

    /// Adds a record. The inner error names the fields of a unique index that another live record fills alike, or the id alone where a
    /// record has it, be it deleted.
    ///
    /// # Errors
    /// See [`Rows::get`].
    fn insert(&mut self, model: ModelId, record: &Record) -> Result<Result<(), Vec<FieldId>>, StoreError>;

    /// Replaces a record by its id. The inner error is as for [`Rows::insert`].
    ///
    /// # Errors
    /// See [`Rows::get`].
    fn replace(&mut self, model: ModelId, record: &Record) -> Result<Result<(), Vec<FieldId>>, StoreError>;

    /// Removes a record.
    ///
    /// # Errors
    /// See [`Rows::get`].
    fn remove(&mut self, model: ModelId, id: Uuid) -> Result<(), StoreError>;

    /// Records of `model`, deleted or not, for which a predicate over [`mainstay_expr::Source::Record`] holds, up to `limit`.
    ///
    /// # Errors
    /// See [`Rows::get`].
    fn find(&mut self, model: ModelId, filter: &Predicate, limit: usize) -> Result<Vec<Record>, StoreError>;

    /// As [`Rows::find`], the ids alone, and for a condition that a stranger wrote: it must not hold up others for long.
    ///
    /// # Errors
    /// [`StoreError::Timeout`] when it would; see [`Rows::get`].
    fn search(&mut self, model: ModelId, filter: &Predicate, limit: usize) -> Result<Vec<Uuid>, StoreError>;

    /// Whether a closed predicate holds of what is there now.
    ///
    /// # Errors
    /// See [`Rows::get`].
    fn holds(&mut self, closed: &Predicate) -> Result<bool, StoreError>;

    /// Appends a change to the feed.
    ///
    /// # Errors
    /// See [`Rows::get`].
    fn append(&mut self, change: NewChange<'_>) -> Result<(), StoreError>;

    /// As [`Rows::insert`], but for the field `position`, which takes the place in the feed behind what was appended. It is the last that
    /// happens, and an engine that numbers at the commit fills the field in then.
    ///
    /// # Errors
    /// See [`Rows::get`].
    fn keep(
        &mut self,
        model: ModelId,
        record: Record,
        position: FieldId,
    ) -> Result<Result<(), Vec<FieldId>>, StoreError>;
}

/// A transaction being executed.
pub struct Execution<'a> {
    application: &'a Application,
    transaction: &'a Transaction,
    rows: &'a mut dyn Rows,
    judge: Judge,
}

/// Why a step ended early.
enum Stop {
    Rejected(Rejection),
    Failed(StoreError),
}

impl From<Rejection> for Stop {
    fn from(rejection: Rejection) -> Self {
        Stop::Rejected(rejection)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Stop::Failed(error)
    }
}

/// Executes a transaction on `rows`. The adapter commits on `Ok` and rolls back on `Err`.
///
/// Every step is tried, also behind one that was refused, so that a client learns of all faults of a batch at once.
///
/// # Errors
/// [`StoreError::Rejected`] with each refused step, or what the engine failed with.
pub fn execute(
    application: &Application,
    transaction: &Transaction,
    rows: &mut dyn Rows,
) -> Result<Vec<Outcome>, StoreError> {
    let mut execution = Execution { application, transaction, rows, judge: Judge::default() };
    execution.require_fences()?;
    let mut outcomes = Vec::with_capacity(transaction.steps.len());
    let mut rejections = Vec::new();
    for (index, step) in transaction.steps.iter().enumerate() {
        match execution.step(step) {
            Ok(outcome) => outcomes.push(outcome),
            Err(Stop::Rejected(rejection)) => rejections.push((index, rejection)),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
    if let (Some(receipt), true) = (&transaction.receipt, rejections.is_empty()) {
        match execution.keep(receipt, &outcomes) {
            Ok(()) => {}
            Err(Stop::Rejected(rejection)) => rejections.push((outcomes.len(), rejection)),
            Err(Stop::Failed(error)) => return Err(error),
        }
    }
    if rejections.is_empty() { Ok(outcomes) } else { Err(StoreError::Rejected(rejections)) }
}

impl Execution<'_> {
    fn step(&mut self, step: &Step) -> Result<Outcome, Stop> {
        match step {
            Step::Create(create) => self.create(create),
            Step::Update(update) => self.update(update),
            Step::Put(put) => self.put(put),
            Step::Delete(delete) => self.delete(delete),
            Step::Restore(restore) => self.restore(restore),
            Step::Purge(purge) => self.purge(purge),
            Step::UpdateMany(update) => self.update_many(update),
            Step::DeleteMany(delete) => self.delete_many(delete),
            Step::Check(check) => self.check(check),
            Step::CheckMany(check) => self.check_many(check),
        }
    }

    /// Makes the record of a receipt.
    fn keep(&mut self, receipt: &Receipt, outcomes: &[Outcome]) -> Result<(), Stop> {
        let create = &receipt.create;
        if self.rows.get(create.model, create.id)?.is_some() {
            return Err(Rejection::Exists.into());
        }
        let mut record = self.new_record(self.application.model(create.model), create);
        record.set(receipt.answer_field, (receipt.answer)(outcomes)?);
        let kept = match receipt.position_field {
            Some(position) => self.rows.keep(create.model, record, position)?,
            None => self.rows.insert(create.model, &record)?,
        };
        Ok(kept.map_err(Rejection::Unique)?)
    }

    fn now(&self) -> i64 {
        self.transaction.vars.now
    }

    fn is_system(&self) -> bool {
        self.transaction.authority == Authority::System
    }

    /// Appends a change to the feed. Of internal models it tells only what nodes must hear of each other, and no more than which record it was.
    fn append(
        &mut self,
        model: ModelId,
        operation: Operation,
        before: Option<&Record>,
        after: Option<&Record>,
    ) -> Result<(), Stop> {
        self.judge.forget();
        let Some(id) = before.or(after).map(Record::id) else { return Ok(()) };
        let Model { internal, announced, .. } = *self.application.model(model);
        if internal && !(announced && matches!(operation, Operation::Update | Operation::Delete)) {
            return Ok(());
        }
        let shown = |record| if internal { None } else { Some(self.without_secrets(model, record)) };
        let change = NewChange {
            model,
            id,
            operation,
            before: before.and_then(shown),
            after: after.and_then(shown),
            actor: self.transaction.vars.auth_id,
            request_id: &self.transaction.request_id,
            at: self.now(),
        };
        Ok(self.rows.append(change)?)
    }

    /// Most models have no secrets, so that most records go to the feed as they are.
    fn without_secrets<'r>(&self, model: ModelId, record: &'r Record) -> Cow<'r, Record> {
        let mut record = Cow::Borrowed(record);
        for field in self.application.model(model).fields.iter().filter(|field| field.is_secret()) {
            record.to_mut().set(field.id, mainstay_expr::Value::Null);
        }
        record
    }
}
