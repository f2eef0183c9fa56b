//! The engine on the store in memory.
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
