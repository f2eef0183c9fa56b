//! What tests stand on: a store in memory, a clock that is set by hand, and faults on demand.
//!
//! The store in memory means what the others mean, since all run [`mainstay_ports::execute`]; it is checked by the same conformance suite.
//! This crate is for tests alone: the program does not contain it.

mod clock;
mod fault;
mod keyring;
mod memory;

pub use clock::FakeClock;
pub use fault::{Call, Fault, Faults, FaultyStore};
pub use keyring::FixedKeyring;
pub use memory::MemoryStore;
