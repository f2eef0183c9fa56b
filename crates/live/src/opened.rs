//! What a socket has open.

use bytes::Bytes;
use futures::Stream;
use mainstay_engine::{Identity, Stay, Subscription, Watch};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Something that goes on until it is ended.
pub(crate) enum Opened {
    Watch(Box<Watch>),
    Subscription(Box<Subscription>),
    Stay(Box<Stay>),
}

impl Opened {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        match self {
            Opened::Watch(watch) => Pin::new(watch.as_mut()).poll_next(cx),
            Opened::Subscription(subscription) => Pin::new(subscription.as_mut()).poll_next(cx),
            Opened::Stay(stay) => Pin::new(stay.as_mut()).poll_next(cx),
        }
    }

    fn renew(&self, identity: &Arc<Identity>, token: &Arc<str>) {
        match self {
            Opened::Watch(watch) => watch.renew(identity, token),
            Opened::Subscription(subscription) => subscription.renew(identity, token),
            Opened::Stay(stay) => stay.renew(identity, token),
        }
    }
}

/// All that a socket has open, by the ids of the requests that opened it.
#[derive(Default)]
pub(crate) struct AllOpened {
    all: Vec<(u64, Opened)>,
    /// Who is asked first the next time, so that one who always has something does not hide the others.
    first: usize,
}

impl AllOpened {
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn has(&self, id: u64) -> bool {
        self.all.iter().any(|(other, _)| *other == id)
    }

    pub(crate) fn add(&mut self, id: u64, opened: Opened) {
        self.all.push((id, opened));
    }

    /// Ends it. Answers whether it was there.
    pub(crate) fn remove(&mut self, id: u64) -> bool {
        let before = self.all.len();
        self.all.retain(|(other, _)| *other != id);
        self.all.len() < before
    }

    pub(crate) fn stay(&self, id: u64) -> Option<&Stay> {
        self.all.iter().find_map(|(other, opened)| match opened {
            Opened::Stay(stay) if *other == id => Some(stay.as_ref()),
            _ => None,
        })
    }

    pub(crate) fn renew(&self, identity: &Arc<Identity>, token: &Arc<str>) {
        self.all.iter().for_each(|(_, opened)| opened.renew(identity, token));
    }

    /// How far nothing has happened, for those watches of which that can be said.
    pub(crate) fn marks(&self) -> Vec<(u64, Bytes)> {
        let mark = |(id, opened): &(u64, Opened)| match opened {
            Opened::Watch(watch) => watch.mark().map(|mark| (*id, mark)),
            _ => None,
        };
        self.all.iter().filter_map(mark).collect()
    }

    /// The next events of any of them. What has ended is taken away.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(u64, Bytes)> {
        let mut asked = 0;
        while asked < self.all.len() {
            let index = self.first % self.all.len();
            let (id, opened) = &mut self.all[index];
            match opened.poll(cx) {
                Poll::Ready(Some(events)) => {
                    let id = *id;
                    self.first = index + 1;
                    return Poll::Ready((id, events));
                }
                Poll::Ready(None) => {
                    self.all.remove(index);
                    self.first = index;
                }
                Poll::Pending => {
                    self.first = index + 1;
                    asked += 1;
                }
            }
        }
        Poll::Pending
    }
}
