//! What nodes say to each other. Nodes of two versions of the program may be at work at once: what one does not understand it passes over.

use crate::channels::Member;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use uuid::Uuid;

/// Something that a node says, with its number among all that it said.
#[derive(Debug, Deserialize)]
pub(super) struct Envelope<'a> {
    pub(super) node: Uuid,
    pub(super) seq: u64,
    #[serde(borrow)]
    pub(super) said: Said<'a>,
}

/// Something that a node says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Said<'a> {
    /// Somebody sent a message on a channel.
    Message {
        #[serde(borrow)]
        channel: Cow<'a, str>,
        user: Option<Uuid>,
        #[serde(borrow)]
        data: &'a RawValue,
    },
    /// Somebody came, or has another state.
    Here {
        version: u64,
        #[serde(borrow)]
        channel: Cow<'a, str>,
        member: Named,
    },
    /// Somebody went.
    Gone {
        version: u64,
        #[serde(borrow)]
        channel: Cow<'a, str>,
        id: Uuid,
    },
    /// The node is there, and this was its last change.
    Beat { version: u64 },
    /// A node shall say all, or every node.
    Ask { node: Option<Uuid> },
    /// Those who are the node's own as of a change, in parts.
    All { version: u64, part: u32, is_last: bool, members: Vec<(String, Named)> },
    /// The node stops.
    Bye,
}

/// A member on the wire.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Named {
    id: Uuid,
    user: Option<Uuid>,
    state: Box<RawValue>,
}

impl From<&Member> for Named {
    fn from(member: &Member) -> Self {
        let state =
            RawValue::from_string(member.state.to_string()).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Named { id: member.id, user: member.user, state }
    }
}

impl From<Named> for Member {
    fn from(named: Named) -> Self {
        Member { id: named.id, user: named.user, state: named.state.get().into() }
    }
}
