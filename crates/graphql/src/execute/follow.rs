//! Subscriptions, and what is loaded for those whose selection goes beyond the records of the watch.
//!
//! What a record points to is the subscriber's own matter: it is read under the subscriber's rights, at the time of the event. So the answers are made for one alone, of all events
//! that wait at once: a member of the selection is one query for them together, as it is for the records of a list.

use super::load::{Loaded, load_records};
use super::source::Source;
use super::told::{Told, Whole, read};
use super::watch::call_of;
use super::{Run, encode};
use crate::error;
use crate::http::body;
use crate::plan::CallPlan;
use crate::service::{Prepared, Service};
use bytes::Bytes;
use futures::Stream;
use futures::future::BoxFuture;
use mainstay_engine::{Caller, View, Watch};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// A watch as a subscriber is told of it: lines, see [`lines`](super::watch::lines).
pub(crate) struct Subscription {
    watch: Watch,
    /// Who is shown more than the records of the watch.
    follower: Option<Arc<Follower>>,
    /// The answers that are being made.
    making: Option<BoxFuture<'static, Bytes>>,
}

/// Who subscribes, and what to load.
pub(crate) struct Follower {
    pub(crate) service: Arc<Service>,
    pub(crate) caller: Caller,
    pub(crate) prepared: Prepared,
}

impl Subscription {
    pub(crate) fn new(watch: Watch, follower: Option<Follower>) -> Self {
        Subscription { watch, follower: follower.map(Arc::new), making: None }
    }

    /// As [`Watch::mark`]: nothing while there is something that the subscriber was not told yet.
    pub(crate) fn mark(&self) -> Option<Bytes> {
        let mark = self.watch.mark().filter(|_| self.making.is_none())?;
        let Some(follower) = &self.follower else { return Some(mark) };
        Some(follower.answers(&read(follower.application(), &mark), &Loaded::default()))
    }
}

impl Stream for Subscription {
    type Item = Bytes;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(making) = &mut self.making {
                let answers = ready!(making.as_mut().poll(cx));
                self.making = None;
                return Poll::Ready(Some(answers));
            }
            let Some(events) = ready!(Pin::new(&mut self.watch).poll_next(cx)) else {
                return Poll::Ready(None);
            };
            let Some(follower) = self.follower.clone() else { return Poll::Ready(Some(events)) };
            self.making = Some(Box::pin(follower.follow(events)));
        }
    }
}

impl Follower {
    fn application(&self) -> &mainstay_model::Application {
        self.service.operations.application()
    }

    /// The answers of some events, with what they point to.
    async fn follow(self: Arc<Self>, events: Bytes) -> Bytes {
        let events = read(self.application(), &events);
        let views: Vec<Arc<View>> = events.iter().filter_map(Whole::view).collect();
        let loaded = match self.call().and_then(|call| call.shape.as_ref()) {
            Some(shape) if !views.is_empty() => {
                // No copy of the database that is older than the events is asked.
                let position = self.service.operations.engine().position().await.ok();
                let run = Run { position, ..self.service.run_of(&self.caller, &self.prepared) };
                load_records(&run, shape, &views).await
            }
            _ => Loaded::default(),
        };
        self.answers(&events, &loaded)
    }

    fn call(&self) -> Option<&CallPlan> {
        call_of(&self.prepared.plan).ok()
    }

    fn answers(&self, events: &[Whole], loaded: &Loaded) -> Bytes {
        let mut out = Vec::new();
        for event in events {
            match event {
                Whole::Told(told) => self.answer(told, loaded, &mut out),
                Whole::End(line) => out.extend_from_slice(line),
            }
        }
        out.into()
    }

    /// A line with the body of an answer, behind the sign of one.
    fn answer(&self, told: &Arc<Told>, loaded: &Loaded, out: &mut Vec<u8>) {
        let key = &self.prepared.plan.fields[0].key;
        let shape = self.call().and_then(|call| call.shape.as_ref());
        let (json, faults) = encode::encode(&key.name, shape, &Source::Event(told.clone()), loaded);
        let data = [b"{".as_slice(), &key.json, &json, b"}"].concat();
        let request_id = &self.caller.request_id;
        faults.iter().for_each(|fault| error::log(&fault.error, request_id));
        out.push(super::watch::BODY);
        out.extend_from_slice(&body(Some(&data), &faults, request_id));
        out.push(b'\n');
    }
}

impl Whole {
    fn view(&self) -> Option<Arc<View>> {
        match self {
            Whole::Told(told) => told.view.clone(),
            Whole::End(_) => None,
        }
    }
}
