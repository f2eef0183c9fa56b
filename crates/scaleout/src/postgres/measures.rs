//! What the store counts of itself.

use mainstay_ports::StoreError;
use mainstay_ports::measure::{Counter, Gauge, Histogram};
use std::sync::Arc;

/// Bounds for the sizes of groups.
const GROUP_SIZES: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256];

/// What the store counts of itself. Times are in nanoseconds.
#[derive(Debug)]
pub struct Measures {
    /// Transactions that took effect.
    pub committed: Counter,
    /// Transactions that a rule, a check or another write stood against.
    pub rejected: Counter,
    /// Transactions that failed.
    pub failed: Counter,
    /// Transactions that were turned away since too many waited.
    pub busy: Counter,
    /// Transactions that wait or run.
    pub write_queue: Gauge,
    /// How often a transaction was run again, since it met another.
    pub retries: Counter,
    /// How many transactions each group had.
    pub group_size: Histogram,
    /// How long each group took, from its first question to its durability.
    pub group_time: Histogram,
    /// How often a group had to ask before it could write.
    pub group_questions: Counter,
    /// Groups that were rolled back.
    pub group_failures: Counter,
    /// Transactions that began in a group and were then run by themselves.
    pub group_left: Counter,
    /// How long transactions waited for a connection.
    pub writer_wait: Histogram,
    /// How long transactions took that had a connection of their own.
    pub transaction_time: Histogram,
    /// How long each took from the wait for its numbers in the feed until it was durable.
    pub commit_time: Histogram,
    /// How often the server was asked within transactions of their own.
    pub round_trips: Counter,
    /// Queries that wait for their answers.
    pub reads_in_flight: Gauge,
    /// Queries that were asked again on another connection, since the first one broke.
    pub read_retries: Counter,
    /// Queries that a replica answered.
    pub replica_reads: Counter,
    /// Queries that a replica did not answer, so that the server was asked.
    pub replica_failures: Counter,
    /// Connections that were made anew, since they broke.
    pub reconnections: Counter,
    /// How long it took to look up the end of the feed.
    pub look_time: Histogram,
    /// How often that showed changes which other nodes had made.
    pub looks_with_news: Counter,
    /// The number of the last change in the feed, as far as this node knows.
    pub feed_end: Arc<Gauge>,
}

impl Default for Measures {
    fn default() -> Self {
        Measures {
            group_size: Histogram::new(GROUP_SIZES),
            committed: Counter::default(),
            rejected: Counter::default(),
            failed: Counter::default(),
            busy: Counter::default(),
            write_queue: Gauge::default(),
            retries: Counter::default(),
            group_time: Histogram::default(),
            group_questions: Counter::default(),
            group_failures: Counter::default(),
            group_left: Counter::default(),
            writer_wait: Histogram::default(),
            transaction_time: Histogram::default(),
            commit_time: Histogram::default(),
            round_trips: Counter::default(),
            reads_in_flight: Gauge::default(),
            read_retries: Counter::default(),
            reconnections: Counter::default(),
            look_time: Histogram::default(),
            looks_with_news: Counter::default(),
            replica_reads: Counter::default(),
            replica_failures: Counter::default(),
            feed_end: Arc::default(),
        }
    }
}

impl Measures {
    /// Counts what became of a transaction.
    pub(crate) fn note_transaction(&self, error: Option<&StoreError>) {
        match error {
            None => self.committed.increment(),
            Some(StoreError::Rejected(_)) => self.rejected.increment(),
            Some(StoreError::Busy) => self.busy.increment(),
            Some(_) => self.failed.increment(),
        }
    }
}
