//! What tests stand on: a store in memory, a clock that is set by hand, and faults on demand.
//!
//! The store in memory means what the others mean, since all run [`mainstay_ports::execute`]; it is checked by the same conformance suite.
//!
//! This crate owns: those three. It must not know: any adapter; and the program must not know it, since it is for tests alone.

mod clock;
mod fault;
mod keyring;
mod memory;

pub use clock::FakeClock;
pub use fault::{Call, Fault, Faults, FaultyStore};
pub use keyring::FixedKeyring;
pub use memory::MemoryStore;
