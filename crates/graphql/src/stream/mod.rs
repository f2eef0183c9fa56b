//! Answers that go on: server-sent events, and the WebSocket.

mod socket;
pub(crate) mod sse;
pub(crate) mod ws;

use crate::execute::{Line, Subscription, lines};
use crate::http::body;
use bytes::Bytes;
use futures::Stream;
use mainstay_engine::Ended;
use serde_json::{Value, json};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

/// A watch, and now and then a sign that it is there when it has nothing to tell.
pub(crate) struct Beating {
    watch: Subscription,
    heartbeat: Interval,
}

/// What comes of a watch.
pub(crate) enum Beat {
    /// The lines of some events.
    Events(Bytes),
    /// Nothing has happened.
    Nothing,
}

impl Beating {
    pub(crate) fn new(watch: Subscription, period: Duration) -> Self {
        let mut heartbeat = interval_at(Instant::now() + period, period);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Beating { watch, heartbeat }
    }
}

impl Stream for Beating {
    type Item = Beat;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Beat>> {
        if let Poll::Ready(events) = Pin::new(&mut self.watch).poll_next(cx) {
            return Poll::Ready(events.map(Beat::Events));
        }
        self.heartbeat.poll_tick(cx).map(|_| Some(self.watch.mark().map_or(Beat::Nothing, Beat::Events)))
    }
}

/// The answers that are in the lines of a watch: the bodies of events, and the errors of an end.
pub(crate) fn answers(bytes: &Bytes, request_id: &str) -> Vec<Next> {
    let next = |line: Line<'_>| match line {
        Line::Data(data) => Next::Event(body(Some(data), &[], request_id)),
        Line::Body(body) => Next::Event(body.to_vec()),
        Line::End(reason) => Next::End(ended(reason)),
    };
    lines(bytes).map(next).collect()
}

/// What a client is told next.
pub(crate) enum Next {
    /// The body of an event.
    Event(Vec<u8>),
    /// That it is over, and why: the list of errors.
    End(Value),
}

/// The errors with which a subscription ends. Their code is the reason's.
fn ended(reason: Ended) -> Value {
    let reason_code = reason.as_str();
    let message = match reason.is_reset() {
        true => format!("the subscription ended ({reason_code}): begin anew, without `lastEventId`"),
        false => {
            format!("the subscription ended ({reason_code}): go on with the `lastEventId` that came last")
        }
    };
    json!([{"message": message, "extensions": {"code": reason_code, "reset": reason.is_reset()}}])
}
