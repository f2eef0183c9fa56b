//! Who watches, counted and bounded.

use super::purse::Purse;
use super::seat::{Login, Seat};
use crate::{Caller, Code, Error};
use mainstay_ports::measure::Counter;
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
    /// Who was refused for that, and who since there were too many of all.
    refused: [Counter; 2],
}

/// What a seat is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Watching records.
    Records,
    /// Hearing what is sent on a channel.
    Channel,
    /// Seeing who is present on a channel.
    Presence,
    /// Being present on a channel.
    Member,
    /// Having a socket.
    Socket,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Purpose; 5] =
        [Purpose::Records, Purpose::Channel, Purpose::Presence, Purpose::Member, Purpose::Socket];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Purpose::Records => "records",
            Purpose::Channel => "channel",
            Purpose::Presence => "presence",
            Purpose::Member => "member",
            Purpose::Socket => "socket",
        }
    }
}

#[derive(Default)]
struct Inner {
    seats: HashMap<u64, Arc<Seat>>,
    /// How many of them there are for each purpose, in the order of [`Purpose::ALL`].
    by_purpose: [usize; Purpose::ALL.len()],
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
    purpose: Purpose,
    who: Who,
    lobby: Arc<Lobby>,
}

impl Lobby {
    pub(super) fn new(max: usize, max_per_caller: usize, too_many: Code) -> Self {
        Lobby { inner: Mutex::default(), max, max_per_caller, too_many, refused: Default::default() }
    }

    /// Lets a watcher in.
    ///
    /// # Errors
    /// [`Code::TooManyWatchers`] and [`Code::Busy`] at the bounds.
    pub(crate) fn enter(
        self: &Arc<Self>,
        purpose: Purpose,
        caller: &Caller,
        token: Option<Arc<str>>,
    ) -> Result<Ticket, Error> {
        let account = caller.identity.as_ref().and_then(|identity| identity.user);
        let who = account.map_or_else(|| Who::Address(caller.address), Who::Account);
        let mut inner = self.inner();
        if inner.is_closed {
            return Err(Error::new(Code::Busy, "the server is stopping").retry_after(1));
        }
        if inner.seats.len() >= self.max {
            self.refused[1].increment();
            return Err(Error::new(Code::Busy, "too many are watching, try again later").retry_after(5));
        }
        let OfCaller { count, purse } = inner.per_caller.entry(who.clone()).or_default();
        if *count >= self.max_per_caller {
            self.refused[0].increment();
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
        inner.by_purpose[purpose as usize] += 1;
        Ok(Ticket { seat, number, purpose, who, lobby: self.clone() })
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

    /// How many seats there are for each purpose, in the order of [`Purpose::ALL`].
    pub(super) fn by_purpose(&self) -> [usize; Purpose::ALL.len()] {
        self.inner().by_purpose
    }

    /// Who was refused, by the code that they were told.
    pub(super) fn refused(&self) -> [(Code, u64); 2] {
        [(self.too_many, self.refused[0].get()), (Code::Busy, self.refused[1].get())]
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
        inner.by_purpose[self.purpose as usize] -= 1;
        if let Some(of_caller) = inner.per_caller.get_mut(&self.who) {
            of_caller.count -= 1;
            if of_caller.count == 0 && of_caller.purse.refill(Duration::ZERO) {
                inner.per_caller.remove(&self.who);
            }
        }
    }
}
