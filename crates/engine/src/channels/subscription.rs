//! Hearing a channel.

use super::event::encoded;
use super::{ChannelEvent, ChannelFormat, Kind, Roll};
use crate::watch::{Audience, Purpose, Taken, Ticket};
use crate::{Caller, Ended, Engine, Error, Identity};
use bytes::Bytes;
use futures::Stream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Asks for what is sent on a channel, or for who is there.
#[derive(Clone)]
pub struct SubscribeRequest {
    /// The channel's name.
    pub channel: String,
    /// The access token, which is looked at again while it lasts; `None` where the caller is nobody.
    pub token: Option<Arc<str>>,
    /// How events are encoded.
    pub format: Arc<dyn ChannelFormat>,
}

/// What is heard of a channel: encoded events, as many at once as wait. It ends after [`ChannelEvent::End`].
pub struct Subscription {
    engine: Engine,
    ticket: Ticket,
    audience: Arc<Audience>,
    format: Arc<dyn ChannelFormat>,
    /// What it begins with, until that was taken.
    first: Option<Bytes>,
    is_over: bool,
}

impl Engine {
    /// Subscribes to what is sent on a channel.
    ///
    /// # Errors
    /// [`crate::Code::NotFound`] when there are no such channels, [`crate::Code::Forbidden`], [`crate::Code::TooManyWatchers`] and
    /// [`crate::Code::Busy`] when there are too many; what the store failed with.
    pub async fn subscribe(&self, caller: &Caller, request: SubscribeRequest) -> Result<Subscription, Error> {
        let ticket = self.hearing_ticket(caller, &request, "channel.subscribe", Purpose::Channel).await?;
        let format = request.format;
        let audience = self.channels().topics().join(Kind::Messages, &request.channel, &format, &ticket.seat);
        let first = Some(encoded(format.as_ref(), &ChannelEvent::Ready));
        Ok(Subscription { engine: self.clone(), ticket, audience, format, first, is_over: false })
    }

    /// Subscribes to who is present on a channel. It begins with those who are, of this node and of what is known of others.
    ///
    /// # Errors
    /// As [`Engine::subscribe`].
    pub async fn watch_presence(
        &self,
        caller: &Caller,
        request: SubscribeRequest,
        roll: Roll,
    ) -> Result<Subscription, Error> {
        let ticket = self.hearing_ticket(caller, &request, "presence.watch", Purpose::Presence).await?;
        let (format, channels) = (request.format, self.channels());
        let kind = match roll {
            Roll::Connections => Kind::Connections,
            Roll::Accounts => Kind::Accounts,
        };
        // Both under the lock: what happens behind the list is heard, and nothing twice.
        let (members, audience) = {
            let presence = channels.presence();
            let members = presence.roster.members(&request.channel, roll);
            (members, channels.topics().join(kind, &request.channel, &format, &ticket.seat))
        };
        let first = Some(encoded(format.as_ref(), &ChannelEvent::Here { members: &members }));
        Ok(Subscription { engine: self.clone(), ticket, audience, format, first, is_over: false })
    }

    async fn hearing_ticket(
        &self,
        caller: &Caller,
        request: &SubscribeRequest,
        operation: &str,
        purpose: Purpose,
    ) -> Result<Ticket, Error> {
        let (channel, values) = self.channel(&request.channel)?;
        let ticket = self.hub().lobby.enter(purpose, caller, request.token.clone())?;
        self.require_while(&ticket.seat, caller, operation, channel.subscribe.as_ref(), &values).await?;
        Ok(ticket)
    }
}

impl Subscription {
    /// Goes on with another token. One of another account, or with other roles, ends the subscription.
    pub fn renew(&self, identity: &Arc<Identity>, token: &Arc<str>) {
        self.ticket.seat.renew(identity, token);
    }

    fn end(&mut self, reason: Ended) -> Poll<Option<Bytes>> {
        self.is_over = true;
        self.engine.hub().count_end(reason);
        Poll::Ready(Some(encoded(self.format.as_ref(), &ChannelEvent::End(reason))))
    }
}

impl Stream for Subscription {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        // Registered before it is looked for anything, so that nothing comes between.
        self.ticket.seat.waker.register(cx.waker());
        if let Some(reason) = self.ticket.seat.ended() {
            return self.end(reason);
        }
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(first));
        }
        match self.audience.take(&self.ticket.seat) {
            Taken::Frames(bytes) => Poll::Ready(Some(bytes)),
            Taken::Lost => self.end(Ended::TooSlow),
            Taken::Nothing => match self.ticket.seat.ended() {
                Some(reason) => self.end(reason),
                None => Poll::Pending,
            },
        }
    }
}
