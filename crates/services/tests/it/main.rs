//! What tests lean on: a private PostgreSQL, NATS and Redis, and a network that can be cut.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a broken expectation is a failed test, and it may say why"
)]

mod broker;
mod left;
mod postgres;
mod proxy;
