//! What is asked of an operation.

use super::condition::check_kept;
use super::{Conditions, Parameters};
use mainstay_engine::{Code, Error, OperationKind};
use mainstay_ports::{Freshness, Position};
use serde_json::{Map, Value};
use uuid::Uuid;

/// What is asked of an operation, in the form of no protocol.
#[derive(Debug, Default, PartialEq)]
pub struct Ask {
    /// The id of the record or API key that it is about.
    pub id: Option<Uuid>,
    /// The name of the lock that it is about.
    pub name: Option<String>,
    /// What to answer, and of which records.
    pub parameters: Parameters,
    /// Of a list: those alone that point to some records, a page for each of these.
    pub of: Option<Of>,
    /// What has to be so for a write to take effect.
    pub conditions: Conditions,
    /// The position that the answer has to be as new as.
    pub position: Option<Position>,
    /// The fields, in the JSON form of their values; `None` when there are none.
    pub body: Option<Map<String, Value>>,
}

/// Records that others point to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Of {
    /// The name of the ref by which they do.
    pub field: String,
    /// The ids of those that are pointed to.
    pub ids: Vec<Uuid>,
}

impl Ask {
    /// Sees that a write is not asked for something that it would pass over.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`].
    pub(super) fn check(&self, kind: OperationKind) -> Result<(), Error> {
        check_kept(kind, &self.conditions)
    }

    /// The id, which an operation on one record has.
    ///
    /// # Errors
    /// [`Code::InvalidId`].
    pub(super) fn id(&self) -> Result<Uuid, Error> {
        self.id.ok_or_else(|| Error::new(Code::InvalidId, "say which record by its id"))
    }

    /// The fields.
    ///
    /// # Errors
    /// [`Code::InvalidJson`] when there are none.
    pub(super) fn take_body(&mut self) -> Result<Map<String, Value>, Error> {
        self.body.take().ok_or_else(|| Error::new(Code::InvalidJson, "this operation needs a body"))
    }

    /// The fields of an operation where all may be left out.
    pub(super) fn take_optional_body(&mut self) -> Map<String, Value> {
        self.body.take().unwrap_or_default()
    }

    /// How new the answer has to be.
    pub(super) fn freshness(&self) -> Freshness {
        self.position.map_or(Freshness::Recent, Freshness::AtLeast)
    }
}
