//! What strangers can send, tried with any bytes: filters, cursors, bodies, batches, headers, documents of GraphQL,
//! messages of gRPC and of the live socket, and the files of a project.
//!
//! A [`Target`] takes bytes, makes of them what a stranger would send, and panics when the answer is not a good one: a server
//! error, a body that is not JSON, a forged cursor that opens, a project that loads and then cannot be served.
//!
//! This crate owns: the targets. It must not know: who makes up the bytes. Its tests do, from the seeds in `fuzz/corpus` and by chance, and so
//! does libFuzzer, in the crate `fuzz/` outside of this workspace.

mod graphql;
mod grpc;
mod live;
mod project;
mod target;
mod world;

pub use target::Target;
