//! Typed transactions: what a command asks of the store.

use crate::{Position, Receipt, Record};
use mainstay_expr::{FieldId, ModelId, Predicate, Value, Vars};
use uuid::Uuid;

/// A transaction: all of its steps take effect, or none. Later steps see what earlier ones wrote.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// Whose rights count.
    pub authority: Authority,
    /// What the request brings to rules; its `now` is the time of every change.
    pub vars: Vars,
    /// The request, for the feed and the logs.
    pub request_id: String,
    /// What to do, in order.
    pub steps: Vec<Step>,
    /// Who will see the outcomes, where that is not who asks: an account that is made sees itself.
    pub viewer: Option<Vars>,
    /// What to keep of the outcomes together with them.
    pub receipt: Option<Receipt>,
    /// What has to be so, before the first step, for the transaction to take effect.
    pub fences: Vec<Fence>,
    /// What it may see of others that run at the same time.
    pub isolation: Isolation,
}

impl Transaction {
    /// A transaction whose outcomes are for who asks, which keeps no receipt and which nothing fences.
    pub fn new(authority: Authority, vars: Vars, request_id: impl Into<String>, steps: Vec<Step>) -> Self {
        Transaction {
            authority,
            vars,
            request_id: request_id.into(),
            steps,
            viewer: None,
            receipt: None,
            fences: Vec::new(),
            isolation: Isolation::default(),
        }
    }
}

/// What a transaction may see of others that run at the same time (SQL:2023, 4.42.4). An adapter may give more than is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Isolation {
    /// Each question is answered by what is committed when it is asked. The records that a step gets by their ids stay as they are until the
    /// transaction ends, so that no update is lost; what it learns by a search or a rule about other records may be outdated at its end.
    #[default]
    ReadCommitted,
    /// As if the transactions that ask for it ran one after the other.
    Serializable,
}

/// A record that has to be as required for the transaction to take effect, as a lock that is still held. The caller has to be allowed to read
/// it. It stays as it is until the transaction ends, so that whoever changes it comes either before, and refuses the transaction, or after.
#[derive(Debug, Clone)]
pub struct Fence {
    /// Its model.
    pub model: ModelId,
    /// Its id.
    pub id: Uuid,
    /// What must hold of it.
    pub require: Predicate,
}

/// Whose rights count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// The models' rules, for the account in [`Vars::auth_id`].
    Caller,
    /// The engine's own: no access rules. Validations, refs and uniqueness hold all the same.
    System,
}

/// A step.
#[derive(Debug, Clone)]
pub enum Step {
    /// See [`Create`].
    Create(Create),
    /// See [`Update`].
    Update(Update),
    /// See [`Put`].
    Put(Put),
    /// See [`Delete`].
    Delete(Delete),
    /// See [`Restore`].
    Restore(Restore),
    /// See [`Purge`].
    Purge(Purge),
    /// See [`UpdateMany`].
    UpdateMany(UpdateMany),
    /// See [`DeleteMany`].
    DeleteMany(DeleteMany),
    /// See [`Check`].
    Check(Check),
    /// See [`CheckMany`].
    CheckMany(CheckMany),
}

/// Makes a record.
#[derive(Debug, Clone)]
pub struct Create {
    /// Its model.
    pub model: ModelId,
    /// Its id, made by the engine or chosen by the client.
    pub id: Uuid,
    /// The declared fields' values, defaults included; a field that is not named is null.
    pub values: Vec<(FieldId, Value)>,
    /// The fields that the client named: their write rules apply.
    pub given: Vec<FieldId>,
}

/// Changes fields of a live record.
#[derive(Debug, Clone)]
pub struct Update {
    /// Its model.
    pub model: ModelId,
    /// Its id.
    pub id: Uuid,
    /// The new values of some declared fields.
    pub set: Vec<(FieldId, Value)>,
    /// The version it must have (`If-Match`).
    pub if_version: Option<i64>,
    /// What must hold of the record before the change (compare-and-set).
    pub require: Option<Predicate>,
}

/// Makes a record, or replaces the declared fields of the one that has the id.
#[derive(Debug, Clone)]
pub struct Put {
    /// What to create, or to replace with. Fields that are not in `given` and are immutable or read-only, or that the caller may not see or
    /// not write, keep their values.
    pub create: Create,
    /// The version that an existing record must have; with one, a missing record is not created.
    pub if_version: Option<i64>,
    /// Whether an existing record is refused (`If-None-Match: *`).
    pub only_create: bool,
}

/// Deletes a live record: softly where the model keeps deleted records, and what its `on_delete` says of those that point to it.
#[derive(Debug, Clone)]
pub struct Delete {
    /// Its model.
    pub model: ModelId,
    /// Its id.
    pub id: Uuid,
    /// The version it must have.
    pub if_version: Option<i64>,
}

/// Brings a soft-deleted record back, with those that were deleted because of it.
#[derive(Debug, Clone)]
pub struct Restore {
    /// Its model.
    pub model: ModelId,
    /// Its id.
    pub id: Uuid,
    /// The version it must have.
    pub if_version: Option<i64>,
}

/// Removes records for good: soft-deleted ones whose time is up, or, in internal models, any that match. For the engine alone.
#[derive(Debug, Clone)]
pub struct Purge {
    /// The model.
    pub model: ModelId,
    /// Which records; they have to be soft-deleted too where the model keeps deleted records.
    pub filter: Predicate,
    /// The most to remove in this step.
    pub limit: u32,
}

/// Changes fields of all live records that match and that the caller may see. Which those are is decided once, before the first is
/// written; each is then written at most once, under the rules, and what one is refused refuses all.
#[derive(Debug, Clone)]
pub struct UpdateMany {
    /// The model.
    pub model: ModelId,
    /// Which records.
    pub filter: Predicate,
    /// The new values of some declared fields.
    pub set: Vec<(FieldId, Value)>,
    /// What is merged into the documents of some `json` fields (RFC 7396).
    pub merge: Vec<(FieldId, serde_json::Value)>,
    /// The most bytes of a document that was merged into.
    pub max_document_bytes: usize,
    /// The most records that may match.
    pub limit: u32,
}

/// Deletes all live records that match and that the caller may see, as [`UpdateMany`] changes them. One that is already gone with
/// another of them when its turn comes is no fault.
#[derive(Debug, Clone)]
pub struct DeleteMany {
    /// The model.
    pub model: ModelId,
    /// Which records.
    pub filter: Predicate,
    /// The most records that may match.
    pub limit: u32,
}

/// Sees that a live record is as a decision was made by, and writes nothing. The record stays so until the transaction ends, be the isolation
/// what it may.
#[derive(Debug, Clone)]
pub struct Check {
    /// Its model.
    pub model: ModelId,
    /// Its id.
    pub id: Uuid,
    /// The version it must have.
    pub if_version: Option<i64>,
    /// What must hold of it.
    pub require: Option<Predicate>,
}

/// Sees that as many live records as a decision was made by match and may be seen by the caller, and writes nothing. Others may come to match
/// before the transaction ends, unless it is [`Isolation::Serializable`].
#[derive(Debug, Clone)]
pub struct CheckMany {
    /// The model.
    pub model: ModelId,
    /// Which records.
    pub filter: Predicate,
    /// The fewest that may match.
    pub at_least: u32,
    /// The most that may match; `None` for any number.
    pub at_most: Option<u32>,
}

/// A transaction that took effect, durably.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed {
    /// An outcome for each step.
    pub outcomes: Vec<Outcome>,
    /// The place in the feed behind its changes.
    pub position: Position,
}

/// What a step did.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The record after the step.
    Record {
        /// The record.
        record: Record,
        /// Whether the step made it.
        created: bool,
        /// Whether the caller may see it.
        readable: bool,
        /// The fields that the caller may not see.
        hidden: Vec<FieldId>,
    },
    /// How many records a step of many was about; of a check of many, how many it looked at.
    Count(u64),
}

/// Why a step was refused. The whole transaction has then had no effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Rejection {
    /// There is no such record, or the caller may not see it.
    NotFound,
    /// The caller may see the record (or could have made it) but a rule forbids the step.
    Forbidden,
    /// A rule forbids the caller to write this field.
    FieldForbidden(FieldId),
    /// The field keeps the value it was created with.
    Immutable(FieldId),
    /// The record has another version.
    VersionMismatch {
        /// The version it has; `None` when there is no record.
        current: Option<i64>,
    },
    /// A record with this id exists, be it deleted.
    Exists,
    /// A live record has the same values in these fields.
    Unique(Vec<FieldId>),
    /// The field points to no live record.
    RefNotFound(FieldId),
    /// The field must have a value.
    Required(FieldId),
    /// Records of this model, by this ref of theirs, still point to the record.
    Restricted {
        /// The model.
        model: ModelId,
        /// The ref.
        field: FieldId,
    },
    /// A validation failed.
    Check {
        /// The field it is about, if it is about one.
        field: Option<FieldId>,
        /// What the model says.
        message: String,
    },
    /// What [`Update::require`], [`Check::require`] or [`CheckMany`] asked does not hold.
    RequirementFailed,
    /// What a [`Fence`] requires does not hold. It stands at the index behind the last step, and no step was tried.
    Fenced,
    /// The record to restore is not deleted.
    NotDeleted,
    /// The deletion or restoration would touch more records than [`crate::MAX_CASCADE`].
    CascadeTooLarge,
    /// More records match than may.
    TooManyMatches {
        /// The most that may.
        limit: u32,
    },
    /// Of the records that match, at least these were refused, in the order of their ids. The caller may see them.
    Records(Vec<(Uuid, Rejection)>),
    /// The answer is larger than what a receipt keeps.
    AnswerTooLarge {
        /// The most that is kept.
        max_bytes: usize,
    },
}

impl Step {
    /// The model that the step is about.
    pub fn model(&self) -> ModelId {
        match self {
            Step::Create(create) => create.model,
            Step::Update(update) => update.model,
            Step::Put(put) => put.create.model,
            Step::Delete(delete) => delete.model,
            Step::Restore(restore) => restore.model,
            Step::Purge(purge) => purge.model,
            Step::UpdateMany(update) => update.model,
            Step::DeleteMany(delete) => delete.model,
            Step::Check(check) => check.model,
            Step::CheckMany(check) => check.model,
        }
    }
}
