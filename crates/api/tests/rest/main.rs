//! The router over an engine in memory: one program of tests, since each would be linked by itself.

#![allow(clippy::unwrap_used)] // A test that cannot go on fails, and this is how.

mod chat;
mod support;
