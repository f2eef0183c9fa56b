//! Presence: who is here, on all nodes.
//!
//! Each node owns those who are present over its connections. It tells the others of each change, with a number that grows by one, and once a second that
//! it is there, with the last number. Who has heard another number than that asks for all of it. So what was lost is found within a second or two, whatever
//! carried it; and a node of which nothing was heard for [`LEASE`] takes those who are its own with it, so that nobody is left behind as a ghost.
//!
//! A node is a run of the program: one that starts anew is another, and those of the run before it go as they would with any that died.

mod cluster;
mod hear;
mod roster;
mod said;
mod stay;

pub use stay::Stay;

pub(crate) use cluster::Cluster;
pub(crate) use said::Said;

use crate::channels::Member;
use roster::Roster;
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;
use uuid::Uuid;

/// How often a node says that it is there.
pub(crate) const BEAT: Duration = Duration::from_secs(1);
/// How long after the last that was heard of a node those who are its own are taken away.
pub(crate) const LEASE: Duration = Duration::from_secs(5);
/// How long after that its number is kept, so that a node that was only out of reach is known again.
const REMEMBERED: Duration = Duration::from_hours(1);
/// How long to wait for an answer before it is asked again.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Who is here, and what is known of other nodes.
#[derive(Default)]
pub(crate) struct Presence {
    pub(crate) roster: Roster,
    /// The number of the last change of this node's own.
    version: u64,
    peers: HashMap<Uuid, Peer>,
}

/// Another node.
struct Peer {
    /// When something was heard of it.
    heard: Instant,
    /// Whether it has not been heard for so long that those who are its own were taken away.
    is_gone: bool,
    /// The number of the last that it said.
    seq: u64,
    /// The number of its last change that is known; `None` until all of it is.
    version: Option<u64>,
    /// When it was asked for all.
    asked: Option<Instant>,
    /// What has come of all that it has, in parts.
    parts: Vec<(String, Member)>,
    /// How many parts.
    part_count: u32,
}
