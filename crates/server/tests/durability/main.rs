//! Durability, from outside: the program is killed, its disk fails or fills, and what it acknowledged has to be there all the same.
//!
//! - `load` writes known records over a connection and notes what was acknowledged; a `crew` does so over several;
//! - `look` sees what is in the database;
//! - `verify` compares that with the database, and the database with its feed;
//! - `kill`, `disk`, `full` and `order` say what goes wrong meanwhile.
//!
//! `cargo xtask test --long` runs far more of it. Each run prints its seed, and `MAINSTAY_SEED` takes one; what was going on when a test failed is kept.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "seeds are for whoever repeats a run")]

mod case;
mod crew;
mod disk;
mod full;
mod kill;
mod ledger;
mod load;
mod look;
mod order;
mod random;
mod strace;
#[allow(dead_code, unused_imports, reason = "shared with the other black-box tests")]
#[path = "../program/support/mod.rs"]
mod support;
mod verify;
mod wire;
