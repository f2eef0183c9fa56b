//! Questions to the store.

use crate::{Position, Record};
use mainstay_expr::{FieldId, ModelId, Predicate, Value};
use uuid::Uuid;

/// Asks for records of one model.
#[derive(Debug, Clone)]
pub struct Query {
    /// The model.
    pub model: ModelId,
    /// Which records come into question.
    pub selection: Selection,
    /// Soft-deleted records.
    pub deleted: Deleted,
    /// What must hold of each; variables are already reduced away.
    pub filter: Predicate,
    /// The order. The id is always the last key, so that the order is total: ascending unless the last entry here descends.
    pub order: Vec<Order>,
    /// Only records behind this place in the order: a value for each entry of `order`, and the id.
    pub after: Option<(Vec<Value>, Uuid)>,
    /// The most records to answer.
    pub limit: u32,
    /// Conditions to answer for each record, beside it: whether a guarded field may be seen.
    pub flags: Vec<Predicate>,
    /// Whether to count all that match, whatever `limit` and `after` say.
    pub count: bool,
}

/// Which records come into question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All of the model.
    All,
    /// Those with these ids.
    Ids(Vec<Uuid>),
}

/// What to do with soft-deleted records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// Leave them out.
    Exclude,
    /// Answer them beside the others.
    Include,
    /// Answer them alone.
    Only,
}

/// A key of an order. Null comes before every value when ascending, and after when descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order {
    /// The field.
    pub field: FieldId,
    /// From great to small.
    pub descending: bool,
}

/// The answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The records, in order.
    pub rows: Vec<Row>,
    /// Whether there are more behind the last.
    pub more: bool,
    /// How many match, when that was asked.
    pub count: Option<u64>,
    /// The position of the feed that the answer is at least as new as.
    pub position: Position,
}

/// A record of an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The record.
    pub record: Record,
    /// The answers to [`Query::flags`].
    pub flags: Vec<bool>,
}

impl Query {
    /// All live records of a model, up to `limit`.
    pub fn all(model: ModelId, limit: u32) -> Self {
        Query {
            model,
            selection: Selection::All,
            deleted: Deleted::Exclude,
            filter: Predicate::Const(true),
            order: Vec::new(),
            after: None,
            limit,
            flags: Vec::new(),
            count: false,
        }
    }

    /// The live record of this id.
    pub fn one(model: ModelId, id: Uuid) -> Self {
        Query { selection: Selection::Ids(vec![id]), ..Query::all(model, 1) }
    }

    /// The same question, with a condition.
    pub fn filtered(self, filter: Predicate) -> Self {
        Query { filter, ..self }
    }

    /// The order with the id as its last key.
    pub fn total_order(&self) -> Vec<Order> {
        let descending = self.order.last().is_some_and(|last| last.descending);
        let mut order: Vec<Order> = self.order.clone();
        order.push(Order { field: mainstay_model::base::ID, descending });
        order
    }
}
