//! The router over an engine in memory: one program of tests, since each would be linked by itself. Through the link `rest_postgres` to this folder,
//! the same tests run on PostgreSQL.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails, and this is how.

mod app;
mod bad_input;
mod batch;
mod chat;
mod checks;
mod conditions;
mod content;
mod documents;
mod idempotency;
mod keys;
mod locks;
mod log;
mod many;
mod position;
mod support;
mod unauthorised;
mod versions;
