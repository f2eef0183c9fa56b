//! Writing an archive.

use super::{BLOCK, SUMS, header, padding, sum_line};
use ring::digest::{Context, SHA256};
use std::io::{self, ErrorKind, Read, Write};

/// An archive that is being written.
pub(crate) struct Writer<W> {
    out: W,
    /// In seconds since 1970: the time of every part.
    time: u64,
    sums: String,
}

impl<W: Write> Writer<W> {
    pub(crate) fn new(out: W, time: u64) -> Self {
        Writer { out, time, sums: String::new() }
    }

    /// Adds a part of `size` bytes.
    ///
    /// # Errors
    /// When the content cannot be read, has another size, or the archive cannot be written.
    pub(crate) fn add(&mut self, name: &str, size: u64, content: &mut dyn Read) -> io::Result<()> {
        self.out.write_all(&header::write(name, size, self.time))?;
        let mut digest = Context::new(&SHA256);
        let mut buffer = vec![0; 1 << 18];
        let mut written = 0;
        loop {
            let count = match content.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other?,
            };
            if count == 0 {
                break;
            }
            digest.update(&buffer[..count]);
            self.out.write_all(&buffer[..count])?;
            written += count as u64;
        }
        if written != size {
            return Err(io::Error::other(format!("{name} changed while it was read")));
        }
        self.out.write_all(&[0; BLOCK][..padding(size)])?;
        self.sums += &sum_line(&digest.finish(), name);
        Ok(())
    }

    /// Ends the archive with the digests of its parts.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        let sums = std::mem::take(&mut self.sums);
        self.add(SUMS, sums.len() as u64, &mut sums.as_bytes())?;
        self.out.write_all(&[0; 2 * BLOCK])?;
        Ok(self.out)
    }
}
