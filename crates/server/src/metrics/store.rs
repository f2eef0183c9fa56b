//! The names of the numbers that a store has on either engine.

use super::page::{Page, Unit};
use mainstay_ports::measure::{Counter, Histogram};

/// What a store of either engine counts.
pub(super) struct Numbers<'a> {
    /// Writes by outcome: committed, rejected, failed, busy.
    pub(super) outcomes: [&'a Counter; 4],
    pub(super) takes_writes: bool,
    pub(super) write_queue: u64,
    pub(super) group_size: &'a Histogram,
    pub(super) group_time: &'a Histogram,
    pub(super) commit_time: &'a Histogram,
    pub(super) read_queue: u64,
    pub(super) feed_end: u64,
}

pub(super) fn write(page: &mut Page, numbers: &Numbers<'_>) {
    transactions(page, numbers.outcomes);
    page.gauge(
        "mainstay_writable",
        "Whether writes are taken: 1, or 0 while the disk is full or has failed, or PostgreSQL cannot be reached or has the tables of another version.",
        u8::from(numbers.takes_writes),
    );
    page.gauge(
        "mainstay_write_queue_length",
        "Writes that wait; on PostgreSQL also those that run.",
        numbers.write_queue,
    );
    commits(page, numbers);
    page.gauge(
        "mainstay_read_queue_length",
        "Queries that wait for a reader's thread, or for PostgreSQL's answer.",
        numbers.read_queue,
    );
    page.gauge("mainstay_feed_end_offset", "The number of the last change.", numbers.feed_end);
}

fn commits(page: &mut Page, numbers: &Numbers<'_>) {
    page.histogram(
        "mainstay_commit_group_size",
        "How many writes were committed together.",
        Unit::One,
        &numbers.group_size.read(),
    );
    page.histogram(
        "mainstay_commit_group_duration_seconds",
        "Time of a group of writes from its first statement until it was durable.",
        Unit::Time,
        &numbers.group_time.read(),
    );
    page.histogram(
        "mainstay_commit_duration_seconds",
        "Time of a commit: to the disk, with a checkpoint now and then; on PostgreSQL also the wait for numbers in the feed.",
        Unit::Time,
        &numbers.commit_time.read(),
    );
}

/// Writes by what became of them.
fn transactions(page: &mut Page, counters: [&Counter; 4]) {
    const TRANSACTIONS: &str = "mainstay_transactions_total";
    page.head(
        TRANSACTIONS,
        "counter",
        "Writes by outcome: committed, rejected by a rule or check, failed, or busy: turned away since too many waited.",
    );
    for (outcome, counter) in ["committed", "rejected", "failed", "busy"].into_iter().zip(counters) {
        page.sample(TRANSACTIONS, &[("outcome", outcome)], counter.get());
    }
}
