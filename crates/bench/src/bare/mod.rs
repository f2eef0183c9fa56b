//! The limits: what the parts that Mainstay stands on do alone, each in a process of its own, as Mainstay is.

pub(crate) mod http;
pub(crate) mod passwords;
pub(crate) mod rows;
pub(crate) mod sockets;
pub(crate) mod stream;
pub(crate) mod template;
mod worker;

pub(crate) use worker::{Work, Worker, run};
