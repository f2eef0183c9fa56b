//! A watcher, as those who serve it see it.

use super::Ended;
use super::purse::Purse;
use crate::Identity;
use futures::task::AtomicWaker;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

/// A watcher, as those who serve it see it. The watcher itself holds the other half, see [`super::Watch`].
#[derive(Debug)]
pub(super) struct Seat {
    /// The account; `None` for nobody.
    pub(super) identity: Option<Arc<Identity>>,
    /// The access token, to be looked at again.
    pub(super) token: Option<Arc<str>>,
    /// What its caller's watches may cost.
    pub(super) purse: Arc<Purse>,
    /// Wakes whoever polls the watcher.
    pub(super) waker: AtomicWaker,
    /// The number of the first frame of its class that it has not taken.
    pub(super) next: AtomicU64,
    /// An [`Ended`], or 0.
    ended: AtomicU8,
    left: AtomicBool,
}

impl Seat {
    pub(super) fn new(identity: Option<Arc<Identity>>, token: Option<Arc<str>>, purse: Arc<Purse>) -> Self {
        Seat {
            identity,
            token,
            purse,
            waker: AtomicWaker::new(),
            next: AtomicU64::new(0),
            ended: AtomicU8::new(0),
            left: AtomicBool::new(false),
        }
    }

    /// Ends the watch, and wakes the watcher to be told. The first reason counts.
    ///
    /// Frames that are pushed after this are not delivered: the watcher looks at its end before it takes frames, and the ring's lock
    /// orders the two.
    pub(super) fn end(&self, reason: Ended) {
        if self.ended.compare_exchange(0, reason as u8, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.waker.wake();
        }
    }

    /// Why the watch ends, if it does.
    pub(super) fn ended(&self) -> Option<Ended> {
        let ended = self.ended.load(Ordering::Acquire);
        if ended == 0 { None } else { Ended::ALL.into_iter().find(|reason| *reason as u8 == ended) }
    }

    /// Notes that nobody is there any more.
    pub(super) fn leave(&self) {
        self.left.store(true, Ordering::Release);
    }

    /// Whether it still has to be served.
    pub(super) fn is_taken(&self) -> bool {
        !self.left.load(Ordering::Acquire) && self.ended.load(Ordering::Acquire) == 0
    }
}
