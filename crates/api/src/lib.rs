//! REST over the engine: OpenAPI, the API reference page and error answers included.
//!
//! [`router`] derives its routes from the engine's registry of operations: an operation is one registry line, one arm in
//! `routes.rs` and a handler that decodes the request, asks the engine and encodes its answer. Around each handler runs the
//! same frame: request id, access token, time limit, error document, one line in the log.
//!
//! This crate owns: HTTP's side of things (paths, headers, JSON bodies, status codes) and their documentation. It must not
//! know: SQL, any adapter, how connections are accepted; and it decides nothing about rights.

mod accounts;
mod answer;
mod batch;
mod body;
mod call;
mod conditions;
mod docs;
mod encode;
mod frame;
mod json;
mod keys;
mod local;
mod locks;
mod measures;
mod merge;
mod object;
mod openapi;
mod problem;
mod query;
mod records;
#[cfg(test)]
mod reference;
mod replay;
mod request_id;
mod routes;
mod state;
mod status;
mod system;
mod trace;
mod watch;

pub use measures::{Requests, RouteMeasures};
pub use problem::problem;
pub use routes::{Api, router};
pub use system::METRICS_TYPE;

/// The client's address, which the server puts into the extensions of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub std::net::IpAddr);
