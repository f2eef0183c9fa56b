//! Channels: names under which clients send each other messages that are not stored.
//!
//! What is sent reaches whoever subscribes at that moment, on this node at once and on others by way of [`mainstay_ports::Wake`], at most
//! once. Who may is said by the rules of the channel's kind, over the values in its name. What a rule asks of records is asked when one
//! subscribes, and again when a change may alter the answer, as it is done for watches: a subscription is a seat like theirs.
//!
//! A message is encoded once a form and waits once for all who hear it in that form.

mod event;
mod publish;
mod subscription;
mod topics;

pub use event::{ChannelEvent, ChannelFormat, Member, Roll};
pub use publish::Published;
pub use subscription::{SubscribeRequest, Subscription};

pub(crate) use event::encoded;
pub(crate) use topics::Kind;

use crate::presence::{Cluster, Presence};
use crate::watch::Audience;
use mainstay_model::Limits;
use mainstay_ports::measure::Counter;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use topics::Topics;

/// The largest state of one who is present, in bytes of its JSON.
pub const MAX_STATE_BYTES: usize = 1_024;

/// Who hears what, who is where, and what other nodes have to be told. One for an engine.
pub(crate) struct Channels {
    topics: Mutex<Topics>,
    presence: Mutex<Presence>,
    pub(crate) cluster: Cluster,
    /// The messages that were taken from clients of this node.
    pub(crate) published: Counter,
}

impl Channels {
    pub(crate) fn new(limits: &Limits) -> Self {
        Channels {
            topics: Mutex::new(Topics::new(limits.watch_buffer_bytes)),
            presence: Mutex::default(),
            cluster: Cluster::default(),
            published: Counter::default(),
        }
    }

    /// Who hears what. Taken behind [`Channels::presence`] where both are needed.
    pub(crate) fn topics(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is where. What happens to it is told before it is let go, so that all are told in one order.
    pub(crate) fn presence(&self) -> MutexGuard<'_, Presence> {
        self.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who hear a channel. Answers who they are, by the form in which they hear it.
    pub(crate) fn tell(&self, kind: Kind, channel: &str, event: &ChannelEvent<'_>) -> Vec<Arc<Audience>> {
        let audiences = self.topics().push(kind, channel, event);
        audiences.iter().for_each(|audience| audience.wake());
        audiences
    }

    /// Drops those who have left.
    pub(crate) fn sweep(&self) {
        self.topics().sweep();
    }
}
