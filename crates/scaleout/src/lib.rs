//! The same project on engines of its own: adapters for when an application outgrows one machine.
//!
//! Each engine is a module and a Cargo feature, off by default, so that nobody compiles what they do not run:
//!
//! - `postgres`: records and the feed in PostgreSQL, which several nodes may serve; they tell each other by it, too;
//! - `nats` and `redis`: what else carries what nodes tell each other.
//!
//! This crate owns: those adapters, with the tables of their own that they need. It must not know the engine, nor what a step of a
//! transaction means: that is `mainstay_ports::execute`.

#[cfg(feature = "nats")]
pub mod nats;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(any(feature = "nats", feature = "postgres", feature = "redis"))]
pub mod wake;
