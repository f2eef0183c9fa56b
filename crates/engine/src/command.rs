//! Writes: one command or several, one transaction.

use crate::error::{fenced, rejected};
use crate::idempotency::repeated;
use crate::{Caller, Code, Done, Engine, Error, FieldError, Input, Part, View};
use mainstay_expr::{Frame, ModelId, Operand, Value, Vars};
use mainstay_model::{Default as FieldDefault, Isolation as IsolationSetting, Model, Rule};
use mainstay_ports::{
    Authority, Check, CheckMany, Committed, Create, Delete, Isolation, Outcome, Position, Put, Rejection,
    Restore, Step, StoreError, Transaction, Update,
};
use std::sync::Arc;
use uuid::Uuid;

/// A write.
#[derive(Debug, Clone)]
pub struct Command {
    /// The model.
    pub model: ModelId,
    /// What to do.
    pub action: Action,
}

/// What to do.
#[derive(Debug, Clone)]
pub enum Action {
    /// Make a record, with an id of the client's choice if it gives one.
    Create {
        /// The id.
        id: Option<Uuid>,
        /// The fields.
        input: Input,
    },
    /// Change fields of a record.
    Update {
        /// The id.
        id: Uuid,
        /// The fields.
        input: Input,
        /// The version that it must have.
        if_version: Option<i64>,
    },
    /// Make a record, or replace the one that has the id.
    Put {
        /// The id.
        id: Uuid,
        /// The fields.
        input: Input,
        /// The version that it must have.
        if_version: Option<i64>,
        /// Refuse to replace.
        only_create: bool,
    },
    /// Delete a record.
    Delete {
        /// The id.
        id: Uuid,
        /// The version that it must have.
        if_version: Option<i64>,
    },
    /// Bring a deleted record back.
    Restore {
        /// The id.
        id: Uuid,
        /// The version that it must have.
        if_version: Option<i64>,
    },
    /// See that a record is as it was read. It is not written.
    Check {
        /// The id.
        id: Uuid,
        /// A condition in CEL that must hold of it.
        filter: Option<String>,
        /// The version that it must have.
        if_version: Option<i64>,
    },
    /// See that as many records match as were found.
    CheckMany {
        /// A condition in CEL.
        filter: String,
        /// The fewest that may match.
        at_least: u32,
        /// The most that may match; `None` for any number.
        at_most: Option<u32>,
    },
}

impl Action {
    /// What stands behind the model in the name of its operation: `create` of `message.create`.
    fn verb(&self) -> &'static str {
        match self {
            Action::Create { .. } => "create",
            Action::Update { .. } => "update",
            Action::Put { .. } => "put",
            Action::Delete { .. } => "delete",
            Action::Restore { .. } => "restore",
            Action::Check { .. } => "get",
            Action::CheckMany { .. } => "list",
        }
    }
}

/// What a write did.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// The record's id; `None` of a check of many.
    pub id: Option<Uuid>,
    /// Whether it was made.
    pub created: bool,
    /// Whether it was deleted.
    pub deleted: bool,
    /// The record after the write; `None` when the caller may write it but not read it.
    pub view: Option<View>,
}

impl Engine {
    /// Runs a write.
    ///
    /// # Errors
    /// What the rules, the validations or the store object to.
    pub async fn write(
        &self,
        caller: &Caller,
        operation: &str,
        command: Command,
    ) -> Result<(Written, Position), Error> {
        let result = self.write_all(caller, operation, vec![command], Isolation::default()).await;
        let (mut written, position) = result.map_err(Error::or_first)?;
        let first = written.pop().ok_or_else(|| Error::internal("a transaction without an outcome"))?;
        Ok((first, position))
    }

    /// Runs writes in one transaction: all take effect, or none. What a check of many found would not keep still otherwise, so that one
    /// makes the transaction serializable.
    ///
    /// # Errors
    /// [`Code::BatchFailed`] with the error of each that failed in [`Error::parts`]; [`Code::SerializationFailed`].
    pub async fn write_all(
        &self,
        caller: &Caller,
        operation: &str,
        commands: Vec<Command>,
        isolation: Isolation,
    ) -> Result<(Vec<Written>, Position), Error> {
        let vars = caller.vars(operation, self.now());
        let targets: Arc<[Target]> = commands.iter().map(Target::of).collect();
        let mut steps = Vec::with_capacity(commands.len());
        let mut errors = Vec::new();
        for (index, command) in commands.into_iter().enumerate() {
            match self.require_scope(caller, &command).and_then(|()| self.step(command, &vars)) {
                Ok(step) => steps.push(step),
                Err(error) => errors.push((index, error)),
            }
        }
        if !errors.is_empty() {
            return Err(batch_error(errors));
        }
        let kept = targets.clone();
        let receipt = self.receipt_with_position(caller, move |idempotency, outcomes| {
            idempotency.encode(&Done::Written(&written(&kept, outcomes.to_vec())))
        });
        let transaction = Transaction::new(Authority::Caller, vars, &caller.request_id, steps);
        let searches = transaction.steps.iter().any(|step| matches!(step, Step::CheckMany(_)));
        let isolation = if searches { Isolation::Serializable } else { isolation };
        let fences = self.fences(caller).await?;
        let committed = self.commit(Transaction { receipt, fences, isolation, ..transaction }).await?;
        Ok((written(&targets, committed.outcomes), committed.position))
    }

    /// Sees that the caller's API key, if it is one, is for this write: a batch may hold what its operations may be called by alone.
    fn require_scope(&self, caller: &Caller, command: &Command) -> Result<(), Error> {
        let key = caller.identity.as_deref().and_then(|identity| identity.key.as_ref());
        key.map_or(Ok(()), |key| {
            let model = &self.application().model(command.model).name;
            key.require_named(&format!("{model}.{}", command.action.verb()))
        })
    }

    /// Runs a transaction, and forgets what was remembered of the accounts that it touched.
    pub(crate) async fn commit(&self, mut transaction: Transaction) -> Result<Committed, Error> {
        // What the engine does of its own accord asks no rules, which is what this is for.
        let serializable = self.application().config.data.isolation == IsolationSetting::Serializable;
        if serializable && transaction.authority == Authority::Caller {
            transaction.isolation = Isolation::Serializable;
        }
        let models: Vec<ModelId> = transaction.steps.iter().map(Step::model).collect();
        let Some(concerns) = self.identities().concern(&transaction.steps) else {
            let result = self.store().transact(transaction).await;
            return result.map_err(|error| self.store_error(error, &models));
        };
        // On a task of its own, which goes on when the request is given up: a session or key that was ended must not be remembered because
        // nobody waited for the answer.
        let (engine, all_models) = (self.clone(), models.clone());
        let task = tokio::spawn(async move {
            let result = engine.store().transact(transaction).await;
            match &result {
                Ok(committed) => {
                    engine.identities().forget_changed(
                        engine.application(),
                        &committed.outcomes,
                        &all_models,
                        &concerns,
                    );
                }
                // Whose session may have ended is looked up again.
                Err(StoreError::OutcomeUnknown(_)) => engine.identities().forget_all(),
                Err(_) => {}
            }
            result
        });
        let result = task.await.map_err(|error| Error::internal(format!("a commit was lost: {error}")))?;
        result.map_err(|error| self.store_error(error, &models))
    }

    fn store_error(&self, error: StoreError, models: &[ModelId]) -> Error {
        let StoreError::Rejected(rejections) = error else { return error.into() };
        let application = self.application();
        let mut errors = Vec::with_capacity(rejections.len());
        for (index, rejection) in rejections {
            match models.get(index) {
                Some(model) => {
                    errors.push((index, rejected(rejection, application.model(*model), application)));
                }
                None if rejection == Rejection::Fenced => return fenced(),
                None => return receipt_error(&rejection),
            }
        }
        batch_error(errors)
    }

    fn step(&self, command: Command, vars: &Vars) -> Result<Step, Error> {
        let model = self.application().model(command.model);
        Ok(match command.action {
            Action::Create { id, input } => {
                self.require_may_ever(model.allow.create.as_ref(), vars)?;
                Step::Create(self.new_create(model, id, input, vars)?)
            }
            Action::Update { id, input, if_version } => {
                Step::Update(Update { model: model.id, id, set: input.values, if_version, require: None })
            }
            Action::Put { id, input, if_version, only_create } => {
                let create = self.new_create(model, Some(id), input, vars)?;
                Step::Put(Put { create, if_version, only_create })
            }
            Action::Delete { id, if_version } => Step::Delete(Delete { model: model.id, id, if_version }),
            Action::Restore { id, if_version } => Step::Restore(Restore { model: model.id, id, if_version }),
            Action::Check { id, filter, if_version } => {
                let filter = filter.map(|filter| self.filter(model.id, &filter)).transpose()?;
                let require = filter.map(Arc::unwrap_or_clone);
                Step::Check(Check { model: model.id, id, if_version, require })
            }
            Action::CheckMany { filter, at_least, at_most } => {
                let filter = Arc::unwrap_or_clone(self.filter(model.id, &filter)?);
                Step::CheckMany(CheckMany { model: model.id, filter, at_least, at_most })
            }
        })
    }

    /// Refuses whom the rule refuses whatever the record: who has forgotten the access token should not be told that a field whose default
    /// is the account's id must have a value.
    pub(crate) fn require_may_ever(&self, rule: Option<&Rule>, vars: &Vars) -> Result<(), Error> {
        let frame = Frame { vars: Some(vars), ..Frame::default() };
        let is_open = rule.is_some_and(|rule| rule.predicate.known(&frame) != Some(false));
        if is_open { Ok(()) } else { Err(Error::new(Code::Forbidden, "a rule forbids this")) }
    }

    /// A creation with the defaults of the fields that the client did not name.
    pub(crate) fn new_create(
        &self,
        model: &Model,
        id: Option<Uuid>,
        input: Input,
        vars: &Vars,
    ) -> Result<Create, Error> {
        let given = input.values.iter().map(|(field, _)| *field).collect();
        let mut values = input.values;
        let mut missing = Vec::new();
        for field in model.declared() {
            if values.iter().any(|(id, _)| *id == field.id) {
                continue;
            }
            match field.default.as_ref().map(|default| value_of(default, vars)) {
                Some(value) if !value.is_null() || field.optional => values.push((field.id, value)),
                _ if field.optional => {}
                _ => missing.push(FieldError::new(&field.name, "required", "must have a value")),
            }
        }
        if !missing.is_empty() {
            return Err(Error::validation(missing));
        }
        Ok(Create { model: model.id, id: id.unwrap_or_else(|| self.new_id()), values, given })
    }
}

fn value_of(default: &FieldDefault, vars: &Vars) -> Value {
    match default {
        FieldDefault::Value(value) => value.clone(),
        FieldDefault::Computed(operand) => {
            match operand.reduce(&Frame { vars: Some(vars), ..Frame::default() }) {
                Operand::Value(value) => value,
                _ => Value::Null,
            }
        }
    }
}

/// What a command is about, as far as its outcome needs it.
#[derive(Clone, Copy)]
struct Target {
    model: ModelId,
    deletes: bool,
}

impl Target {
    fn of(command: &Command) -> Self {
        Target { model: command.model, deletes: matches!(command.action, Action::Delete { .. }) }
    }
}

fn written(targets: &[Target], outcomes: Vec<Outcome>) -> Vec<Written> {
    let one = |(target, outcome): (&Target, Outcome)| match outcome {
        Outcome::Record { created, ref record, .. } => {
            let id = Some(record.id());
            Written { id, created, deleted: target.deletes, view: seen(target.model, outcome) }
        }
        Outcome::Count(_) => Written { id: None, created: false, deleted: false, view: None },
    };
    targets.iter().zip(outcomes).map(one).collect()
}

/// The record of an outcome as the caller may see it, if it may.
pub(crate) fn seen(model: ModelId, outcome: Outcome) -> Option<View> {
    let Outcome::Record { record, readable, hidden, .. } = outcome else { return None };
    readable.then(|| View { model, record, hidden, selected: None, expanded: Vec::new() })
}

/// What it means that the answer could not be kept, so that nothing was done.
fn receipt_error(rejection: &Rejection) -> Error {
    match rejection {
        Rejection::AnswerTooLarge { max_bytes } => Error::new(
            Code::AnswerTooLarge,
            format!("the answer is larger than the {max_bytes} bytes that are kept for an `Idempotency-Key`"),
        ),
        _ => repeated(),
    }
}

fn batch_error(operations: Vec<(usize, Error)>) -> Error {
    Error {
        parts: operations.into_iter().map(|(index, error)| (Part::Operation(index), error)).collect(),
        ..Error::new(Code::BatchFailed, "at least one operation failed, so none took effect")
    }
}
