//! A JSON object a line.

use super::{MAX_ROW_BYTES, Place, Row, Rows, object};
use std::io::{self, BufRead, BufReader, Read};

/// The lines of a file that are not empty.
pub(super) struct JsonLines<R> {
    bytes: BufReader<R>,
    place: Place,
    line: Vec<u8>,
}

impl<R: Read + Send> JsonLines<R> {
    pub(super) fn new(bytes: R, from: Place) -> Self {
        JsonLines { bytes: BufReader::new(bytes), place: from, line: Vec::new() }
    }

    /// Reads a line, of one that is too long only the beginning. `false` at the end.
    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let most = MAX_ROW_BYTES as u64 + 1;
        let mut count = self.bytes.by_ref().take(most).read_until(b'\n', &mut self.line)? as u64;
        if self.line.len() > MAX_ROW_BYTES && self.line.last() != Some(&b'\n') {
            count += self.bytes.skip_until(b'\n')? as u64;
        }
        self.place.offset += count;
        self.place.line += 1;
        Ok(count > 0)
    }
}

impl<R: Read + Send> Rows for JsonLines<R> {
    fn next_row(&mut self) -> io::Result<Option<Row>> {
        while self.read_line()? {
            if self.line.trim_ascii().is_empty() {
                continue;
            }
            let Place { line, index, .. } = self.place;
            self.place.index += 1;
            return Ok(Some(Row { line: line - 1, index, next: self.place, content: object(&self.line) }));
        }
        Ok(None)
    }
}
