//! Tests of the crate by its public face.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod broken;
mod channels;
mod contracts;
mod expressions;
mod folder;
mod hostile;
mod json;
mod loaded;
mod rendered;
mod schema;
mod support;
mod versions;
