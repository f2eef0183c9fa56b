//! One JSON array of objects.
//!
//! It is cut into its elements by a scan for brackets, commas and strings, so that only one of them is in memory; each is then read by itself.

use super::{MAX_ROW_BYTES, Place, Row, Rows, object};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

/// The elements of an array.
pub(super) struct JsonArray<R> {
    bytes: BufReader<R>,
    place: Place,
    ended: bool,
}

/// An element being cut out.
#[derive(Default)]
struct Element {
    text: Vec<u8>,
    /// The line of its first byte.
    line: u64,
    /// Brackets that are open in it.
    depth: u64,
    in_string: bool,
    escaped: bool,
}

impl<R: Read + Send> JsonArray<R> {
    pub(super) fn new(bytes: R, from: Place) -> Self {
        JsonArray { bytes: BufReader::new(bytes), place: from, ended: false }
    }

    fn next_byte(&mut self) -> io::Result<Option<u8>> {
        let Some(&byte) = self.bytes.fill_buf()?.first() else { return Ok(None) };
        self.bytes.consume(1);
        self.place.offset += 1;
        self.place.line += u64::from(byte == b'\n');
        Ok(Some(byte))
    }

    /// Reads up to the array's opening bracket.
    fn open(&mut self) -> io::Result<()> {
        while let Some(byte) = self.next_byte()? {
            match byte {
                b'[' => return Ok(()),
                b' ' | b'\t' | b'\r' | b'\n' | 0xef | 0xbb | 0xbf => {}
                _ => break,
            }
        }
        Err(io::Error::new(
            ErrorKind::InvalidData,
            "the file is not a JSON array; for a JSON object a line, say `--format jsonl`",
        ))
    }

    /// Reads an element with the comma or bracket behind it. `None` when there is no further one.
    fn element(&mut self) -> io::Result<Option<Element>> {
        let mut element = Element { line: self.place.line, ..Element::default() };
        while !self.ended {
            let line = self.place.line;
            match self.next_byte()? {
                Some(b',') if element.is_closed() => break,
                Some(b']') if element.is_closed() => self.ended = true,
                Some(byte) => element.push(byte, line),
                None => self.ended = true,
            }
        }
        Ok((!element.text.is_empty() || !self.ended).then_some(element))
    }
}

impl Element {
    fn is_closed(&self) -> bool {
        self.depth == 0 && !self.in_string
    }

    fn push(&mut self, byte: u8, line: u64) {
        if self.text.is_empty() {
            if byte.is_ascii_whitespace() {
                return;
            }
            self.line = line;
        }
        match byte {
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            b'{' | b'[' if !self.in_string => self.depth += 1,
            b'}' | b']' if !self.in_string => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        // One byte more than a row may have says that it is too long; what follows is only counted.
        if self.text.len() <= MAX_ROW_BYTES {
            self.text.push(byte);
        }
    }
}

impl<R: Read + Send> Rows for JsonArray<R> {
    fn next_row(&mut self) -> io::Result<Option<Row>> {
        if self.place == Place::START {
            self.open()?;
        }
        let Some(element) = self.element()? else { return Ok(None) };
        let index = self.place.index;
        self.place.index += 1;
        Ok(Some(Row { line: element.line, index, next: self.place, content: object(&element.text) }))
    }
}
