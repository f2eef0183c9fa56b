//! Whether reads and writes of single records are linearizable, from outside: concurrent clients read, write, exchange and delete a few records while
//! the program is killed and comes back, and what they were told is explained by one order, or the test fails.
//!
//! - `record` says what a record does when one call comes after the other;
//! - `client` makes calls over REST, and can lie about them, to show that lies are found out;
//! - `round` lets clients loose on new records, and checks the history of each;
//! - `one_node` says what goes wrong meanwhile.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![allow(clippy::print_stdout, reason = "seeds are for whoever repeats a run")]

mod client;
mod one_node;
#[allow(dead_code, reason = "shared with the tests of durability")]
#[path = "../durability/random.rs"]
mod random;
mod record;
mod round;
#[allow(dead_code, unused_imports, reason = "shared with the other black-box tests")]
#[path = "../program/support/mod.rs"]
mod support;
#[path = "../durability/wire.rs"]
mod wire;
