//! The socket, from outside: over a connection, in an application on a store in memory.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod calls;
mod closing;
mod support;
mod unauthorised;
