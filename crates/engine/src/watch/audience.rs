//! Those who are told the same in the same form: the frames that wait for them, and how each takes them.

use super::Ended;
use super::ring::{Ring, Taken};
use super::seat::Seat;
use bytes::Bytes;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::sleep;

/// Those who are told the same in the same form. A frame waits once for all of them, and each takes it in its own time.
pub(crate) struct Audience {
    ring: Mutex<Ring>,
    seats: Mutex<Vec<Arc<Seat>>>,
    /// The bytes that were pushed since they were told.
    pushed: AtomicUsize,
    max_bytes: usize,
}

/// How many frames wait before it is worth looking which of them everybody has.
const FORGET_AT: usize = 64;
/// How long, and how often, those are waited for who are just taking.
const PAUSE: Duration = Duration::from_millis(2);
const MAX_PAUSES: usize = 20;

impl Audience {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Audience {
            ring: Mutex::new(Ring::new(max_bytes)),
            seats: Mutex::default(),
            pushed: AtomicUsize::new(0),
            max_bytes,
        }
    }

    /// Takes what waits for a seat, as much as goes into one write.
    pub(crate) fn take(&self, seat: &Seat) -> Taken {
        let mut ring = self.ring();
        // Under the lock: a frame that was pushed after the seat was ended must not be taken.
        if seat.ended().is_some() {
            return Taken::Nothing;
        }
        let mut next = seat.next.load(Ordering::Acquire);
        let taken = ring.take(&mut next);
        seat.next.store(next, Ordering::Release);
        taken
    }

    /// Whether a seat has taken all that was pushed.
    pub(super) fn has_all(&self, seat: &Seat) -> bool {
        self.ring().end() == seat.next.load(Ordering::Acquire)
    }

    /// Whether frames were dropped that a seat has not taken.
    pub(super) fn has_lost(&self, seat: &Seat) -> bool {
        self.ring().has_lost(seat.next.load(Ordering::Acquire))
    }

    /// Drops those who have left. Answers whether nobody is left.
    pub(crate) fn sweep(&self) -> bool {
        let is_empty = {
            let mut seats = self.seats();
            seats.retain(|seat| seat.is_taken());
            seats.is_empty()
        };
        if !is_empty {
            self.forget();
        }
        is_empty
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seats(&self) -> MutexGuard<'_, Vec<Arc<Seat>>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a watcher take the frames from here on.
    pub(crate) fn join(&self, seat: &Arc<Seat>) {
        seat.next.store(self.ring().end(), Ordering::Release);
        self.seats().push(seat.clone());
    }

    /// Lets a frame wait for the watchers; [`Class::wake`] tells them.
    pub(crate) fn push(&self, frame: Bytes) {
        self.pushed.fetch_add(frame.len(), Ordering::Relaxed);
        let waiting = {
            let mut ring = self.ring();
            ring.push(frame);
            ring.len()
        };
        if waiting % FORGET_AT == 0 {
            self.forget();
        }
    }

    /// Tells the watchers that frames wait.
    pub(crate) fn wake(&self) {
        self.pushed.store(0, Ordering::Relaxed);
        self.seats().iter().for_each(|seat| seat.waker.wake());
    }

    /// Whether so much was pushed that the watchers have to be told before there is more: a batch can be larger than the ring, and who was
    /// not told yet is not slow.
    pub(crate) fn is_filling(&self) -> bool {
        self.pushed.load(Ordering::Relaxed) > self.max_bytes / 2
    }

    /// Whether so much waits that whoever has more to tell should wait for those who take.
    pub(crate) fn is_behind(&self) -> bool {
        if self.ring().bytes() <= self.max_bytes / 2 {
            return false;
        }
        self.forget();
        self.ring().bytes() > self.max_bytes / 2
    }

    /// Waits while the watchers take what waits, for those who do. One that has stopped reading holds nobody up.
    pub(crate) async fn let_take(&self) {
        let mut before = None;
        for _ in 0..MAX_PAUSES {
            let taken = self.taken();
            if taken.is_none() || taken == before {
                return;
            }
            before = taken;
            sleep(PAUSE).await;
        }
    }

    /// How many frames the watchers have taken, all together; `None` when nobody is behind.
    fn taken(&self) -> Option<u64> {
        let end = self.ring().end();
        let seats = self.seats();
        let next =
            || seats.iter().filter(|seat| seat.is_taken()).map(|seat| seat.next.load(Ordering::Acquire));
        next().any(|next| next < end).then(|| next().fold(0, u64::wrapping_add))
    }

    /// Forgets what everybody has taken. A seat's number only grows, so an old one is safe.
    pub(crate) fn forget(&self) {
        let seats = self.seats();
        let taken = seats.iter().filter(|seat| seat.is_taken());
        let least = taken.map(|seat| seat.next.load(Ordering::Acquire)).min();
        let mut ring = self.ring();
        let before = least.unwrap_or_else(|| ring.end());
        ring.forget(before);
    }

    /// Those in it, of whom some may have left.
    pub(crate) fn all(&self) -> Vec<Arc<Seat>> {
        self.seats().clone()
    }

    pub(crate) fn end_all(&self, reason: Ended) {
        self.seats().iter().for_each(|seat| seat.end(reason));
    }
}
