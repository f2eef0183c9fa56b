//! What a store is opened with.

use mainstay_model::{Durability, ServiceUrl};
use std::time::Duration;

/// What a store is opened with.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the server is. It is never shown.
    pub url: ServiceUrl,
    /// Copies of the database that follow it, each with a URL of its own.
    pub replicas: Vec<ServiceUrl>,
    /// How old the state of a replica may be, in milliseconds.
    pub replica_lag_ms: u64,
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// Connections for reading; 0 chooses by the number of cores.
    pub readers: usize,
    /// Connections for transactions; 0 chooses.
    pub writers: usize,
    /// The most writes that may wait; further ones are told to come back.
    pub write_queue: usize,
    /// How long a query may run, waiting included, in milliseconds.
    pub query_timeout_ms: u64,
    /// How long a connection may take to be made, and how long a write may wait for one, in milliseconds.
    pub connect_timeout_ms: u64,
}

impl Options {
    pub(crate) fn query_timeout(&self) -> Duration {
        Duration::from_millis(self.query_timeout_ms)
    }

    pub(crate) fn replica_lag(&self) -> Duration {
        Duration::from_millis(self.replica_lag_ms)
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    /// At least four: half of them are for questions that are always short.
    pub(crate) fn reader_connections(&self) -> usize {
        match self.readers {
            0 => std::thread::available_parallelism().map_or(4, |cores| (cores.get() * 2).clamp(4, 32)),
            readers => readers.max(2),
        }
    }

    pub(crate) fn writer_connections(&self) -> usize {
        if self.writers == 0 { 16 } else { self.writers }
    }
}
