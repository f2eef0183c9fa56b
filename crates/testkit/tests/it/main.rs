//! The store in memory, tested like every other; and the other things that tests stand on.

#![allow(clippy::unwrap_used, reason = "a broken expectation is a failed test")]

mod conformance;
mod fault;
mod linearizability;
mod wire;
