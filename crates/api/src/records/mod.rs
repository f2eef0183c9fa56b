//! The operations on records.

mod input;
mod read;
mod update;
mod write;

pub(crate) use input::decode_all;
pub(crate) use read::{get, list};
pub(crate) use update::update;
pub(crate) use write::{create, delete, put, restore};
