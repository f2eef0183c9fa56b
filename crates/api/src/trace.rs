//! What is kept of a request: a line in the log, and its counts.

use crate::measures::{CLIENT_GONE, Requests};
use crate::routes::Route;
use axum::body::{Body, HttpBody};
use http::{Method, Response};
use std::time::Instant;
use uuid::Uuid;

/// A request from its begin to its end. It ends when this is dropped, be it that its client went away and nobody waits for the answer any
/// more: then too it is counted and logged, with status 499.
pub(crate) struct Trace<'a> {
    requests: &'a Requests,
    route: &'a Route,
    method: Method,
    request_id: &'a str,
    started: Instant,
    status: u16,
    user: Option<Uuid>,
}

impl<'a> Trace<'a> {
    pub(crate) fn begin(
        requests: &'a Requests,
        route: &'a Route,
        method: Method,
        request_id: &'a str,
        started: Instant,
    ) -> Self {
        requests.in_flight.increment();
        Trace { requests, route, method, request_id, started, status: CLIENT_GONE, user: None }
    }

    /// Ends it with an answer for an account, or for nobody.
    pub(crate) fn end(mut self, response: &Response<Body>, user: Option<Uuid>) {
        self.status = response.status().as_u16();
        self.user = user;
        if let Some(bytes) = response.body().size_hint().exact() {
            self.route.measures.response_bytes.add(bytes);
        }
    }
}

impl Drop for Trace<'_> {
    fn drop(&mut self) {
        let duration = self.started.elapsed();
        self.requests.in_flight.decrement();
        self.route.measures.duration.observe_time(duration);
        self.route.measures.count(self.status);
        // The path is shown as its template, so that nothing of the request itself gets into the log.
        tracing::info!(
            target: "http",
            method = known_method(&self.method),
            route = self.route.path,
            status = self.status,
            duration_us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            request_id = self.request_id,
            user = self.user.map(tracing::field::display),
        );
    }
}

/// The method, unless the client made one up.
fn known_method(method: &Method) -> &str {
    const KNOWN: &[Method] = &[
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    if KNOWN.contains(method) { method.as_str() } else { "other" }
}
