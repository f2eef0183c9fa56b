//! Messages and numbers, read by others' code: a compiler of `.proto` files and messages by descriptor.

#![allow(clippy::unwrap_used)]

mod lock;
mod records;
mod schema;
mod support;
