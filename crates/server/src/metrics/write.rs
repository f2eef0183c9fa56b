//! The names of the numbers, a function for each part of the program.

use super::page::{Page, Unit};
use super::store::{self, Numbers};
use crate::listen;
use crate::tls::Tls;
use mainstay_api::operations::{Counts, OperationCounts};
use mainstay_api::{Requests, RouteMeasures};
use mainstay_embedded::SqliteStore;
use mainstay_engine::{Code, Engine, Measures};
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::sync::Arc;

pub(super) fn requests(page: &mut Page, requests: &Requests) {
    let mut routes = requests.routes();
    routes.retain(|route| route.duration.read().count > 0);
    const TOTAL: &str = "mainstay_http_requests_total";
    page.head(
        TOTAL,
        "counter",
        "Requests by method, route and status; 499 are those whose client went away.",
    );
    for route in &routes {
        for (code, count) in route.statuses() {
            page.sample(TOTAL, &[("method", &route.method), ("route", &route.route), ("code", &code)], count);
        }
    }
    const DURATION: &str = "mainstay_http_request_duration_seconds";
    page.head(DURATION, "histogram", "Time from a request's head to the begin of its answer.");
    for route in &routes {
        page.distribution(DURATION, &labels(route), Unit::Time, &route.duration.read());
    }
    per_route(page, "mainstay_http_request_body_bytes_total", "Bytes of request bodies.", &routes, |route| {
        route.request_bytes.get()
    });
    per_route(
        page,
        "mainstay_http_response_body_bytes_total",
        "Bytes of answers' bodies; streams are not in it.",
        &routes,
        |route| route.response_bytes.get(),
    );
    let in_flight = requests.in_flight.get();
    page.gauge("mainstay_http_requests_in_flight", "Requests that are being answered.", in_flight);
}

/// Those of REST are the routes above.
pub(super) fn operations(page: &mut Page, operations: &Counts) {
    const TOTAL: &str = "mainstay_operations_total";
    page.head(
        TOTAL,
        "counter",
        "Operations by name, protocol and outcome; those of REST are counted by route.",
    );
    let mut counts: Vec<(&str, &OperationCounts)> = operations.iter().collect();
    counts.sort_unstable_by_key(|(name, _)| *name);
    for (name, counts) in counts {
        for (protocol, outcome, count) in counts.all().filter(|(.., count)| *count > 0) {
            let labels =
                [("operation", name), ("protocol", protocol.as_str()), ("outcome", outcome.as_str())];
            page.sample(TOTAL, &labels, count);
        }
    }
}

/// Who uses what of which version of the API. The engine tells only so many apart.
pub(super) fn api_uses(page: &mut Page, engine: &Engine) {
    let totals = engine.api_use_totals();
    if totals.is_empty() {
        return;
    }
    const TOTAL: &str = "mainstay_api_uses_total";
    page.head(
        TOTAL,
        "counter",
        "Uses of operations and fields by version of the API and client; only of projects with several versions.",
    );
    for (key, total) in totals {
        let version = key.version.to_string();
        page.sample(TOTAL, &[("version", &version), ("used", &key.used), ("client", &key.client)], total);
    }
}

fn per_route(
    page: &mut Page,
    name: &str,
    help: &str,
    routes: &[Arc<RouteMeasures>],
    value: impl Fn(&RouteMeasures) -> u64,
) {
    page.head(name, "counter", help);
    for route in routes {
        page.sample(name, &labels(route), value(route));
    }
}

fn labels(route: &RouteMeasures) -> [(&str, &str); 2] {
    [("method", &route.method), ("route", &route.route)]
}

pub(super) fn connections(page: &mut Page, measures: &listen::Measures) {
    page.gauge("mainstay_connections_open", "Open connections.", measures.open.get());
    page.gauge("mainstay_connections_limit", "The most connections at once.", measures.limit.get());
    page.counter("mainstay_connections_accepted_total", "Accepted connections.", measures.accepted.get());
    const REFUSED: &str = "mainstay_connections_refused_total";
    page.head(REFUSED, "counter", "What arrived and did not become a request of the API, by reason.");
    for (reason, count) in measures.refusals() {
        page.sample(REFUSED, &[("reason", reason)], count);
    }
    let (received, sent) = (measures.received_bytes.get(), measures.sent_bytes.get());
    page.counter("mainstay_network_received_bytes_total", "Bytes received, heads included.", received);
    page.counter("mainstay_network_sent_bytes_total", "Bytes sent, heads included.", sent);
}

pub(super) fn tls(page: &mut Page, tls: &Tls) {
    page.gauge(
        "mainstay_tls_certificate_expiry_timestamp_seconds",
        "When the certificate ends that clients are shown, in seconds since 1970.",
        tls.expiry(),
    );
    const HANDSHAKES: &str = "mainstay_tls_handshakes_total";
    page.head(
        HANDSHAKES,
        "counter",
        "Handshakes by what became of them: full, resumed by a ticket, or failed.",
    );
    for (outcome, count) in tls.handshakes() {
        page.sample(HANDSHAKES, &[("outcome", outcome)], count);
    }
}

pub(super) fn store(page: &mut Page, store: &SqliteStore, database: &Path) {
    let measures = store.measures();
    let numbers = Numbers {
        outcomes: [&measures.committed, &measures.rejected, &measures.failed, &measures.writer_busy],
        takes_writes: store.takes_writes(),
        write_queue: store.write_queue_length() as u64,
        group_size: &measures.group_size,
        group_time: &measures.group_time,
        commit_time: &measures.commit_time,
        read_queue: measures.reader_queue.get(),
        feed_end: measures.feed_end.get(),
    };
    store::write(page, &numbers);
    reads(page, measures);
    page.gauge("mainstay_feed_size_bytes", "The size of the changes that are kept.", measures.feed_bytes());
    page.gauge(
        "mainstay_database_size_bytes",
        "The size of the database file.",
        size(database.as_os_str().to_owned()),
    );
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    page.gauge("mainstay_database_wal_size_bytes", "The size of the write-ahead log.", size(log));
}

fn reads(page: &mut Page, measures: &mainstay_embedded::Measures) {
    page.histogram(
        "mainstay_read_wait_seconds",
        "Time that queries waited for a reader's thread.",
        Unit::Time,
        &measures.reader_wait.read(),
    );
    page.counter(
        "mainstay_read_busy_total",
        "Queries that were turned away since too many waited.",
        measures.reader_busy.get(),
    );
}

/// The size of a file; nothing when it is not there.
fn size(path: OsString) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

pub(super) fn watches(page: &mut Page, engine: &Engine, feed_end: u64) {
    let counts = engine.watch_counts();
    const WATCHERS: &str = "mainstay_watchers";
    page.head(
        WATCHERS,
        "gauge",
        "What `limits.watchers` bounds, of all protocols, by what is watched: records, what is sent on a channel, who is present there; and members who are.",
    );
    for (purpose, count) in engine.watchers_by_purpose() {
        page.sample(WATCHERS, &[("of", purpose.as_str())], count);
    }
    refused(
        page,
        "mainstay_watches_refused_total",
        "Watches that were refused at a bound, by the code that the client was told.",
        engine.refused_watches(),
    );
    page.gauge(
        "mainstay_watch_classes",
        "Classes that the watches fall into; each evaluates a change once.",
        counts.classes,
    );
    page.gauge(
        "mainstay_watch_questions",
        "Questions about other records that watches stand on.",
        counts.questions,
    );
    // Nobody is behind while nobody watches.
    let lag = if counts.watchers == 0 { 0 } else { feed_end.saturating_sub(counts.offset) };
    page.gauge("mainstay_watch_lag_changes", "Changes in the feed that watches were not told of yet.", lag);
    const ENDED: &str = "mainstay_watches_ended_total";
    page.head(ENDED, "counter", "Watches that the server ended, by the reason that they were told.");
    for (reason, count) in engine.ended_watches() {
        page.sample(ENDED, &[("reason", reason.as_str())], count);
    }
}

fn refused(page: &mut Page, name: &str, help: &str, counts: [(Code, u64); 2]) {
    page.head(name, "counter", help);
    for (code, count) in counts {
        page.sample(name, &[("code", code.as_str())], count);
    }
}

pub(super) fn sockets(page: &mut Page, engine: &Engine, live: &mainstay_live::Measures) {
    page.gauge("mainstay_sockets_open", "Open WebSockets, of `/v1/live` and of GraphQL.", engine.sockets());
    refused(
        page,
        "mainstay_sockets_refused_total",
        "WebSockets that were refused at a bound, by the code that the client was told.",
        engine.refused_sockets(),
    );
    page.counter("mainstay_live_opened_total", "Sockets of `/v1/live` that were opened.", live.opened.get());
    const CLOSED: &str = "mainstay_live_closed_total";
    page.head(CLOSED, "counter", "Sockets of `/v1/live` that were closed, by reason.");
    for (reason, count) in live.closed() {
        page.sample(CLOSED, &[("reason", reason)], count);
    }
    page.counter("mainstay_live_received_total", "Messages from clients of `/v1/live`.", live.received.get());
    page.counter("mainstay_live_sent_total", "Messages to clients of `/v1/live`.", live.sent.get());
    refused(
        page,
        "mainstay_live_refused_total",
        "Requests over `/v1/live` that were refused at a bound of the socket, by the code that the client was told.",
        live.refused(),
    );
    page.counter(
        "mainstay_channel_messages_total",
        "Messages that clients of this node sent on channels.",
        engine.published(),
    );
}

pub(super) fn nodes(page: &mut Page, engine: &Engine) {
    let measures = engine.measures();
    page.gauge(
        "mainstay_nodes_heard",
        "Other nodes of which something was heard in the last seconds.",
        engine.nodes_heard() as u64,
    );
    page.counter("mainstay_node_told_total", "What other nodes were told.", measures.node_told.get());
    page.counter(
        "mainstay_node_lost_total",
        "What other nodes were to be told and could not be, since what carries it was away.",
        measures.node_lost.get(),
    );
    page.counter("mainstay_node_heard_total", "What other nodes told.", measures.node_heard.get());
    page.counter(
        "mainstay_node_gaps_total",
        "How often something between two things that a node told was not heard.",
        measures.node_gaps.get(),
    );
}

pub(super) fn engine(page: &mut Page, measures: &Measures) {
    const TOKENS: &str = "mainstay_access_tokens_total";
    page.head(
        TOKENS,
        "counter",
        "Access tokens by how their account was found: remembered, or checked by signature and session.",
    );
    page.sample(TOKENS, &[("account", "remembered")], measures.tokens_remembered.get());
    page.sample(TOKENS, &[("account", "checked")], measures.tokens_checked.get());
    page.gauge(
        "mainstay_password_queue_length",
        "Passwords that wait for a worker.",
        measures.password_queue.get(),
    );
    page.histogram(
        "mainstay_password_wait_seconds",
        "Time that passwords waited for a worker.",
        Unit::Time,
        &measures.password_wait.read(),
    );
    page.histogram(
        "mainstay_password_hash_duration_seconds",
        "Time that a worker took to hash a password.",
        Unit::Time,
        &measures.password_work.read(),
    );
    page.counter(
        "mainstay_password_busy_total",
        "Passwords that were turned away since too many waited.",
        measures.password_busy.get(),
    );
    page.counter("mainstay_login_failures_total", "Failed logins.", measures.login_failures.get());
    page.counter(
        "mainstay_login_lockouts_total",
        "Logins that were refused since too many had failed.",
        measures.login_lockouts.get(),
    );
}
