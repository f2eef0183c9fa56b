//! From values to JSON. Answers and the feed are made of this, so it builds no tree and, texts of times aside, allocates nothing
//! but the output.

use crate::Model;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mainstay_expr::{FieldId, Value, format_date, format_duration, format_time, write_timestamp};
use serde::Serialize;
use std::io::Write;

/// Appends a value as JSON. It does not need the type: every variant has one form.
pub fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Int(int) => append(int, out),
        Value::Float(float) => append(float, out),
        Value::Decimal(decimal) => quoted(out, |out| write(out, format_args!("{decimal}"))),
        Value::Text(text) => encode_str(text, out),
        Value::Uuid(id) => quoted(out, |out| {
            out.extend_from_slice(id.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()).as_bytes());
        }),
        Value::Date(days) => plain(&format_date(*days), out),
        Value::Time(micros) => plain(&format_time(*micros), out),
        Value::Timestamp(micros) => quoted(out, |out| write_timestamp(*micros, out)),
        Value::Duration(micros) => plain(&format_duration(*micros), out),
        Value::Json(document) => out.extend_from_slice(document.as_bytes()),
        Value::Bytes(bytes) => plain(&STANDARD.encode(bytes), out),
        Value::List(elements) => list(elements, out),
    }
}

/// Appends a JSON string.
pub fn encode_str(text: &str, out: &mut Vec<u8>) {
    if needs_escape(text) { append(text, out) } else { plain(text, out) }
}

/// Whether a JSON string needs an escape (RFC 8259, 7) for any byte of this text. Hardly any does, and without a branch a byte the
/// whole text is looked through sixteen bytes and more at a time.
fn needs_escape(text: &str) -> bool {
    text.bytes().fold(false, |found, byte| found | (byte < b' ') | (byte == b'"') | (byte == b'\\'))
}

/// Appends a record as a JSON object of these fields in this order. A secret field is passed over, whoever asks for it.
pub fn encode_record(
    model: &Model,
    values: &[Value],
    fields: impl Iterator<Item = FieldId>,
    out: &mut Vec<u8>,
) {
    let shown = fields.map(|id| model.field(id)).filter(|field| !field.is_secret());
    let mut separator = b'{';
    for field in shown {
        out.push(separator);
        separator = b',';
        // A field's name is `[a-z][a-z0-9_]*`: nothing in it needs an escape.
        plain(&field.name, out);
        out.push(b':');
        encode(&values[field.id.index()], out);
    }
    if separator == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
}

fn list(elements: &[Value], out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, element) in elements.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        encode(element, out);
    }
    out.push(b']');
}

/// A string in which nothing needs an escape.
fn plain(text: &str, out: &mut Vec<u8>) {
    quoted(out, |out| out.extend_from_slice(text.as_bytes()));
}

fn quoted(out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    content(out);
    out.push(b'"');
}

fn append<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("numbers and texts can be written, and memory takes them");
}

fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("memory takes what is written");
}
