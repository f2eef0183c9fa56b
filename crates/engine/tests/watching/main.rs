//! Watching, on the store in memory and on SQLite.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cases;
mod client;
mod property;
mod world;
