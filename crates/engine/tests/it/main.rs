//! The engine, on the store in memory; through the link `it_postgres` to this folder, the same tests run on PostgreSQL.
#![allow(clippy::unwrap_used)]

mod accounts;
mod attempts;
mod idempotency;
mod keys;
mod locks;
mod maintenance;
mod nodes;
mod reads;
mod remembered;
mod simulation;
mod support;
mod writes;
