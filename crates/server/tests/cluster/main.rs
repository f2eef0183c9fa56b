//! Three nodes on one database, from outside: nodes are killed, cut off from the database and given a wrong clock, the database is killed, and what
//! was acknowledged has to be there all the same, once.
//!
//! - `nodes` starts them, each with a folder and a way to the database of its own;
//! - `case` lets a `crew` write to all of them, and verifies by `look` what is there, as the tests of durability do for one node;
//! - `kill`, `cut`, `crash` and `clock` say what goes wrong meanwhile;
//! - `restored` puts a backup in the place of the database;
//! - `races` lets requests meet, and `renamed` changes tables under nodes that cannot know;
//! - `told` has what nodes tell each other carried by NATS and Redis, which go away and come back;
//! - `watch` follows one feed at several nodes, and `once` repeats what may have been lost.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "seeds are for whoever repeats a run")]

mod case;
mod clock;
mod crash;
#[allow(dead_code, reason = "shared with the tests of durability")]
#[path = "../durability/crew.rs"]
mod crew;
mod cut;
mod kill;
#[path = "../durability/ledger.rs"]
mod ledger;
#[path = "../durability/load.rs"]
mod load;
mod look;
mod nodes;
mod once;
mod races;
#[allow(dead_code, reason = "shared with the tests of durability")]
#[path = "../durability/random.rs"]
mod random;
mod renamed;
mod restored;
#[allow(dead_code, unused_imports, reason = "shared with the other black-box tests")]
#[path = "../program/support/mod.rs"]
mod support;
mod told;
#[path = "../durability/verify.rs"]
mod verify;
mod watch;
#[path = "../durability/wire.rs"]
mod wire;
