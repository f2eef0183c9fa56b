//! Waking those who wait for a lock.

use crate::{Code, Error};
use tokio::sync::{Notify, Semaphore, SemaphorePermit};
use uuid::Uuid;

/// A few bells for all locks: whoever is woken for another's looks once in vain.
const COUNT: usize = 64;

/// The most requests that may wait for locks at once.
const MAX_WAITING: usize = 1_000;

/// Rings when a lock is released on this node.
pub(crate) struct Bells {
    bells: [Notify; COUNT],
    places: Semaphore,
}

impl Default for Bells {
    fn default() -> Self {
        Bells { bells: std::array::from_fn(|_| Notify::new()), places: Semaphore::new(MAX_WAITING) }
    }
}

impl Bells {
    /// The bell of a lock. The id is a digest, so that any byte of it but those of the version is as good as chance.
    pub(super) fn of(&self, lock: Uuid) -> &Notify {
        &self.bells[usize::from(lock.as_bytes()[0]) % COUNT]
    }

    /// Leave to wait, until it is dropped.
    ///
    /// # Errors
    /// [`Code::Busy`] when too many do.
    pub(super) fn place(&self) -> Result<SemaphorePermit<'_>, Error> {
        let full = |_| Error::new(Code::Busy, "too many wait for locks, try again soon").retry_after(1);
        self.places.try_acquire().map_err(full)
    }
}
