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
        Err(invalid("the file is not a JSON array; for a JSON object a line, say `--format jsonl`"))
    }

    /// Goes to the next element: `false` when there is none. A place is behind an element and before its comma, so that whoever
    /// goes on from it sees how the array ends.
    fn seek_element(&mut self) -> io::Result<bool> {
        let is_first = self.place == Place::START;
        if is_first {
            self.open()?;
        } else if self.peek_behind_space()? == Some(b',') {
            self.next_byte()?;
        } else {
            return self.close();
        }
        match self.peek_behind_space()? {
            Some(b']') if is_first => self.close(),
            Some(b']') => {
                Err(self.fault("there is a comma before the end of the array, and nothing behind it"))
            }
            _ => Ok(true),
        }
    }

    /// Reads the closing bracket and makes sure that nothing is behind it.
    fn close(&mut self) -> io::Result<bool> {
        match self.next_byte()? {
            Some(b']') => {}
            Some(_) => return Err(self.fault("a comma or the end of the array was expected")),
            None => return Err(self.cut_off()),
        }
        if self.peek_behind_space()?.is_some() {
            return Err(self.fault("there is something behind the end of the array"));
        }
        self.ended = true;
        Ok(false)
    }

    /// Reads an element, up to the comma or bracket behind it.
    fn element(&mut self) -> io::Result<Element> {
        let mut element = Element { line: self.place.line, ..Element::default() };
        loop {
            match self.peek()? {
                Some(b',' | b']') if element.is_closed() => return Ok(element),
                Some(byte) => element.push(byte),
                None if element.text.is_empty() => return Err(self.cut_off()),
                None if element.is_closed() => return Ok(element),
                None => {
                    let line = element.line;
                    return Err(self.fault(&format!("the file ends in the row that begins in line {line}")));
                }
            }
            self.next_byte()?;
        }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        Ok(self.bytes.fill_buf()?.first().copied())
    }

    fn peek_behind_space(&mut self) -> io::Result<Option<u8>> {
        while self.peek()?.is_some_and(|byte| byte.is_ascii_whitespace()) {
            self.next_byte()?;
        }
        self.peek()
    }

    fn cut_off(&self) -> io::Error {
        self.fault("the file ends before the array does: was it cut off?")
    }

    fn fault(&self, message: &str) -> io::Error {
        invalid(format!("line {}: {message}", self.place.line))
    }
}

fn invalid(message: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, message.into())
}

impl Element {
    fn is_closed(&self) -> bool {
        self.depth == 0 && !self.in_string
    }

    fn push(&mut self, byte: u8) {
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
        if self.ended || !self.seek_element()? {
            return Ok(None);
        }
        let element = self.element()?;
        let index = self.place.index;
        self.place.index += 1;
        Ok(Some(Row { line: element.line, index, next: self.place, content: object(&element.text) }))
    }
}
