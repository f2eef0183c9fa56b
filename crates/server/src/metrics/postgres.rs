//! The names of the numbers that only a store on PostgreSQL has.

use super::page::{Page, Unit};
use super::store::{self, Numbers};
use mainstay_scaleout::postgres::{Measures, PostgresStore};

pub(super) fn store(page: &mut Page, store: &PostgresStore) {
    let measures = store.measures();
    let numbers = Numbers {
        outcomes: [&measures.committed, &measures.rejected, &measures.failed, &measures.busy],
        takes_writes: store.takes_writes(),
        write_queue: measures.write_queue.get(),
        group_size: &measures.group_size,
        group_time: &measures.group_time,
        commit_time: &measures.commit_time,
        read_queue: measures.reads_in_flight.get(),
        feed_end: measures.feed_end.get(),
    };
    store::write(page, &numbers);
    connections(page, store);
    groups(page, measures);
    writes(page, measures);
    reads(page, store);
    page.histogram(
        "mainstay_doorbell_look_seconds",
        "Time that it took to look up the end of the feed.",
        Unit::Time,
        &measures.look_time.read(),
    );
    page.counter(
        "mainstay_doorbell_news_total",
        "Looks that showed changes which this node had not heard of.",
        measures.looks_with_news.get(),
    );
}

fn connections(page: &mut Page, store: &PostgresStore) {
    page.gauge(
        "mainstay_database_connections",
        "Connections to the database, without those to replicas.",
        store.connections(),
    );
    page.counter(
        "mainstay_database_connections_refused_total",
        "Connections that the database had no room for.",
        store.refused_connections(),
    );
}

fn groups(page: &mut Page, measures: &Measures) {
    page.counter(
        "mainstay_commit_group_questions_total",
        "Round trips in which groups asked what they had to know before they could write.",
        measures.group_questions.get(),
    );
    page.counter(
        "mainstay_commit_group_failures_total",
        "Groups that were rolled back, and whose writes were tried again.",
        measures.group_failures.get(),
    );
    page.counter(
        "mainstay_commit_group_left_total",
        "Writes that a group could not do, and that were then run by themselves.",
        measures.group_left.get(),
    );
}

fn writes(page: &mut Page, measures: &Measures) {
    page.histogram(
        "mainstay_writer_wait_seconds",
        "Time that transactions waited for a connection.",
        Unit::Time,
        &measures.writer_wait.read(),
    );
    page.histogram(
        "mainstay_transaction_duration_seconds",
        "Time of a transaction on a connection of its own.",
        Unit::Time,
        &measures.transaction_time.read(),
    );
    page.counter(
        "mainstay_transaction_retries_total",
        "Transactions that were run again, since they met others.",
        measures.retries.get(),
    );
    page.counter(
        "mainstay_transaction_round_trips_total",
        "Questions to the server within transactions on connections of their own.",
        measures.round_trips.get(),
    );
}

fn reads(page: &mut Page, store: &PostgresStore) {
    let measures = store.measures();
    page.counter(
        "mainstay_read_retries_total",
        "Queries that were asked again, since a connection broke.",
        measures.read_retries.get(),
    );
    page.gauge(
        "mainstay_replicas_in_use",
        "Replicas that are new enough to be asked.",
        store.replicas_in_use(),
    );
    page.counter(
        "mainstay_replica_reads_total",
        "Queries that a replica answered.",
        measures.replica_reads.get(),
    );
    page.counter(
        "mainstay_replica_failures_total",
        "Queries that a replica did not answer, so that the primary was asked.",
        measures.replica_failures.get(),
    );
    page.counter(
        "mainstay_reconnections_total",
        "Connections for reading that were made anew, since they broke.",
        measures.reconnections.get(),
    );
}
