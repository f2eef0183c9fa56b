//! What tests stand on: a store in memory, a clock that is set by hand, a wire between nodes, faults on demand, and a checker of linearizability.
//!
//! The store in memory means what the others mean, since all run [`mainstay_ports::execute`]; it is checked by the same conformance suite.
//!
//! This crate owns: those five. It must not know: any adapter; and the program must not know it, since it is for tests alone.

mod clock;
#[cfg(feature = "postgres")]
mod clocked;
mod delegate;
mod fault;
mod keyring;
pub mod linearizability;
mod memory;
#[cfg(feature = "postgres")]
mod place;
mod wire;

pub use clock::FakeClock;
pub use fault::{Call, Fault, Faults, FaultyStore};
pub use keyring::FixedKeyring;
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use place::{Place, Placed};
pub use wire::{Wire, WireEnd};
