//! The forms in which a JSON value goes over the wire: JSON, MessagePack, CBOR, YAML, XML and CSV, and what compresses them.
//!
//! All forms carry the same values, those of JSON: what is a text there (an id, a time, a decimal) is a text in each. What a stranger sends is read with the same
//! strictness in each: no key twice, no nesting without end, nothing that JSON has no value for.
//!
//! ```
//! # use mainstay_content::{Format, read_object, write};
//! let object = read_object(Format::Yaml, b"name: Ada\ntags: [a, b]\n", 8).unwrap();
//! assert_eq!(write(Format::Json, &object.into()), br#"{"name":"Ada","tags":["a","b"]}"#);
//! ```
//!
//! This crate owns: those forms, their media types, and which of them a client likes best. It must not know: HTTP's requests and answers, models, operations.

mod accept;
mod binary;
mod coding;
mod csv;
mod fault;
mod format;
mod json;
#[cfg(test)]
mod round_trip;
mod strict;
mod xml;
mod yaml;

pub use accept::Accept;
pub use coding::{Coding, Expanding};
pub use csv::table;
pub use fault::Fault;
pub use format::Format;
pub use xml::problem as xml_problem;

use serde_json::{Map, Value};

/// Reads an object. `max_depth` counts the object itself.
///
/// # Errors
/// What is wrong with it, and where.
pub fn read_object(format: Format, bytes: &[u8], max_depth: usize) -> Result<Map<String, Value>, Fault> {
    if bytes.is_empty() {
        return Err(Fault::Invalid(format!("the body is empty, {} was expected", format.object())));
    }
    match read(format, bytes, max_depth.min(MAX_DEPTH))? {
        Value::Object(object) => Ok(object),
        other => {
            let expected = format.object();
            Err(Fault::Invalid(format!("{expected} was expected, this is {}", kind(&other))))
        }
    }
}

/// The deepest nesting that can be allowed: some of the parsers have a bound of their own, at which they would say less.
const MAX_DEPTH: usize = 120;

fn read(format: Format, bytes: &[u8], max_depth: usize) -> Result<Value, Fault> {
    match format {
        Format::Json => json::read(fault::text(bytes)?, max_depth),
        Format::MessagePack => binary::read_message_pack(bytes, max_depth),
        Format::Cbor => binary::read_cbor(bytes, max_depth),
        Format::Yaml => yaml::read(fault::text(bytes)?, max_depth),
        Format::Xml => xml::read(fault::text(bytes)?, max_depth),
        Format::Csv => Err(Fault::Invalid("CSV is not read here".to_owned())),
        Format::Protobuf => Err(Fault::Invalid("messages are not read here".to_owned())),
    }
}

/// The bytes of a value. CSV has only tables, see [`table`], and a message is that of an operation; instead of these this makes JSON.
pub fn write(format: Format, value: &Value) -> Vec<u8> {
    match format {
        Format::Json | Format::Csv | Format::Protobuf => value.to_string().into_bytes(),
        Format::MessagePack => binary::write_message_pack(value),
        Format::Cbor => binary::write_cbor(value),
        Format::Yaml => yaml::write(value).into_bytes(),
        Format::Xml => xml::write(value).into_bytes(),
    }
}

/// What a JSON value is, in words.
pub fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
