//! Comma-separated values (RFC 4180), with a line of names first.
//!
//! It drives the `csv` crate's parser itself, and not its reader: that one does not tell in which line a record begins when there
//! are empty lines before it.

use super::{Content, MAX_ROW_BYTES, Place, Row, Rows, Unreadable};
use csv::StringRecord;
use csv_core::{ReadRecordResult, Reader};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};

/// Excel begins UTF-8 files with it.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The names of the columns, and where the first row begins.
pub(crate) fn header(bytes: impl Read) -> io::Result<(Vec<String>, Place)> {
    let mut records = Records::new(bytes, Place::START);
    records.skip_line_ends()?;
    let fields = records.next()?.unwrap_or_default();
    let name = |(index, field): (usize, &[u8])| {
        let field = if index == 0 { field.strip_prefix(BYTE_ORDER_MARK).unwrap_or(field) } else { field };
        String::from_utf8_lossy(field).trim().to_owned()
    };
    Ok((fields.into_iter().enumerate().map(name).collect(), records.place))
}

/// The rows behind the header.
pub(super) struct CsvRows<R> {
    records: Records<R>,
    columns: usize,
}

impl<R: Read + Send> CsvRows<R> {
    pub(super) fn new(bytes: R, from: Place, columns: usize) -> Self {
        CsvRows { records: Records::new(bytes, from), columns }
    }
}

impl<R: Read + Send> Rows for CsvRows<R> {
    fn next_row(&mut self) -> io::Result<Option<Row>> {
        self.records.skip_line_ends()?;
        let Place { line, index, .. } = self.records.place;
        let Some(fields) = self.records.next()? else { return Ok(None) };
        let content = content(&fields, self.columns);
        self.records.place.index += 1;
        Ok(Some(Row { line, index, next: self.records.place, content }))
    }
}

fn content(fields: &[&[u8]], columns: usize) -> Result<Content, Unreadable> {
    if fields.len() != columns {
        return Err(Unreadable::ColumnCount { expected: columns, found: fields.len() });
    }
    let texts = fields.iter().map(|field| std::str::from_utf8(field)).collect::<Result<StringRecord, _>>();
    texts.map(Content::Texts).map_err(|_| Unreadable::NotUtf8)
}

/// Records as bytes.
struct Records<R> {
    bytes: BufReader<R>,
    parser: Reader,
    place: Place,
    /// The fields of the last record, one behind the other.
    fields: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl<R: Read> Records<R> {
    fn new(bytes: R, place: Place) -> Self {
        let (fields, ends) = (vec![0; 1 << 10], vec![0; 1 << 6]);
        Records { bytes: BufReader::new(bytes), parser: Reader::new(), place, fields, ends }
    }

    /// Goes behind empty lines, and behind the second half of a CRLF.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        while let Some(byte @ (b'\r' | b'\n')) = self.bytes.fill_buf()?.first() {
            self.place.line += u64::from(*byte == b'\n');
            self.place.offset += 1;
            self.bytes.consume(1);
        }
        Ok(())
    }

    /// The fields of the next record; `None` behind the last.
    fn next(&mut self) -> io::Result<Option<Vec<&[u8]>>> {
        let (mut length, mut count) = (0, 0);
        loop {
            let input = self.bytes.fill_buf()?;
            let (fields, ends) = (&mut self.fields[length..], &mut self.ends[count..]);
            let (result, read, written, ended) = self.parser.read_record(input, fields, ends);
            self.place.line += input[..read].iter().filter(|byte| **byte == b'\n').count() as u64;
            self.place.offset += read as u64;
            self.bytes.consume(read);
            length += written;
            count += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull => grow(&mut self.fields)?,
                ReadRecordResult::OutputEndsFull => grow(&mut self.ends)?,
                ReadRecordResult::Record => return Ok(Some(self.split(count))),
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    fn split(&self, count: usize) -> Vec<&[u8]> {
        let ends = &self.ends[..count];
        let starts = std::iter::once(&0).chain(ends);
        starts.zip(ends).map(|(start, end)| &self.fields[*start..*end]).collect()
    }
}

/// Makes room for a longer record, up to the bound.
fn grow<T: Clone + Default>(buffer: &mut Vec<T>) -> io::Result<()> {
    if buffer.len() >= MAX_ROW_BYTES {
        let message = "a row is longer than 16 MiB: is there a quote that is never closed?";
        return Err(io::Error::new(ErrorKind::InvalidData, message));
    }
    buffer.resize(buffer.len() * 2, T::default());
    Ok(())
}
