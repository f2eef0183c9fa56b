//! Tests of what carries what nodes tell each other, against real servers.

#![allow(clippy::unwrap_used, reason = "a broken expectation is a failed test")]

mod conformance;
mod lost;
mod refused;
mod support;
mod tls;
