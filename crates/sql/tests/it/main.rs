//! Tests against a real SQLite and a real PostgreSQL, through the public items of the crate.

#![allow(clippy::unwrap_used, reason = "a test may stop at what it did not expect")]

mod agreement;
mod application;
mod database;
mod generate;
mod lowering;
mod meaning;
mod migration;
mod online;
mod paging;
mod postgres;
mod random;
mod rows;
mod source;
mod world;
