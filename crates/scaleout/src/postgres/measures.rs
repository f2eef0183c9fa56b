//! What the store counts of itself.

use mainstay_ports::StoreError;
use mainstay_ports::measure::{Counter, Gauge, Histogram};
use std::sync::Arc;

/// What the store counts of itself. Times are in nanoseconds.
#[derive(Debug, Default)]
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
