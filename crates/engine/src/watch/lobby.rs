//! Who watches, counted and bounded.

use super::purse::Purse;
use super::seat::{Login, Seat};
use crate::{Caller, Code, Error};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Who watches.
pub(crate) struct Lobby {
    inner: Mutex<Inner>,
    max: usize,
    max_per_caller: usize,
    /// What one is told who has as many as one may have.
    too_many: Code,
}

#[derive(Default)]
struct Inner {
    seats: HashMap<u64, Arc<Seat>>,
    per_caller: HashMap<Who, OfCaller>,
    last: u64,
    is_closed: bool,
}

/// What the watches of a caller have in common.
#[derive(Default)]
struct OfCaller {
    count: usize,
    purse: Arc<Purse>,
}

/// Who is counted as one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Who {
    Account(Uuid),
    Address(Option<IpAddr>),
}

/// A watcher's place; giving it up makes room for another.
pub(crate) struct Ticket {
    pub(crate) seat: Arc<Seat>,
    number: u64,
    who: Who,
    lobby: Arc<Lobby>,
}

impl Lobby {
    pub(super) fn new(max: usize, max_per_caller: usize, too_many: Code) -> Self {
        Lobby { inner: Mutex::default(), max, max_per_caller, too_many }
    }

    /// Lets a watcher in.
    ///
    /// # Errors
    /// [`Code::TooManyWatchers`] and [`Code::Busy`] at the bounds.
    pub(crate) fn enter(self: &Arc<Self>, caller: &Caller, token: Option<Arc<str>>) -> Result<Ticket, Error> {
        let account = caller.identity.as_ref().and_then(|identity| identity.user);
        let who = account.map_or_else(|| Who::Address(caller.address), Who::Account);
        let mut inner = self.inner();
        if inner.is_closed {
            return Err(Error::new(Code::Busy, "the server is stopping").retry_after(1));
        }
        if inner.seats.len() >= self.max {
            return Err(Error::new(Code::Busy, "too many are watching, try again later").retry_after(5));
        }
        let OfCaller { count, purse } = inner.per_caller.entry(who.clone()).or_default();
        if *count >= self.max_per_caller {
            let message = format!("you have {count} open, which is the most; end one first");
            return Err(Error::new(self.too_many, message).retry_after(5));
        }
        *count += 1;
        let purse = purse.clone();
        inner.last += 1;
        let number = inner.last;
        let login = Login { identity: caller.identity.clone(), token };
        let seat = Arc::new(Seat::new(login, purse));
        inner.seats.insert(number, seat.clone());
        Ok(Ticket { seat, number, who, lobby: self.clone() })
    }

    pub(super) fn seats(&self) -> Vec<Arc<Seat>> {
        self.inner().seats.values().cloned().collect()
    }

    /// Gives callers back what time has brought. Who has left is remembered so long, lest coming back were a way to a full purse.
    pub(super) fn refill(&self, elapsed: Duration) {
        self.inner()
            .per_caller
            .retain(|_, of_caller| !of_caller.purse.refill(elapsed) || of_caller.count > 0);
    }

    pub(crate) fn len(&self) -> usize {
        self.inner().seats.len()
    }

    /// Lets nobody in any more. Answers who is still there.
    pub(super) fn close(&self) -> Vec<Arc<Seat>> {
        self.inner().is_closed = true;
        self.seats()
    }

    /// Whether nobody is let in any more.
    pub(super) fn is_closed(&self) -> bool {
        self.inner().is_closed
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.seat.leave();
        let mut inner = self.lobby.inner();
        inner.seats.remove(&self.number);
        if let Some(of_caller) = inner.per_caller.get_mut(&self.who) {
            of_caller.count -= 1;
            if of_caller.count == 0 && of_caller.purse.refill(Duration::ZERO) {
                inner.per_caller.remove(&self.who);
            }
        }
    }
}
