//! Tests of the store over PostgreSQL, against a real server.

#![allow(clippy::unwrap_used, reason = "a broken expectation is a failed test")]

mod conformance;
mod copy;
mod frozen;
mod history;
mod load;
mod locked;
mod migrate;
mod replicas;
mod scarce;
mod shared;
mod support;
mod tls;
mod torture;
mod wake;
