//! Reading an archive.

use super::{BLOCK, SUMS, header, padding, sum_line};
use ring::digest::{Context, SHA256};
use std::io::{self, ErrorKind, Read, Write};

/// How much is read at once.
const MAX_BUFFER: usize = 1 << 18;

/// An archive that is being read.
pub(crate) struct Reader<R> {
    input: R,
    sums: String,
}

/// A part whose content comes next.
#[derive(Debug)]
#[must_use = "the archive can only be read on behind it"]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) size: u64,
}

/// Why an archive could not be read.
#[derive(Debug)]
pub(crate) enum Fault {
    /// It is not as it was written.
    Damaged(String),
    /// It cannot be read.
    Unreadable(io::Error),
    /// What is read from it cannot be written.
    Unwritable(io::Error),
}

impl<R: Read> Reader<R> {
    pub(crate) fn new(input: R) -> Self {
        Reader { input, sums: String::new() }
    }

    /// The next part; `None` behind the last, when the whole archive was as it was written.
    pub(crate) fn next(&mut self) -> Result<Option<Part>, Fault> {
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        let named = header::read(&block);
        let (name, size) = named.ok_or_else(|| damaged("a header is not one"))?;
        if name != SUMS {
            return Ok(Some(Part { name, size }));
        }
        self.end(size)?;
        Ok(None)
    }

    /// Writes the content of a part to `out`.
    pub(crate) fn copy(&mut self, part: &Part, out: &mut dyn Write) -> Result<(), Fault> {
        let mut digest = Context::new(&SHA256);
        let mut left = part.size;
        let mut buffer = vec![0; usize::try_from(left).unwrap_or(MAX_BUFFER).min(MAX_BUFFER)];
        while left > 0 {
            let count = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
            self.fill(&mut buffer[..count])?;
            digest.update(&buffer[..count]);
            out.write_all(&buffer[..count]).map_err(Fault::Unwritable)?;
            left -= count as u64;
        }
        self.pad(part.size)?;
        self.sums += &sum_line(&digest.finish(), &part.name);
        Ok(())
    }

    /// Compares the digests, and sees that nothing follows.
    fn end(&mut self, size: u64) -> Result<(), Fault> {
        let mut sums = vec![0; self.sums.len()];
        if size != sums.len() as u64 {
            return Err(damaged("the digests are not those of its parts"));
        }
        self.fill(&mut sums)?;
        if sums != self.sums.as_bytes() {
            return Err(damaged("a digest is not that of its part"));
        }
        self.pad(size)?;
        self.zeros(2 * BLOCK)?;
        match self.input.read(&mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(damaged("something follows its end")),
            Err(error) => Err(Fault::Unreadable(error)),
        }
    }

    fn pad(&mut self, size: u64) -> Result<(), Fault> {
        self.zeros(padding(size))
    }

    fn zeros(&mut self, count: usize) -> Result<(), Fault> {
        let mut zeros = vec![0; count];
        self.fill(&mut zeros)?;
        if zeros.iter().all(|byte| *byte == 0) {
            Ok(())
        } else {
            Err(damaged("there is something between its parts"))
        }
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), Fault> {
        self.input.read_exact(buffer).map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => damaged("it is cut"),
            _ => Fault::Unreadable(error),
        })
    }
}

fn damaged(what: &str) -> Fault {
    Fault::Damaged(what.to_owned())
}
