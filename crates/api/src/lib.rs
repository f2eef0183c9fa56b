//! The [`operations`] as every protocol calls them, and REST over them: OpenAPI, the API reference page and error answers included.
//!
//! An operation is one line in the engine's registry, one arm in `operations/perform.rs` that runs it, and for REST one method and path in
//! `routes.rs`. REST decodes a request into an [`operations::Ask`] and encodes the [`operations::Reply`]; so do the other protocols, each in a crate of its own, which
//! bring their [`Endpoint`]s. Around each request runs the same frame: request id, access token, time limit, error document, one line in the log.
//!
//! This crate owns: those operations, HTTP's side of things (paths, headers, bodies, status codes), their messages in [`protobuf`] and their documentation. It must not
//! know: SQL, any adapter, how connections are accepted; and it decides nothing about rights.

mod answer;
mod body;
mod call;
mod client_version;
mod conditions;
mod docs;
mod encode;
mod endpoint;
mod fencing;
mod frame;
mod json;
mod local;
mod measures;
mod openapi;
pub mod operations;
mod origin;
mod problem;
pub mod protobuf;
mod query;
mod rate;
#[cfg(test)]
mod reference;
mod replay;
mod represent;
mod request_id;
mod rest;
mod routes;
mod state;
mod status;
mod system;
mod takeover;
mod trace;
mod watch;

pub use answer::{behind as rest_behind, done as rest_done, reply as rest_reply};
pub use encode::record as encode_record;
pub use endpoint::{AnsweredFor, Endpoint, Exchange};
pub use json::{parse_message_pack, parse_object};
pub use measures::{Requests, RouteMeasures};
pub use origin::may_open_socket;
pub use problem::{batch_problem, problem};
pub use query::decode_query;
pub use rate::Rate;
pub use routes::{Api, router};
pub use state::Limits;
pub use status::status;
pub use system::METRICS_TYPE;
pub use takeover::{Next, Stream, Taken, Takeover};

/// The client's address, which the server puts into the extensions of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub std::net::IpAddr);
