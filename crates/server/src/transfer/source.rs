//! The bytes of a file to import.

use super::format::is_gzip;
use super::ids::Fingerprint;
use crate::failure::Failure;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A file to import.
#[derive(Debug)]
pub(crate) struct Source {
    path: PathBuf,
    /// The name of its contents.
    pub(crate) fingerprint: Fingerprint,
    /// Its size in bytes, compressed as it may be.
    pub(crate) size_bytes: u64,
    /// How many of them have been read, for the progress bar.
    pub(crate) read_bytes: Arc<AtomicU64>,
}

impl Source {
    /// Reads the file once to know its contents.
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::io("read", path, &error);
        let file = File::open(path).map_err(failed)?;
        let size_bytes = file.metadata().map_err(failed)?.len();
        let fingerprint = Fingerprint::of(BufReader::new(file)).map_err(failed)?;
        Ok(Source { path: path.to_owned(), fingerprint, size_bytes, read_bytes: Arc::default() })
    }

    /// What is in it, uncompressed, behind the first `skip` bytes.
    pub(crate) fn bytes_from(&self, skip: u64) -> io::Result<Box<dyn Read + Send>> {
        let file = Counted { file: File::open(&self.path)?, read_bytes: self.read_bytes.clone() };
        let file = BufReader::with_capacity(64 << 10, file);
        let mut bytes: Box<dyn Read + Send> =
            if is_gzip(&self.path) { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        // Reading is what a compressed file needs, and is fast enough for the others.
        io::copy(&mut bytes.by_ref().take(skip), &mut io::sink())?;
        Ok(bytes)
    }
}

struct Counted {
    file: File,
    read_bytes: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read_bytes.fetch_add(count as u64, Relaxed);
        Ok(count)
    }
}
