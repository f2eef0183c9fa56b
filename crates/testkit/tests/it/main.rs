//! The store in memory, tested like every other.

#![allow(clippy::unwrap_used, reason = "a broken expectation is a failed test")]

mod conformance;
mod fault;
