//! Being present.

use super::{Presence, Said};
use crate::channels::{ChannelEvent, ChannelFormat, MAX_STATE_BYTES, Member};
use crate::watch::{Purpose, Ticket};
use crate::{Caller, Code, Ended, Engine, Error, Identity, SubscribeRequest};
use bytes::Bytes;
use futures::Stream;
use serde_json::value::RawValue;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use uuid::Uuid;

/// Somebody's presence on a channel. It lasts until this is dropped or the right to it ends, of which it tells with [`ChannelEvent::End`].
pub struct Stay {
    engine: Engine,
    ticket: Ticket,
    channel: String,
    id: Uuid,
    user: Option<Uuid>,
    format: Arc<dyn ChannelFormat>,
    is_over: bool,
}

impl Engine {
    /// Lets a caller be present on a channel, with a state that whoever watches is told.
    ///
    /// # Errors
    /// As [`Engine::subscribe`], and [`Code::MessageTooLarge`] for a state that is too large.
    pub async fn enter(
        &self,
        caller: &Caller,
        request: SubscribeRequest,
        state: &RawValue,
    ) -> Result<Stay, Error> {
        let (channel, values) = self.channel(&request.channel)?;
        require_small(state)?;
        let ticket = self.hub().lobby.enter(Purpose::Member, caller, request.token)?;
        let rule = channel.present.as_ref();
        self.require_while(&ticket.seat, caller, "presence.enter", rule, &values).await?;
        let stay = Stay {
            engine: self.clone(),
            ticket,
            channel: request.channel,
            id: self.new_id(),
            user: caller.user(),
            format: request.format,
            is_over: false,
        };
        stay.put(state);
        Ok(stay)
    }
}

impl Stay {
    /// The name under which others are told of it, among connections.
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// Tells others another state.
    ///
    /// # Errors
    /// [`Code::MessageTooLarge`]
    pub fn set(&self, state: &RawValue) -> Result<(), Error> {
        require_small(state)?;
        if !self.is_over {
            self.put(state);
        }
        Ok(())
    }

    /// Goes on with another token. One of another account, or with other roles, ends it.
    pub fn renew(&self, identity: &Arc<Identity>, token: &Arc<str>) {
        self.ticket.seat.renew(identity, token);
    }

    fn put(&self, state: &RawValue) {
        let member = Member { id: self.id, user: self.user, state: state.get().into() };
        let channels = self.engine.channels();
        let mut presence = channels.presence();
        let version = presence.next_version();
        let said = Said::Here { version, channel: (&self.channel).into(), member: (&member).into() };
        channels.cluster.tell(&said);
        presence.roster.put(&self.channel, None, member).tell(channels, &self.channel);
    }

    fn leave(&mut self) {
        if self.is_over {
            return;
        }
        self.is_over = true;
        let channels = self.engine.channels();
        let mut presence = channels.presence();
        let version = presence.next_version();
        channels.cluster.tell(&Said::Gone { version, channel: (&self.channel).into(), id: self.id });
        presence.roster.remove(&self.channel, self.id).tell(channels, &self.channel);
    }
}

impl Presence {
    fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }
}

fn require_small(state: &RawValue) -> Result<(), Error> {
    if state.get().len() <= MAX_STATE_BYTES {
        return Ok(());
    }
    let message = format!("a state has at most {MAX_STATE_BYTES} bytes");
    Err(Error::new(Code::MessageTooLarge, message))
}

impl Drop for Stay {
    fn drop(&mut self) {
        self.leave();
    }
}

impl Stream for Stay {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        self.ticket.seat.waker.register(cx.waker());
        let Some(reason) = self.ticket.seat.ended() else { return Poll::Pending };
        self.leave();
        Poll::Ready(Some(self.told(reason)))
    }
}

impl Stay {
    fn told(&self, reason: Ended) -> Bytes {
        self.engine.hub().count_end(reason);
        crate::channels::encoded(self.format.as_ref(), &ChannelEvent::End(reason))
    }
}
