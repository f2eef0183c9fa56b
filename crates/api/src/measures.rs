//! What the API counts of its requests.
//!
//! A route has its counters from the start, one set for each method and template: a request is counted without a look at its path,
//! and however strange it is, nothing new is made for it.

use http::Method;
use mainstay_ports::measure::{Counter, Gauge, Histogram};
use std::sync::{Arc, Mutex, PoisonError};

/// What the API counts of its requests.
#[derive(Debug, Default)]
pub struct Requests {
    /// Requests that are being answered.
    pub in_flight: Gauge,
    /// Written while the routes are made, and read when somebody asks.
    routes: Mutex<Vec<Arc<RouteMeasures>>>,
}

/// What is counted of one method and path template.
#[derive(Debug)]
pub struct RouteMeasures {
    /// The method; `other` for all that the path does not know. `HEAD` counts as the `GET` that it is a part of.
    pub method: String,
    /// The path's template: `/v1/rooms/{id}`. `unmatched` for all paths that are none.
    pub route: String,
    /// How long requests took until their answer began, in nanoseconds.
    pub duration: Histogram,
    /// The bytes of request bodies that were read.
    pub request_bytes: Counter,
    /// The bytes of answers' bodies whose length was known when they began.
    pub response_bytes: Counter,
    statuses: [Counter; STATUSES.len() + 1],
}

/// The status under which a request is counted whose client went away before there was an answer; nginx's number for it.
pub(crate) const CLIENT_GONE: u16 = 499;

/// The statuses that are counted each for itself, in ascending order. All others are counted together.
const STATUSES: [u16; 27] = [
    200,
    201,
    202,
    204,
    304,
    400,
    401,
    403,
    404,
    405,
    406,
    408,
    409,
    412,
    413,
    415,
    422,
    426,
    428,
    429,
    431,
    CLIENT_GONE,
    500,
    501,
    503,
    504,
    507,
];

impl Requests {
    /// The counters of a route that is about to be made. Operations that share a method and a path, as a list and its watch, share them.
    pub(crate) fn route(&self, method: Option<&Method>, path: &str) -> Arc<RouteMeasures> {
        let method = method.map_or("other", Method::as_str);
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = routes.iter().find(|route| route.method == method && route.route == path) {
            return known.clone();
        }
        let measures = Arc::new(RouteMeasures {
            method: method.to_owned(),
            route: path.to_owned(),
            duration: Histogram::default(),
            request_bytes: Counter::default(),
            response_bytes: Counter::default(),
            statuses: Default::default(),
        });
        routes.push(measures.clone());
        measures
    }

    /// All routes, in the order in which they were made.
    pub fn routes(&self) -> Vec<Arc<RouteMeasures>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl RouteMeasures {
    /// Counts a request that was answered with this status.
    pub(crate) fn count(&self, status: u16) {
        let index = STATUSES.binary_search(&status).unwrap_or(STATUSES.len());
        self.statuses[index].increment();
    }

    /// The statuses that there were, and how often. What is not listed above is `other`.
    pub fn statuses(&self) -> impl Iterator<Item = (String, u64)> {
        let names = STATUSES.iter().map(u16::to_string).chain(["other".to_owned()]);
        names.zip(self.statuses.iter().map(Counter::get)).filter(|(_, count)| *count > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_nobody_thought_of_has_a_place() {
        assert!(STATUSES.is_sorted(), "it is searched in halves");
        let route = Requests::default().route(None, "unmatched");
        for status in [200, 200, 418, 599, 499] {
            route.count(status);
        }
        let expected = [("200", 2), ("499", 1), ("other", 2)].map(|(name, count)| (name.to_owned(), count));
        assert_eq!(route.statuses().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_method_and_a_path_are_counted_once() {
        let requests = Requests::default();
        let routes = [Some(&Method::GET), Some(&Method::POST), None, Some(&Method::GET)];
        let routes = routes.map(|method| requests.route(method, "/v1/rooms"));
        assert!(Arc::ptr_eq(&routes[0], &routes[3]));
        assert_eq!(requests.routes().len(), 3);
    }

    #[test]
    fn every_error_has_a_status_of_its_own() {
        for code in mainstay_engine::Code::ALL {
            let status = crate::status::status(*code).as_u16();
            assert!(STATUSES.contains(&status), "{code:?} is {status}");
        }
    }
}
