//! Chance that can be repeated.

use std::hash::{BuildHasher, RandomState};

/// SplitMix64 (Steele, Lea and Flood, 2014).
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// From `MAINSTAY_SEED`, else from chance; printed, so that a failed run can be repeated as far as threads and disks let it.
    pub(crate) fn seeded(what: &str) -> Self {
        let given = std::env::var("MAINSTAY_SEED").ok();
        let seed = given.map_or_else(|| RandomState::new().hash_one(what), |seed| seed.parse().unwrap());
        println!("{what}: MAINSTAY_SEED={seed}");
        Random(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Whether something that happens so many times in a hundred happens now.
    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// Chance for somebody else, which depends on this one's seed alone.
    pub(crate) fn fork(&mut self) -> Self {
        Random(self.next())
    }
}

/// Whether tests that explore by chance should take their time.
pub(crate) fn is_long() -> bool {
    std::env::var_os("MAINSTAY_LONG").is_some()
}
