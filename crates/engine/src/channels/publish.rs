//! Sending on a channel.

use super::{ChannelEvent, Kind};
use crate::presence::Said;
use crate::{Caller, Code, Engine, Error};
use mainstay_expr::Value;
use mainstay_model::Channel;
use serde_json::value::RawValue;

/// That a message was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// How many forms it was written in for those who hear it on this node; 0 when nobody does.
    pub forms: usize,
}

impl Engine {
    /// Sends a message to whoever subscribes to a channel now. It is not stored, and reaches each of them at most once; what one sends reaches all in the
    /// order in which it was sent.
    ///
    /// # Errors
    /// [`Code::NotFound`] when there are no such channels, [`Code::Forbidden`], [`Code::MessageTooLarge`]; [`Code::Busy`] when too much waits to be told to
    /// other nodes; what the store failed with.
    pub async fn publish(&self, caller: &Caller, name: &str, data: &RawValue) -> Result<Published, Error> {
        let (channel, values) = self.channel(name)?;
        if data.get().len() > channel.max_bytes {
            let message = format!("a message on `{}` has at most {} bytes", channel.name, channel.max_bytes);
            return Err(Error::new(Code::MessageTooLarge, message));
        }
        self.require_now(caller, "channel.publish", channel.publish.as_ref(), &values).await?;
        let user = caller.user();
        let channels = self.channels();
        if !channels.cluster.tell(&Said::Message { channel: name.into(), user, data }) {
            let message = "too much waits to be told to other nodes, try again soon";
            return Err(Error::new(Code::Busy, message).retry_after(1));
        }
        channels.published.increment();
        let audiences =
            channels.tell(Kind::Messages, name, &ChannelEvent::Message { user, data: data.get() });
        // Whoever sends faster than others can take it waits for those who do take.
        for audience in &audiences {
            if audience.is_behind() {
                audience.let_take().await;
            }
        }
        Ok(Published { forms: audiences.len() })
    }

    /// How many messages were sent on this node.
    pub fn published(&self) -> u64 {
        self.channels().published.get()
    }

    /// The kind of a channel, and the values in its name.
    pub(crate) fn channel(&self, name: &str) -> Result<(&Channel, Vec<Value>), Error> {
        let found = self.application().channel(name);
        found.ok_or_else(|| Error::new(Code::NotFound, "there are no channels of this name"))
    }
}
