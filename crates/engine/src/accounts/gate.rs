//! How many logins of one account, or from one address, are tried at once: no more than may fail before the next has to wait.
//!
//! A guess counts when it has failed, which is after it was tried. Without a gate, a thousand guesses sent at once would all be tried before the
//! first of them counts.

use crate::{Code, Error};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// How many may wait at one gate. It keeps a flood of logins of one account from holding as many requests.
const MAX_WAITING: u32 = 64;

/// The gates at which somebody is, by what is counted. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Gates {
    gates: Arc<Mutex<HashMap<String, Gate>>>,
    counting: Arc<tokio::sync::Mutex<()>>,
}

struct Gate {
    waiting: u32,
    tried: u32,
    /// Counts those who left, and with it what may have failed.
    left: watch::Sender<u64>,
}

/// A place at a gate: in front of it, then beyond. It is given up when this is dropped.
pub(super) struct Place {
    gates: Gates,
    key: String,
    left: watch::Receiver<u64>,
    is_tried: bool,
}

/// What came of asking to be let through.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// Through.
    Open,
    /// Somebody left since the place's [`Place::look`]: how many are free has to be asked again.
    Changed,
    /// As many as are free are being tried.
    Full,
}

impl Gates {
    /// Comes to a gate.
    ///
    /// # Errors
    /// [`Code::Busy`] when too many wait there.
    pub(super) fn come(&self, key: &str) -> Result<Place, Error> {
        let mut gates = self.lock();
        let gate = gates.entry(key.to_owned()).or_insert_with(|| Gate {
            waiting: 0,
            tried: 0,
            left: watch::Sender::new(0),
        });
        if gate.waiting >= MAX_WAITING {
            return Err(Error::new(Code::Busy, "too many logins are waiting, try again soon").retry_after(1));
        }
        gate.waiting += 1;
        Ok(Place { gates: self.clone(), key: key.to_owned(), left: gate.left.subscribe(), is_tried: false })
    }

    /// Waits to count a failure: held while that is done, which many would else do at once to the same row.
    pub(super) async fn counting(&self) -> impl Drop + '_ {
        self.counting.lock().await
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Gate>> {
        self.gates.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// To be called before it is asked how many are free.
    pub(super) fn look(&mut self) {
        self.left.mark_unchanged();
    }

    /// Asks to be let through, where `free` may be tried at once.
    pub(super) fn enter(&mut self, free: u32) -> Entry {
        let mut gates = self.gates.lock();
        // While somebody is at a gate, it is there.
        let Some(gate) = gates.get_mut(&self.key) else { return Entry::Changed };
        if self.left.has_changed().unwrap_or(true) {
            return Entry::Changed;
        }
        if gate.tried >= free {
            return Entry::Full;
        }
        gate.waiting -= 1;
        gate.tried += 1;
        self.is_tried = true;
        Entry::Open
    }

    /// Waits until somebody leaves.
    pub(super) async fn wait(&mut self) {
        // It fails when the gate is gone, and then there is nobody to wait for.
        let _ = self.left.changed().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut gates = self.gates.lock();
        let Some(gate) = gates.get_mut(&self.key) else { return };
        if self.is_tried {
            gate.tried -= 1;
            gate.left.send_modify(|left| *left += 1);
        } else {
            gate.waiting -= 1;
        }
        if gate.waiting == 0 && gate.tried == 0 {
            gates.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn no_more_are_let_through_than_are_free() {
        let gates = Gates::default();
        let mut places: Vec<Place> = (0..4).map(|_| gates.come("a").unwrap()).collect();
        let entered: Vec<Entry> = places.iter_mut().map(|place| place.enter(2)).collect();
        assert_eq!(entered, [Entry::Open, Entry::Open, Entry::Full, Entry::Full]);
        assert_eq!(gates.come("b").unwrap().enter(1), Entry::Open);
        places.remove(0);
        // What the others know of the failures is older than that.
        assert_eq!(places[1].enter(2), Entry::Changed);
        places[1].look();
        assert_eq!(places[1].enter(2), Entry::Open);
        places[2].look();
        assert_eq!(places[2].enter(2), Entry::Full);
        drop(places);
        assert!(gates.lock().is_empty());
    }

    #[tokio::test]
    async fn who_waits_is_woken_when_one_leaves() {
        let gates = Gates::default();
        let (mut first, mut second) = (gates.come("a").unwrap(), gates.come("a").unwrap());
        assert_eq!((first.enter(1), second.enter(1)), (Entry::Open, Entry::Full));
        drop(first);
        second.wait().await;
        second.look();
        assert_eq!(second.enter(1), Entry::Open);
    }

    #[test]
    fn so_many_wait_and_no_more() {
        let gates = Gates::default();
        let places: Vec<Place> = (0..MAX_WAITING).map(|_| gates.come("a").unwrap()).collect();
        assert_eq!(gates.come("a").err().unwrap().code, Code::Busy);
        drop(places);
        assert!(gates.come("a").is_ok());
    }
}
