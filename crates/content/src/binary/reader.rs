//! The bytes of CBOR as they are read.

use cbor4ii::core::dec::{Read, Reference};
use cbor4ii::core::utils::SliceReader;
use std::fmt;

/// Begins `undefined` (RFC 8949, 3.3), which the decoder takes for null.
const UNDEFINED: u8 = 0xf7;

/// Reads from a slice, knows how much of it is left, and refuses `undefined`.
pub(super) struct Reader<'a> {
    slice: SliceReader<'a>,
    left: usize,
    /// Whether the next byte is the first of a value. The decoder steps in before it looks at one.
    is_at_value: bool,
}

/// There is an `undefined`.
#[derive(Debug)]
pub(super) struct Undefined;

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { slice: SliceReader::new(bytes), left: bytes.len(), is_at_value: false }
    }

    /// How many bytes have not been read.
    pub(super) fn left(&self) -> usize {
        self.left
    }
}

impl<'de> Read<'de> for Reader<'de> {
    type Error = Undefined;

    fn fill<'short>(&'short mut self, want: usize) -> Result<Reference<'de, 'short>, Undefined> {
        let is_at_value = std::mem::take(&mut self.is_at_value);
        let Ok(bytes) = self.slice.fill(want);
        match bytes.as_ref().first() {
            Some(&UNDEFINED) if is_at_value => Err(Undefined),
            _ => Ok(bytes),
        }
    }

    fn advance(&mut self, count: usize) {
        self.left = self.left.saturating_sub(count);
        self.slice.advance(count);
    }

    fn step_in(&mut self) -> bool {
        self.is_at_value = true;
        self.slice.step_in()
    }

    fn step_out(&mut self) {
        self.slice.step_out();
    }
}

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON has no `undefined`")
    }
}

impl std::error::Error for Undefined {}
