//! Documents as `google.protobuf.Value`.

use crate::wire::{self, Malformed, Reader, Wire};
use serde_json::{Map, Number, Value};

/// How deep a document may be nested before it is not even looked at; the model's own bound is lower.
const MAX_DEPTH: usize = 100;
/// Integers up to here are exact as doubles.
const EXACT: f64 = 9_007_199_254_740_992.0;

const NULL: u32 = 1;
const NUMBER: u32 = 2;
const STRING: u32 = 3;
const BOOL: u32 = 4;
const STRUCT: u32 = 5;
const LIST: u32 = 6;

/// Appends the text of a document.
pub(super) fn encode(number: u32, text: &str, out: &mut Vec<u8>) {
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    wire::nested(number, out, |out| write(&document, out));
}

fn write(document: &Value, out: &mut Vec<u8>) {
    match document {
        Value::Null => wire::int(NULL, 0, out),
        Value::Bool(bool) => wire::bool(BOOL, *bool, out),
        Value::Number(number) => wire::double(NUMBER, number.as_f64().unwrap_or_default(), out),
        Value::String(text) => wire::text(STRING, text, out),
        Value::Array(elements) => wire::nested(LIST, out, |out| {
            elements.iter().for_each(|element| wire::nested(1, out, |out| write(element, out)));
        }),
        Value::Object(members) => wire::nested(STRUCT, out, |out| {
            members.iter().for_each(|(key, value)| {
                wire::nested(1, out, |out| {
                    wire::text(1, key, out);
                    wire::nested(2, out, |out| write(value, out));
                });
            });
        }),
    }
}

/// Reads a document.
pub(super) fn decode(message: &[u8]) -> Result<Value, Malformed> {
    read(message, MAX_DEPTH)
}

fn read(message: &[u8], levels: usize) -> Result<Value, Malformed> {
    let levels = levels.checked_sub(1).ok_or(Malformed)?;
    let mut document = Value::Null;
    for field in Reader::new(message) {
        document = match field? {
            (NULL, _) => Value::Null,
            (NUMBER, value) => number(value.double()?)?,
            (STRING, value) => Value::String(value.text()?.to_owned()),
            (BOOL, value) => Value::Bool(value.bool()?),
            (STRUCT, value) => members(value.bytes()?, levels)?,
            (LIST, value) => elements(value.bytes()?, levels)?,
            _ => return Err(Malformed),
        };
    }
    Ok(document)
}

/// A whole number is one in JSON too, where a double has it exactly.
fn number(double: f64) -> Result<Value, Malformed> {
    if double.fract() == 0.0 && double.abs() <= EXACT {
        return Ok(Value::from(double as i64));
    }
    Number::from_f64(double).map(Value::Number).ok_or(Malformed)
}

fn elements(message: &[u8], levels: usize) -> Result<Value, Malformed> {
    let element = |field: Result<(u32, Wire<'_>), Malformed>| match field? {
        (1, value) => read(value.bytes()?, levels),
        _ => Err(Malformed),
    };
    Reader::new(message).map(element).collect::<Result<_, _>>().map(Value::Array)
}

fn members(message: &[u8], levels: usize) -> Result<Value, Malformed> {
    let mut members = Map::new();
    for field in Reader::new(message) {
        let (1, entry) = field? else { return Err(Malformed) };
        let (mut key, mut value) = ("", Value::Null);
        for part in Reader::new(entry.bytes()?) {
            match part? {
                (1, text) => key = text.text()?,
                (2, document) => value = read(document.bytes()?, levels)?,
                _ => return Err(Malformed),
            }
        }
        members.insert(key.to_owned(), value);
    }
    Ok(Value::Object(members))
}
