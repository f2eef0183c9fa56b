//! What a store is opened with.

use mainstay_model::Durability;
use std::path::PathBuf;

/// What a store is opened with.
#[derive(Debug, Clone)]
pub struct Options {
    /// The database file. Its folder is made when it is not there.
    pub path: PathBuf,
    /// What an acknowledged write survives.
    pub durability: Durability,
    /// Threads for reading; 0 chooses by the number of cores.
    pub readers: usize,
    /// The most writes that may wait for the writer; further ones are told to come back.
    pub write_queue: usize,
    /// How long a query may run, waiting included, in milliseconds.
    pub query_timeout_ms: u64,
}

impl Options {
    /// The number of reader threads: at least two, so that one long query does not hold up all others.
    pub(crate) fn reader_threads(&self) -> usize {
        match self.readers {
            0 => std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 16)),
            readers => readers,
        }
    }
}
