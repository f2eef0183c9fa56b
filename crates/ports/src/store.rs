//! The store port: records and the feed.

use crate::{Committed, Page, Position, Query, Record, Rejection, Transaction};
use futures::future::BoxFuture;
use mainstay_expr::{ModelId, Predicate};
use std::borrow::Cow;
use std::fmt;
use uuid::Uuid;

/// Keeps records and the change feed.
pub trait Store: Send + Sync + 'static {
    /// Runs a transaction. It has taken effect, durably, when this answers `Ok`, and not at all when it answers with an error, but for
    /// [`StoreError::OutcomeUnknown`].
    ///
    /// # Errors
    /// See [`StoreError`].
    fn transact(&self, transaction: Transaction) -> BoxFuture<'_, Result<Committed, StoreError>>;

    /// Answers a query from one snapshot, which is as new as [`Query::freshness`] asks.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn query(&self, query: Query) -> BoxFuture<'_, Result<Page, StoreError>>;

    /// Whether a closed predicate holds of what is there now, as [`crate::Freshness::Latest`] has it: one whose every field is of a record that it binds itself, and that has no
    /// variables left.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn holds(&self, closed: Predicate) -> BoxFuture<'_, Result<bool, StoreError>>;

    /// Reads up to `limit` changes behind `after` in the feed, oldest first. There are none where the feed ends, as [`Store::position`] has it; and
    /// there may be fewer before, where some are of models that only another version of the application has.
    ///
    /// # Errors
    /// See [`StoreError`]; a position that the feed cannot serve is no error but [`Changes::Reset`].
    fn changes(&self, after: Position, limit: u32) -> BoxFuture<'_, Result<Changes, StoreError>>;

    /// Reads the feed from `after` to its end, as [`Store::position`] has it, and answers which records of these models were changed: each change
    /// without its record. Who is so far behind that this would take long is told [`Changes::Reset`].
    ///
    /// # Errors
    /// See [`StoreError`].
    fn touched<'a>(
        &'a self,
        models: &'a [ModelId],
        after: Position,
    ) -> BoxFuture<'a, Result<Changes, StoreError>> {
        Box::pin(async move {
            let (mut touched, mut place) = (Vec::new(), after);
            loop {
                match self.changes(place, 500).await? {
                    Changes::Some { changes, .. } if changes.is_empty() => {
                        return Ok(Changes::Some { changes: touched, position: place });
                    }
                    Changes::Some { changes, position } => {
                        let of_models = changes.into_iter().filter(|change| models.contains(&change.model));
                        touched.extend(of_models.map(|change| Change {
                            before: None,
                            after: None,
                            ..change
                        }));
                        place = position;
                    }
                    reset @ Changes::Reset { .. } => return Ok(reset),
                }
            }
        })
    }

    /// The end of the feed: nothing that was acknowledged before this was asked, by whatever node, is behind it.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn position(&self) -> BoxFuture<'_, Result<Position, StoreError>>;

    /// The end of the feed as far as this process has heard of it. It asks nobody, and may be behind where the store [is
    /// shared](Store::is_shared).
    fn heard(&self) -> Position;

    /// Whether other processes may write while this one has the store open, so that what is remembered here holds only as long as the feed says
    /// nothing else.
    fn is_shared(&self) -> bool;

    /// Whether writes are done now: else the error that each of them gets.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn writable(&self) -> BoxFuture<'_, Result<(), StoreError>>;

    /// Resolves when the feed goes beyond a position, or tells another history; a doorbell, which may ring too often and never too seldom.
    fn wait_beyond(&self, position: Position) -> BoxFuture<'_, ()>;

    /// The time, in microseconds since 1970, by the one clock that all go by who share what is kept here. `here` is the time at the caller's own,
    /// which it is where nobody shares it. What is told is never later than the time at which it is received.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn now(&self, here: i64) -> BoxFuture<'_, Result<i64, StoreError>> {
        Box::pin(std::future::ready(Ok(here)))
    }

    /// Removes changes older than `before_micros`, and the oldest ones while the feed is larger than `max_bytes`, some at a time. Answers how many.
    ///
    /// # Errors
    /// See [`StoreError`].
    fn trim_feed(&self, before_micros: i64, max_bytes: u64) -> BoxFuture<'_, Result<u64, StoreError>>;
}

/// A change of a record, in the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its number.
    pub offset: u64,
    /// The record's model.
    pub model: ModelId,
    /// The record's id.
    pub id: Uuid,
    /// What happened.
    pub operation: Operation,
    /// The record before; `None` for a creation, and of the engine's own models. Secret fields are null.
    pub before: Option<Record>,
    /// The record after; `None` when it was removed for good, and of the engine's own models.
    pub after: Option<Record>,
    /// The account that did it; `None` for the engine or nobody.
    pub actor: Option<Uuid>,
    /// The request that did it.
    pub request_id: String,
    /// When, in microseconds since 1970.
    pub at: i64,
}

/// A change on its way into the feed, which gives it its number. See [`Change`].
#[derive(Debug)]
pub struct NewChange<'a> {
    /// The record's model.
    pub model: ModelId,
    /// The record's id.
    pub id: Uuid,
    /// What happened.
    pub operation: Operation,
    /// The record before, without secrets.
    pub before: Option<Cow<'a, Record>>,
    /// The record after, without secrets.
    pub after: Option<Cow<'a, Record>>,
    /// The account that did it.
    pub actor: Option<Uuid>,
    /// The request that did it.
    pub request_id: &'a str,
    /// When, in microseconds since 1970.
    pub at: i64,
}

impl NewChange<'_> {
    /// The change, with its number.
    pub fn numbered(self, offset: u64) -> Change {
        Change {
            offset,
            model: self.model,
            id: self.id,
            operation: self.operation,
            before: self.before.map(Cow::into_owned),
            after: self.after.map(Cow::into_owned),
            actor: self.actor,
            request_id: self.request_id.to_owned(),
            at: self.at,
        }
    }
}

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// It was made.
    Create,
    /// Fields changed.
    Update,
    /// It was deleted: softly where `after` is there.
    Delete,
    /// It was brought back.
    Restore,
    /// What was left of a soft-deleted record was removed.
    Purge,
}

impl Operation {
    /// Its name, as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Operation::Create => "create",
            Operation::Update => "update",
            Operation::Delete => "delete",
            Operation::Restore => "restore",
            Operation::Purge => "purge",
        }
    }

    /// The operation of this name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Create, Self::Update, Self::Delete, Self::Restore, Self::Purge]
            .into_iter()
            .find(|op| op.as_str() == name)
    }
}

/// An answer of the feed.
#[derive(Debug, Clone, PartialEq)]
pub enum Changes {
    /// The changes, and the position behind the last of them.
    Some {
        /// Oldest first; empty at the end of the feed.
        changes: Vec<Change>,
        /// Where to go on.
        position: Position,
    },
    /// The position is of another history, from the future, or older than what is kept: start again from a snapshot.
    Reset {
        /// The end of the feed now.
        position: Position,
    },
}

/// Why the store did not do as asked.
#[derive(Debug)]
pub enum StoreError {
    /// Steps of the transaction were refused, each by its index. It had no effect.
    Rejected(Vec<(usize, Rejection)>),
    /// Too much is waiting already; come again.
    Busy,
    /// The transaction is serializable, and others that ran at the same time were in its way each time it was tried. It had no effect.
    Contended,
    /// The query ran longer than it may.
    Timeout,
    /// The disk is full. Nothing was written; reads go on.
    DiskFull,
    /// The disk failed, or writes are stopped because it did. Nothing was written; reads go on where they can. The text is for the log.
    DiskFailed(String),
    /// The data went to another database, of which the text says where it is, for the log. Nothing is written here any more; reads go on.
    Moved(String),
    /// The transaction has taken effect as a whole or not at all, and nobody can say which: the disk failed while it was committed, or the answer
    /// was lost, as with the connection to a database elsewhere. Until writes are done again, what is read now may yet change. The text is for the log.
    OutcomeUnknown(String),
    /// The database is on another machine, or in another process, and cannot be reached. Nothing was written. The text is for the log.
    Unreachable(String),
    /// Anything else, for the log. Nothing was written.
    Failed(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Rejected(rejections) => write!(f, "refused: {rejections:?}"),
            StoreError::Busy => f.write_str("too much is waiting"),
            StoreError::Contended => f.write_str("others were in the way each time"),
            StoreError::Timeout => f.write_str("the query ran too long"),
            StoreError::DiskFull => f.write_str("the disk is full"),
            StoreError::DiskFailed(detail) => write!(f, "the disk failed: {detail}"),
            StoreError::Moved(to) => write!(f, "the data were moved to {to}"),
            StoreError::OutcomeUnknown(detail) => write!(f, "the outcome is not known: {detail}"),
            StoreError::Unreachable(detail) => write!(f, "the database cannot be reached: {detail}"),
            StoreError::Failed(detail) => f.write_str(detail),
        }
    }
}

impl std::error::Error for StoreError {}
