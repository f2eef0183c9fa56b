//! The rows of a file, one after another, whatever its format.

mod array;
mod csv;
mod jsonl;
mod object;

use super::Format;
use serde_json::{Map, Value};
use std::io::{self, Read};

pub(crate) use csv::header;
use object::object;

/// The largest row in bytes. Without a bound, a quote that is never closed would read the rest of the file into memory.
const MAX_ROW_BYTES: usize = 16 << 20;

/// A row.
#[derive(Debug, PartialEq)]
pub(crate) struct Row {
    /// The line that it begins in, from 1.
    pub(crate) line: u64,
    /// How many rows are before it.
    pub(crate) index: u64,
    /// Where the next one begins.
    pub(crate) next: Place,
    /// What it says.
    pub(crate) content: Result<Content, Unreadable>,
}

/// What a row says.
#[derive(Debug, PartialEq)]
pub(crate) enum Content {
    /// Texts in the order of the file's columns.
    Texts(::csv::StringRecord),
    /// Values by name.
    Object(Map<String, Value>),
}

/// Why a row cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is not UTF-8.
    NotUtf8,
    /// It has more or fewer columns than the header.
    ColumnCount {
        /// How many the header has.
        expected: usize,
        /// How many it has.
        found: usize,
    },
    /// It is not a JSON object.
    NotAnObject,
    /// An object in it has the same key twice.
    DuplicateKey {
        /// Which.
        key: String,
    },
    /// It is larger than a row may be.
    TooLong,
}

/// A place in a file, between two rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Place {
    /// Bytes before it, uncompressed.
    pub(crate) offset: u64,
    /// The line, from 1.
    pub(crate) line: u64,
    /// Rows before it.
    pub(crate) index: u64,
}

impl Place {
    /// The start of a file.
    pub(crate) const START: Place = Place { offset: 0, line: 1, index: 0 };
}

/// Reads rows.
pub(crate) trait Rows: Send {
    /// The next row; `None` behind the last.
    fn next_row(&mut self) -> io::Result<Option<Row>>;
}

/// The rows of a file from a place on, at which `bytes` begins. `columns` is how many a CSV file has.
pub(crate) fn read(
    format: Format,
    bytes: Box<dyn Read + Send>,
    from: Place,
    columns: usize,
) -> Box<dyn Rows> {
    match format {
        Format::Csv => Box::new(csv::CsvRows::new(bytes, from, columns)),
        Format::Jsonl => Box::new(jsonl::JsonLines::new(bytes, from)),
        Format::Json => Box::new(array::JsonArray::new(bytes, from)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a text as `line index content`, read in one go and, again, from the place behind each row.
    fn check(format: Format, text: &str, expected: &[&str]) {
        let columns = text.lines().next().map_or(0, |line| line.split(',').count());
        let start = match format {
            Format::Csv => header(text.as_bytes()).expect("memory can be read").1,
            _ => Place::START,
        };
        let rows = read_all(format, text, start, columns);
        assert_eq!(rows.iter().map(describe).collect::<Vec<_>>(), expected, "{text:?}");
        for (number, row) in rows.iter().enumerate() {
            let rest = read_all(format, text, row.next, columns);
            assert_eq!(rest, rows[number + 1..], "{text:?} behind row {number}");
        }
    }

    fn read_all(format: Format, text: &str, from: Place, columns: usize) -> Vec<Row> {
        let rest = text.as_bytes()[usize::try_from(from.offset).expect("it is small")..].to_vec();
        let mut rows = read(format, Box::new(io::Cursor::new(rest)), from, columns);
        std::iter::from_fn(|| rows.next_row().expect("memory can be read")).collect()
    }

    fn describe(row: &Row) -> String {
        let content = match &row.content {
            Ok(Content::Texts(texts)) => texts.iter().collect::<Vec<_>>().join("|"),
            Ok(Content::Object(object)) => Value::from(object.clone()).to_string(),
            Err(unreadable) => format!("{unreadable:?}"),
        };
        format!("{} {} {content}", row.line, row.index)
    }

    #[test]
    fn csv() {
        check(Format::Csv, "a,b\n1,2\n", &["2 0 1|2"]);
        check(Format::Csv, "a,b\r\n1,2\r\n3,4", &["2 0 1|2", "3 1 3|4"]);
        check(Format::Csv, "a,b\n\n1,\"x\ny\"\n\n3,4\n", &["3 0 1|x\ny", "6 1 3|4"]);
        check(
            Format::Csv,
            "a,b\n1\n1,2,3\n",
            &["2 0 ColumnCount { expected: 2, found: 1 }", "3 1 ColumnCount { expected: 2, found: 3 }"],
        );
        check(Format::Csv, "a,b\n", &[]);
    }

    #[test]
    fn jsonl() {
        check(Format::Jsonl, "{\"a\":1}\n\n{\"a\":2}", &["1 0 {\"a\":1}", "3 1 {\"a\":2}"]);
        check(
            Format::Jsonl,
            "{\"a\":1}\r\n[1]\n{\n{} {}\n",
            &["1 0 {\"a\":1}", "2 1 NotAnObject", "3 2 NotAnObject", "4 3 NotAnObject"],
        );
        check(Format::Jsonl, "", &[]);
        check(
            Format::Jsonl,
            "{\"a\":1,\"a\":1}\n{\"a\":{\"b\":[{\"c\":1,\"c\":2}]}}\n",
            &["1 0 DuplicateKey { key: \"a\" }", "2 1 DuplicateKey { key: \"c\" }"],
        );
        let values = "{\"a\":[null,true,-1,18446744073709551615,0.5,\"\\n\",{}]}";
        check(Format::Jsonl, values, &[&format!("1 0 {values}")]);
    }

    #[test]
    fn json() {
        check(Format::Json, "[]", &[]);
        check(
            Format::Json,
            " [\n{\"a\": \"],}\\\"\"},\n  {\"b\":[1,{}]}]\n",
            &["2 0 {\"a\":\"],}\\\"\"}", "3 1 {\"b\":[1,{}]}"],
        );
        check(
            Format::Json,
            "[1, {}, null, {} {}]",
            &["1 0 NotAnObject", "1 1 {}", "1 2 NotAnObject", "1 3 NotAnObject"],
        );
    }

    #[test]
    fn an_array_that_is_not_whole_is_refused_where_it_breaks_off() {
        for (text, rows_before, message) in [
            ("{}", 0, "not a JSON array"),
            ("", 0, "not a JSON array"),
            ("x", 0, "not a JSON array"),
            ("[", 0, "line 1: the file ends before the array"),
            ("[{},\n{}\n", 2, "line 3: the file ends before the array"),
            ("[{},", 1, "line 1: the file ends before the array"),
            ("[{},\n{\"a\":\n 1", 1, "the row that begins in line 2"),
            ("[{},\n\"a]", 1, "the row that begins in line 2"),
            ("[{\"a\": [1]", 0, "the row that begins in line 1"),
            ("[{},\n]", 1, "line 2: there is a comma before the end of the array"),
            ("[{}]\n\n{}", 1, "line 3: there is something behind the end of the array"),
            ("[]]", 0, "line 1: there is something behind the end of the array"),
        ] {
            let mut rows = read(Format::Json, Box::new(text.as_bytes()), Place::START, 0);
            for _ in 0..rows_before {
                assert!(rows.next_row().is_ok_and(|row| row.is_some()), "{text:?}");
            }
            let error = rows.next_row().expect_err(text).to_string();
            assert!(error.contains(message), "{text:?}: {error}");
        }
    }

    #[test]
    fn what_is_not_utf8_is_refused_row_by_row() {
        let mut rows = read(Format::Csv, Box::new(&b"\xff\nb\n"[..]), Place::START, 1);
        let mut contents = || rows.next_row().expect("memory can be read").map(|row| row.content.is_ok());
        assert_eq!([contents(), contents(), contents()], [Some(false), Some(true), None]);
    }

    #[test]
    fn a_quote_that_is_left_open_does_not_fill_the_memory() {
        let endless = b"\"".chain(io::repeat(b'x'));
        let error =
            read(Format::Csv, Box::new(endless), Place::START, 1).next_row().expect_err("it is too long");
        assert!(error.to_string().contains("quote"), "{error}");
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_and_passed_over() {
        let long = io::repeat(b'x').take(MAX_ROW_BYTES as u64 + 5);
        let mut rows = read(Format::Jsonl, Box::new(long.chain(&b"\n{}"[..])), Place::START, 0);
        let first = rows.next_row().expect("memory can be read").expect("a row");
        assert_eq!(first.content, Err(Unreadable::TooLong));
        let second = rows.next_row().expect("memory can be read").expect("a row");
        assert_eq!((second.line, second.content), (2, Ok(Content::Object(Map::new()))));
    }
}
