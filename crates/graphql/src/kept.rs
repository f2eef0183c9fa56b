//! What was made of texts that clients sent, kept for the next time that they send them.

use lru::LruCache;
use std::sync::{Arc, Mutex, PoisonError};

/// Keeps what was asked for lately, up to a number and a total of the texts that it was made of: strangers may send anything.
pub(crate) struct Kept<V> {
    known: Mutex<Known<V>>,
}

struct Known<V> {
    by_key: LruCache<Arc<str>, Entry<V>>,
    bytes: usize,
}

struct Entry<V> {
    value: V,
    bytes: usize,
}

/// How many are kept.
const CAPACITY: usize = 1_024;
/// How long the texts of those that are kept may be together, in bytes.
const CAPACITY_BYTES: usize = 512 << 10;

impl<V: Clone> Kept<V> {
    pub(crate) fn new() -> Self {
        Kept { known: Mutex::new(Known { by_key: LruCache::unbounded(), bytes: 0 }) }
    }

    pub(crate) fn get(&self, key: &str) -> Option<V> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.by_key.get(key).map(|entry| entry.value.clone())
    }

    /// Keeps what was made of a text that is so long.
    pub(crate) fn put(&self, key: &str, bytes: usize, value: V) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.by_key.put(key.into(), Entry { value, bytes });
        known.bytes = known.bytes + bytes - before.map_or(0, |entry| entry.bytes);
        while known.by_key.len() > CAPACITY || known.bytes > CAPACITY_BYTES {
            let Some((_, entry)) = known.by_key.pop_lru() else { return };
            known.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_longest_ago_makes_room() {
        let kept = Kept::new();
        for number in 0..CAPACITY + 1 {
            kept.put(&number.to_string(), 1, number);
            assert_eq!(kept.get("1"), Some(1).filter(|_| number > 0));
        }
        assert_eq!((kept.get("0"), kept.get("1"), kept.get("2")), (None, Some(1), Some(2)));
        kept.put("long", CAPACITY_BYTES - 1, 0);
        assert_eq!((kept.get("long"), kept.get("2"), kept.get("1024")), (Some(0), Some(2), None));
        // The same again takes no more room, and what is too long for all of it is not kept.
        kept.put("long", CAPACITY_BYTES - 1, 1);
        assert_eq!(kept.get("long"), Some(1));
        kept.put("longer", CAPACITY_BYTES + 1, 0);
        assert_eq!(kept.get("longer"), None);
    }
}
