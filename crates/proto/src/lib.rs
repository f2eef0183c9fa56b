//! The application in Protocol Buffers: what its messages and services are, which numbers their fields have, and records from and to bytes.
//!
//! [`Schema::new`] derives messages and services from the models and the operations, with the numbers that [`Lock`] keeps; from a schema come the
//! `.proto` file, the descriptors that reflection shows, and [`Messages`], which writes and reads records without a tree in between.
//!
//! This crate owns: the names, types and numbers of messages, `api/proto.lock`, the binary form of values. It must not know: HTTP, gRPC's
//! frames, SQL, any adapter; and it decides nothing about rights.

mod lock;
mod message;
mod names;
mod schema;
pub mod wire;

pub use lock::{LOCK_FILE, Lock, LockFault};
pub use message::{Messages, encode_value, id, malformed, timestamp, timestamp_text};
pub use schema::{Method, Schema, Service, WRITE, WriteNumbers};
