//! A project in a temporary folder, a running server, and a client.

mod client;
mod data;
mod engine;
mod events;
pub(crate) mod live;
mod project;
mod server;
pub(crate) mod tls;

pub(crate) use client::{Answer, Client, raw};
pub(crate) use data::Data;
pub(crate) use engine::{Engine, engine, is_left_out};
pub(crate) use events::{Events, PATIENCE, watch_request};
pub(crate) use project::{Finished, Project};
pub(crate) use server::{Server, under};

use std::path::PathBuf;

/// The repository.
pub(crate) fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}
