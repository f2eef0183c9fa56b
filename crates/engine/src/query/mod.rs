//! Reads: a record, or a page of them, as the caller may see them.

mod cursor;
mod expand;
mod filter;
mod freshness;
mod get;
mod list;
mod list_of;
mod order;
mod question;
mod rights;
mod walk;

pub(crate) use cursor::CursorSeal;
pub(crate) use filter::FilterCache;
pub(crate) use question::{Asked, Questions};

use crate::View;
use mainstay_ports::{Deleted, Freshness, Position};

/// Asks for one record.
#[derive(Debug, Clone, Default)]
pub struct GetRequest {
    /// The names of the fields to answer; all when empty.
    pub fields: Vec<String>,
    /// The refs to follow, as `author` or `room.owner`.
    pub expand: Vec<String>,
    /// Answer the record also when it is soft-deleted, to those who may delete it.
    pub deleted: bool,
    /// How new the answer has to be.
    pub freshness: Freshness,
}

/// Asks for a page of records.
#[derive(Debug, Clone)]
pub struct ListRequest {
    /// A condition in CEL.
    pub filter: Option<String>,
    /// The order; by id, which is by time of creation, when empty.
    pub order: Vec<OrderKey>,
    /// The names of the fields to answer; all when empty.
    pub fields: Vec<String>,
    /// The refs to follow, as `author` or `room.owner`.
    pub expand: Vec<String>,
    /// The most records to answer, 1 to 500.
    pub limit: u32,
    /// Answer what is behind this cursor, the `next` of the page before.
    pub cursor: Option<String>,
    /// Answer what is ahead of this cursor.
    pub before: Option<String>,
    /// Answer the last records of those that match, and not the first. They are in the same order.
    pub backward: bool,
    /// Whether to count all that match.
    pub count: bool,
    /// Which records to answer the cursors behind of, beside the one of the next page.
    pub cursors: Cursors,
    /// Soft-deleted records, for those who may delete them.
    pub deleted: Deleted,
    /// How new the answer has to be.
    pub freshness: Freshness,
}

impl Default for ListRequest {
    fn default() -> Self {
        ListRequest {
            filter: None,
            order: Vec::new(),
            fields: Vec::new(),
            expand: Vec::new(),
            limit: Self::DEFAULT_LIMIT,
            cursor: None,
            before: None,
            backward: false,
            count: false,
            cursors: Cursors::None,
            deleted: Deleted::Exclude,
            freshness: Freshness::Latest,
        }
    }
}

impl ListRequest {
    /// The limit where the client gives none.
    pub const DEFAULT_LIMIT: u32 = 30;
    /// The greatest limit.
    pub const MAX_LIMIT: u32 = 500;
}

/// Which records of a page to answer the cursors behind of. Each takes the time to seal it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cursors {
    /// Of none.
    #[default]
    None,
    /// Of the first and the last.
    Ends,
    /// Of each.
    Each,
}

/// A key of an order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OrderKey {
    /// The field's name.
    pub field: String,
    /// From great to small.
    pub descending: bool,
}

/// A page of records.
#[derive(Debug, Clone)]
pub struct ListAnswer {
    /// The records.
    pub items: Vec<View>,
    /// The cursor of the next page; `None` on the last. It goes on the way that was asked for: backward it is that of the first record here.
    pub next: Option<String>,
    /// The cursor behind each record; empty where it was not asked for.
    pub cursors: Vec<String>,
    /// How many match, when that was asked.
    pub count: Option<u64>,
    /// The position of the feed that the answer is at least as new as.
    pub position: Position,
}
