//! The store in one file, tested from outside.

#![allow(clippy::unwrap_used, reason = "a broken expectation is a failed test")]

mod conformance;
mod copy;
mod keyring;
mod measures;
mod migrate;
mod open;
mod project;
