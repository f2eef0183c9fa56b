//! What one who subscribes to a channel is told.

use crate::Ended;
use bytes::Bytes;
use std::sync::Arc;
use uuid::Uuid;

/// Something that one who subscribes is told.
#[derive(Debug)]
pub enum ChannelEvent<'a> {
    /// What is sent from here on is heard.
    Ready,
    /// Somebody sent a message.
    Message {
        /// The sender's account; `None` for nobody.
        user: Option<Uuid>,
        /// The message, in JSON.
        data: &'a str,
    },
    /// Messages from other nodes may have been lost.
    Gap,
    /// Who is here as the subscription begins.
    Here {
        /// In the order of their ids.
        members: &'a [Member],
    },
    /// Somebody came.
    Join {
        /// Who.
        member: &'a Member,
    },
    /// Somebody who is here has another state.
    Update {
        /// Who.
        member: &'a Member,
    },
    /// Somebody went.
    Leave {
        /// Who, as it was last.
        member: &'a Member,
    },
    /// The subscription ends.
    End(Ended),
}

/// One who is present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Of the connection, or of the account where accounts are told of.
    pub id: Uuid,
    /// The account; `None` for nobody.
    pub user: Option<Uuid>,
    /// What it tells of itself, in JSON.
    pub state: Arc<str>,
}

/// As what those who are present are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Roll {
    /// Each place where somebody is present.
    Connections,
    /// Each account once, with the state of its connection that came last. One without an account counts as itself.
    Accounts,
}

/// How a protocol writes what is heard. Subscribers share a frame within a format.
pub trait ChannelFormat: Send + Sync + 'static {
    /// The format's name, which tells it from others.
    fn name(&self) -> &'static str;
    /// Appends an event.
    fn encode(&self, event: &ChannelEvent<'_>, out: &mut Vec<u8>);
}

/// An event on its own.
pub(crate) fn encoded(format: &dyn ChannelFormat, event: &ChannelEvent<'_>) -> Bytes {
    let mut out = Vec::with_capacity(128);
    format.encode(event, &mut out);
    Bytes::from(out)
}
