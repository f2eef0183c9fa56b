//! A watch, as the protocol that writes it sees it.

use super::class::Class;
use super::lobby::Ticket;
use super::opening::{Now, Opening, Step};
use super::policy::{Asked, Policy};
use super::ring::Taken;
use super::{Ended, Event, WatchRequest};
use crate::{Caller, Engine, Identity};
use bytes::Bytes;
use futures::Stream;
use futures::future::BoxFuture;
use mainstay_ports::Position;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A watch: encoded events, as many at once as wait. It ends after [`Event::End`].
///
/// It is as lazy as its reader: of what is not polled for, no more waits than the class's ring holds.
pub struct Watch {
    engine: Engine,
    ticket: Ticket,
    policy: Arc<Policy>,
    epoch: u64,
    phase: Phase,
}

enum Phase {
    /// The snapshot is read, or what was missed.
    Opening(BoxFuture<'static, Step>),
    /// The frames of the class are taken.
    Live(Arc<Class>),
    /// The end was told.
    Over,
}

/// Where a watch begins.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start {
    /// Now.
    New,
    /// Behind an event.
    Behind(Position),
    /// Not at all.
    Not(Ended),
}

impl Watch {
    pub(super) fn new(
        engine: Engine,
        ticket: Ticket,
        caller: Caller,
        request: WatchRequest,
        (policy, asked): (Arc<Policy>, Vec<Asked>),
        now: Now,
        start: Start,
    ) -> Self {
        let from = match start {
            Start::New => None,
            Start::Behind(from) => Some(from),
            // The first poll tells it, as any other end.
            Start::Not(reason) => {
                ticket.seat.end(reason);
                None
            }
        };
        let seat = ticket.seat.clone();
        let opening = Opening::new(engine.clone(), seat, caller, request, (policy.clone(), asked), from, now);
        let phase = Phase::Opening(Box::pin(opening.step()));
        Watch { engine, ticket, policy, epoch: now.told.epoch, phase }
    }

    /// An event that says how far nothing has happened, for a watcher who has everything; `None` for one who has not.
    pub fn mark(&self) -> Option<Bytes> {
        let Phase::Live(class) = &self.phase else { return None };
        // Read before the ring: the frames up to here are in it. And before the end: what came behind that is not for this watch.
        let offset = self.engine.hub().told();
        if self.ticket.seat.ended().is_some() || !class.has_all(&self.ticket.seat) {
            return None;
        }
        let id = self.engine.event_ids().seal(&self.policy.digest, Position { epoch: self.epoch, offset });
        Some(self.policy.encoded(self.engine.application(), &Event::Mark { id: &id }))
    }

    /// Goes on with another token. One of another account, or with other roles, ends the watch: it stands on the rights that it began with.
    pub fn renew(&self, identity: &Arc<Identity>, token: &Arc<str>) {
        self.ticket.seat.renew(identity, token);
    }

    fn end(&mut self, reason: Ended) -> Poll<Option<Bytes>> {
        self.phase = Phase::Over;
        self.note_end(reason);
        Poll::Ready(Some(self.policy.encoded(self.engine.application(), &Event::End(reason))))
    }
}

impl Watch {
    fn note_end(&self, reason: Ended) {
        self.engine.hub().count_end(reason);
        let user = self.ticket.seat.user().map(tracing::field::display);
        // Whoever has to help a client that is dropped again and again looks for it in the log.
        match reason {
            Ended::TooSlow | Ended::TooCostly => {
                tracing::info!(reason = reason.as_str(), user, "a watch was dropped");
            }
            _ => tracing::debug!(reason = reason.as_str(), user, "a watch ends"),
        }
    }

    /// The reason of ours for which it ends, though nobody was told.
    fn untold_end(&self) -> Option<Ended> {
        let seat = &self.ticket.seat;
        match &self.phase {
            Phase::Over => None,
            Phase::Opening(_) => seat.ended(),
            Phase::Live(class) => seat.ended().or_else(|| class.has_lost(seat).then_some(Ended::TooSlow)),
        }
    }
}

/// Who has stopped reading cannot be told, but counts.
impl Drop for Watch {
    fn drop(&mut self) {
        if let Some(reason) = self.untold_end() {
            self.note_end(reason);
        }
    }
}

impl Stream for Watch {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if matches!(self.phase, Phase::Over) {
            return Poll::Ready(None);
        }
        // Registered before it is looked for anything, so that nothing comes between.
        self.ticket.seat.waker.register(cx.waker());
        loop {
            if let Some(reason) = self.ticket.seat.ended() {
                return self.end(reason);
            }
            match &mut self.phase {
                Phase::Opening(step) => match ready!(step.as_mut().poll(cx)) {
                    Step::Bytes(bytes, opening) => {
                        self.phase = Phase::Opening(Box::pin(opening.step()));
                        return Poll::Ready(Some(bytes));
                    }
                    Step::Joined(bytes, class) => {
                        self.phase = Phase::Live(class);
                        if !bytes.is_empty() {
                            return Poll::Ready(Some(bytes));
                        }
                    }
                    Step::End(reason) => return self.end(reason),
                },
                Phase::Live(class) => {
                    let class = class.clone();
                    return match class.take(&self.ticket.seat) {
                        Taken::Frames(bytes) => Poll::Ready(Some(bytes)),
                        Taken::Lost => self.end(Ended::TooSlow),
                        Taken::Nothing => Poll::Pending,
                    };
                }
                Phase::Over => return Poll::Ready(None),
            }
        }
    }
}
