//! Watching, on the store in memory and on SQLite; through the link `watching_postgres` to this folder, on PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod cases;
mod channels;
mod client;
mod property;
mod world;
