//! Questions to the store.

use crate::{Position, Record};
use mainstay_expr::{FieldId, ModelId, Predicate, Value};
use std::any::Any;
use std::sync::{Arc, OnceLock};
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
    /// What must hold of each; variables are already reduced away, but for `auth.id`.
    pub filter: Arc<Predicate>,
    /// The order. The id is always the last key, so that the order is total: ascending unless the last entry here descends.
    pub order: Arc<[Order]>,
    /// Only records behind this place in the order: a value for each entry of `order`, and the id.
    pub after: Option<(Vec<Value>, Uuid)>,
    /// Only records ahead of this place in the order.
    pub before: Option<(Vec<Value>, Uuid)>,
    /// The most records to answer.
    pub limit: u32,
    /// Conditions to answer for each record, beside it: whether a guarded field may be seen.
    pub flags: Arc<[Predicate]>,
    /// What `auth.id` stands for in `filter` and `flags`. It is left in them so that one question serves all who differ in nothing else.
    pub auth_id: Option<Uuid>,
    /// Whether to count all that match, whatever `limit`, `after` and `before` say.
    pub count: bool,
    /// How new the state has to be that is asked.
    pub freshness: Freshness,
    /// Where the store keeps what it made of the question, for the next time that it is asked.
    pub memo: Memo,
}

/// Keeps what a store made of a question, a statement say, with whoever asks that question again and again.
///
/// Queries may share a memo if they differ in nothing but the ids in [`Selection::Ids`], of which each must have exactly one, the
/// account in [`Query::auth_id`], which all or none of them must have, [`Query::after`], [`Query::before`], [`Query::limit`],
/// [`Query::count`] and [`Query::freshness`].
#[derive(Debug, Clone, Default)]
pub struct Memo(Option<Arc<OnceLock<Arc<dyn Any + Send + Sync>>>>);

impl Memo {
    /// A memo that keeps what is made; the default one keeps nothing.
    pub fn kept() -> Self {
        Memo(Some(Arc::default()))
    }

    /// What was made of the question before, or else what `make` makes of it now.
    pub fn get_or_make<T: Any + Send + Sync>(&self, make: impl Fn() -> T) -> Arc<T> {
        let Some(place) = &self.0 else { return Arc::new(make()) };
        let made = place.get_or_init(|| Arc::new(make())).clone();
        // Another type means that another store was asked before, which happens in tests alone.
        made.downcast().unwrap_or_else(|_| Arc::new(make()))
    }
}

/// How new the state has to be that a query is answered from. Who can do with less lets a store ask a copy that is behind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Freshness {
    /// Has everything that was acknowledged, by whatever node, before it was asked.
    #[default]
    Latest,
    /// Has everything up to this place in the feed, which is one of the store's own history and not beyond its end; and is no older than
    /// [`Freshness::Recent`].
    AtLeast(Position),
    /// Is as old as the store's settings let its copies be, at most.
    Recent,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Deleted {
    /// Leave them out.
    #[default]
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

impl Order {
    /// The same key the other way round. Where each key of a total order is reversed, so is the order.
    pub fn reversed(self) -> Self {
        Order { descending: !self.descending, ..self }
    }
}

impl Query {
    /// All live records of a model, up to `limit`.
    pub fn all(model: ModelId, limit: u32) -> Self {
        Query {
            model,
            selection: Selection::All,
            deleted: Deleted::Exclude,
            filter: Arc::new(Predicate::Const(true)),
            order: Arc::default(),
            after: None,
            before: None,
            limit,
            flags: Arc::default(),
            auth_id: None,
            count: false,
            freshness: Freshness::Latest,
            memo: Memo::default(),
        }
    }

    /// The live record of this id.
    pub fn one(model: ModelId, id: Uuid) -> Self {
        Query { selection: Selection::Ids(vec![id]), ..Query::all(model, 1) }
    }

    /// The same question, of a state that is as new as this.
    pub fn fresh(self, freshness: Freshness) -> Self {
        Query { freshness, ..self }
    }

    /// The same question, with a condition.
    pub fn filtered(self, filter: impl Into<Arc<Predicate>>) -> Self {
        Query { filter: filter.into(), ..self }
    }

    /// Whether it asks from the begin of the order to its end. Only what a store made of such a query may be kept in [`Query::memo`].
    pub fn is_unbounded(&self) -> bool {
        self.after.is_none() && self.before.is_none()
    }

    /// The order with the id as its last key.
    pub fn total_order(&self) -> Vec<Order> {
        let descending = self.order.last().is_some_and(|last| last.descending);
        let mut order = self.order.to_vec();
        order.push(Order { field: mainstay_model::base::ID, descending });
        order
    }
}
