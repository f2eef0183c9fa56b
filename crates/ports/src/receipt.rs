//! Receipts: what is kept of a transaction's outcomes, in the same transaction.

use crate::{Create, Outcome, StoreError};
use mainstay_expr::{FieldId, Value};
use std::fmt;
use std::sync::Arc;

/// A record of an internal model that is made behind the steps of a transaction and from their outcomes. It is there if and only if
/// they took effect, so that whoever asks a second time can be given the same answer.
///
/// Where a record with its id is there already, the whole transaction is refused: with [`crate::Rejection::Exists`] at the
/// index behind the last step.
#[derive(Clone)]
pub struct Receipt {
    /// The record, but for what follows. No rules or validations apply to it.
    pub create: Create,
    /// The field that takes the answer.
    pub answer_field: FieldId,
    /// The field that takes [`crate::Position::to_bytes`] of the place in the feed behind the transaction, the one of [`crate::Committed`], if it
    /// is to be kept. It stands beside the answer and not in it, since a store may know it no sooner than when everything else is written.
    pub position_field: Option<FieldId>,
    /// Makes the answer.
    pub answer: Arc<Answer>,
}

/// Makes an answer of the outcomes, within the write path. It must not hold the store: it may be dropped on the store's own thread.
pub type Answer = dyn Fn(&[Outcome]) -> Result<Value, StoreError> + Send + Sync;

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").field("create", &self.create).finish_non_exhaustive()
    }
}
