//! The operations on records.

mod input;
mod many;
mod read;
mod update;
mod write;

pub(crate) use input::decode_all;
pub(crate) use many::{delete_many, update_many};
pub(crate) use read::{get, list};
pub(crate) use update::update;
pub(crate) use write::{create, delete, put, restore};
