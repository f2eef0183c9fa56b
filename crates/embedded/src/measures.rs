//! What the store counts of itself.

use mainstay_ports::StoreError;
use mainstay_ports::measure::{Counter, Gauge, Histogram};

/// Bounds for the sizes of groups: as many commands as one commit takes along at most.
const GROUP_SIZES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512];

/// What the store counts of itself. Times are in nanoseconds.
#[derive(Debug)]
pub struct Measures {
    /// How many commands each group had.
    pub group_size: Histogram,
    /// How long each group took, from its first command to its durability.
    pub group_time: Histogram,
    /// How long each `COMMIT` took: writing the log, the sync, and now and then moving the log into the database.
    pub commit_time: Histogram,
    /// Commands that took effect.
    pub committed: Counter,
    /// Commands that a rule, a check or another write stood against.
    pub rejected: Counter,
    /// Commands that failed, alone or with their group.
    pub failed: Counter,
    /// Commands that were turned away since too many waited.
    pub writer_busy: Counter,
    /// How long queries waited for a thread of the readers' pool.
    pub reader_wait: Histogram,
    /// Queries that wait for a thread.
    pub reader_queue: Gauge,
    /// Queries that were turned away since too many waited.
    pub reader_busy: Counter,
    /// The number of the last change in the feed.
    pub feed_end: Gauge,
    /// The size of all changes that there ever were.
    pub feed_written_bytes: Gauge,
    /// The size of those that were removed since.
    pub feed_trimmed_bytes: Gauge,
}

impl Measures {
    /// Counts what became of a command.
    pub(crate) fn note_command(&self, error: Option<&StoreError>) {
        match error {
            None => self.committed.increment(),
            Some(StoreError::Rejected(_)) => self.rejected.increment(),
            Some(_) => self.failed.increment(),
        }
    }

    /// The size of the feed as it is kept.
    pub fn feed_bytes(&self) -> u64 {
        self.feed_written_bytes.get().saturating_sub(self.feed_trimmed_bytes.get())
    }
}

impl Default for Measures {
    fn default() -> Self {
        Measures {
            group_size: Histogram::new(GROUP_SIZES),
            group_time: Histogram::default(),
            commit_time: Histogram::default(),
            committed: Counter::default(),
            rejected: Counter::default(),
            failed: Counter::default(),
            writer_busy: Counter::default(),
            reader_wait: Histogram::default(),
            reader_queue: Gauge::default(),
            reader_busy: Counter::default(),
            feed_end: Gauge::default(),
            feed_written_bytes: Gauge::default(),
            feed_trimmed_bytes: Gauge::default(),
        }
    }
}
