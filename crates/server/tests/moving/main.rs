//! Moving from SQLite to PostgreSQL, from outside: under load, killed and resumed, with a copy that is wrong on purpose.
//!
//! - `house` is a project with writers and a database to move into;
//! - `moved` moves it while it is written to, and kills the mover;
//! - `doors` tries who gets in afterwards: tokens, positions, the old file;
//! - `wrong` plants differences;
//! - `copies` restores backups of one engine into the other.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "seeds are for whoever repeats a run")]

mod copies;
#[path = "../durability/crew.rs"]
mod crew;
mod doors;
mod house;
#[path = "../durability/ledger.rs"]
mod ledger;
#[path = "../durability/load.rs"]
mod load;
#[path = "../cluster/look.rs"]
mod look;
mod moved;
#[path = "../durability/random.rs"]
mod random;
#[allow(dead_code, unused_imports, reason = "shared with the other black-box tests")]
#[path = "../program/support/mod.rs"]
mod support;
#[path = "../durability/verify.rs"]
mod verify;
#[path = "../durability/wire.rs"]
mod wire;
mod wrong;
