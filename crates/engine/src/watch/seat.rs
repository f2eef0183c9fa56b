//! A watcher, as those who serve it see it.

use super::Ended;
use super::purse::Purse;
use crate::Identity;
use futures::task::AtomicWaker;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// A watcher, as those who serve it see it. The watcher itself holds the other half, see [`super::Watch`].
#[derive(Debug)]
pub(crate) struct Seat {
    login: Mutex<Login>,
    /// What its caller's watches may cost.
    pub(super) purse: Arc<Purse>,
    /// Wakes whoever polls the watcher.
    pub(crate) waker: AtomicWaker,
    /// The number of the first frame of its class that it has not taken.
    pub(super) next: AtomicU64,
    /// An [`Ended`], or 0.
    ended: AtomicU8,
    left: AtomicBool,
}

/// Who watches, and by what that was shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Login {
    /// The account; `None` for nobody.
    pub(super) identity: Option<Arc<Identity>>,
    /// The access token, to be looked at again.
    pub(super) token: Option<Arc<str>>,
}

impl Login {
    fn has_rights_of(&self, other: &Identity) -> bool {
        let rights = |identity: &Identity| (identity.user, identity.roles.clone(), identity.key.clone());
        self.identity.as_deref().map(rights) == Some(rights(other))
    }
}

impl Seat {
    pub(super) fn new(login: Login, purse: Arc<Purse>) -> Self {
        Seat {
            login: Mutex::new(login),
            purse,
            waker: AtomicWaker::new(),
            next: AtomicU64::new(0),
            ended: AtomicU8::new(0),
            left: AtomicBool::new(false),
        }
    }

    /// Who watches.
    pub(super) fn login(&self) -> Login {
        self.locked_login().clone()
    }

    /// The account, if there is one.
    pub(super) fn user(&self) -> Option<Uuid> {
        self.locked_login().identity.as_ref().and_then(|identity| identity.user)
    }

    /// Goes on with another token. One that gives other rights ends the watch, since it stands on those that it began with.
    pub(crate) fn renew(&self, identity: &Arc<Identity>, token: &Arc<str>) {
        let same = {
            let mut login = self.locked_login();
            let same = login.has_rights_of(identity);
            if same {
                *login = Login { identity: Some(identity.clone()), token: Some(token.clone()) };
            }
            same
        };
        if !same {
            self.end(Ended::RightsChanged);
        }
    }

    /// Goes on with another token, whatever its rights.
    pub(super) fn replace(&self, identity: &Arc<Identity>, token: &Arc<str>) {
        *self.locked_login() = Login { identity: Some(identity.clone()), token: Some(token.clone()) };
    }

    fn locked_login(&self) -> MutexGuard<'_, Login> {
        self.login.lock().unwrap_or_else(PoisonError::into_inner)
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
    pub(crate) fn ended(&self) -> Option<Ended> {
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
