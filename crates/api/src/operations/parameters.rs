//! What to answer, and of which records.

use super::pairs::Pairs;
use mainstay_engine::{Code, Cursors, Error, ListRequest, OperationKind, OrderKey};
use mainstay_ports::Deleted;
use uuid::Uuid;

/// What to answer, and of which records. What an operation has no use for is left as it is by default.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    /// A condition in CEL.
    pub filter: Option<String>,
    /// The order; by id when empty.
    pub order: Vec<OrderKey>,
    /// The names of the fields to answer; all when empty.
    pub fields: Vec<String>,
    /// The refs to follow, as `author` or `room.owner`.
    pub expand: Vec<String>,
    /// The most records; the operation's default when `None`.
    pub limit: Option<u32>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
    /// Of a list: what is ahead of this cursor.
    pub before: Option<String>,
    /// Of a list: the last records, and not the first.
    pub backward: bool,
    /// Whether to count all that match.
    pub count: bool,
    /// Which records of a page to answer the cursors behind of.
    pub cursors: Cursors,
    /// Soft-deleted records, for those who may delete them.
    pub deleted: Deleted,
    /// The account whose API keys are asked for, where it is not the caller's own.
    pub user: Option<Uuid>,
    /// The platform of a client of the application.
    pub platform: Option<String>,
    /// The version of a client of the application.
    pub version: Option<String>,
    /// What the device of a client is called, always the same.
    pub device: Option<String>,
    /// The languages that a client's user reads, in the form of `Accept-Language`.
    pub language: Option<String>,
}

/// The names of the parameters that an operation knows.
pub(crate) fn known(kind: OperationKind) -> &'static [&'static str] {
    match kind {
        OperationKind::List => {
            &["filter", "order", "fields", "expand", "limit", "cursor", "count", "deleted", "position"]
        }
        OperationKind::Watch => &["filter", "fields", "snapshot", "order", "limit", "position"],
        OperationKind::Get => &["fields", "expand", "deleted", "position"],
        OperationKind::UpdateMany | OperationKind::DeleteMany => &["filter", "limit"],
        OperationKind::ListKeys => &["user"],
        OperationKind::AppCheck => &["platform", "version", "device", "language"],
        _ => &[],
    }
}

impl Parameters {
    /// Reads the texts of parameters by their names.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] for a name that the operation does not know or that occurs twice, and what is wrong with a value.
    pub fn read(
        kind: OperationKind,
        pairs: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Error> {
        let mut read = Pairs::new(known(kind));
        pairs.into_iter().try_for_each(|(name, value)| read.add(&name, value))?;
        read.parameters(kind)
    }

    /// As the request of a page.
    ///
    /// # Errors
    /// [`Code::InvalidLimit`].
    pub(super) fn list_request(self) -> Result<ListRequest, Error> {
        let limit = self.limit.unwrap_or(ListRequest::DEFAULT_LIMIT);
        if !(1..=ListRequest::MAX_LIMIT).contains(&limit) {
            return Err(invalid_limit());
        }
        Ok(ListRequest {
            filter: self.filter,
            order: self.order,
            fields: self.fields,
            expand: self.expand,
            limit,
            cursor: self.cursor,
            before: self.before,
            backward: self.backward,
            count: self.count,
            cursors: self.cursors,
            deleted: self.deleted,
            ..ListRequest::default()
        })
    }
}

/// The error of a page that is too large or none.
pub(super) fn invalid_limit() -> Error {
    Error::new(Code::InvalidLimit, format!("`limit` is a number from 1 to {}", ListRequest::MAX_LIMIT))
}
