//! Golden traffic: exchanges that clients of a version rely on, replayed against the project as it is now.
//!
//! `api/golden/v1/*.json` are lists of exchanges, each a request and what it is answered. Their order matters: later ones speak of what earlier ones made.

mod compare;
mod exchange;
mod replay;

pub(crate) use exchange::{files, read, write};
pub(crate) use replay::{Replay, for_replay};
