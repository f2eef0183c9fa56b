//! The JSON form of values and records: in answers, requests, the feed, and imported and exported files.
//!
//! Timestamps are RFC 3339, decimals strings, bytes base64 (RFC 4648, with padding), durations ISO 8601, ints JSON numbers
//! (beyond 2^53 exact here, though not in JavaScript). A `json` field is the document itself.

use crate::{Field, FieldType, Model};
use mainstay_expr::{FieldId, Value};

/// Why a JSON value is not a field's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// A stable code: `type`, `required`, `format`, `min`, `max`, `min_length`, `max_length`, `pattern`, `enum`, `scale`, `invalid_character`.
    pub code: &'static str,
    /// What is wrong, for the client.
    pub message: String,
}

/// Reads a field's value from JSON and checks its type and constraints. `null` gives [`Value::Null`] where the field is optional.
///
/// # Errors
/// The first way in which it is not a value of the field.
pub fn decode(field: &Field, json: &serde_json::Value) -> Result<Value, Invalid> {
    let _ = (field, json);
    Err(Invalid { code: "type", message: String::new() })
}

/// Reads a scalar from plain text, as CSV files and query strings have it: no quotes around texts; lists and documents as JSON.
/// Checks constraints as [`decode`] does.
///
/// # Errors
/// As [`decode`].
pub fn decode_text(field: &Field, text: &str) -> Result<Value, Invalid> {
    let _ = (field, text);
    Err(Invalid { code: "type", message: String::new() })
}

/// Appends a value as JSON. It does not need the type: every variant has one form.
pub fn encode(value: &Value, out: &mut Vec<u8>) {
    let _ = (value, out);
}

/// The plain text of a value, as CSV has it; the empty text for null.
pub fn encode_text(value: &Value) -> String {
    let _ = value;
    String::new()
}

/// Appends a JSON string.
pub fn encode_str(text: &str, out: &mut Vec<u8>) {
    let _ = (text, out);
}

/// Appends a record as a JSON object of these fields in this order.
pub fn encode_record(
    model: &Model,
    values: &[Value],
    fields: impl Iterator<Item = FieldId>,
    out: &mut Vec<u8>,
) {
    let _ = (model, values, fields, out);
}

/// Reads a stored record (of the feed): fields by name, unknown ones passed over, missing ones null, constraints not checked, since
/// the model may have changed since. `None` when it is not an object or a value has another type now.
pub fn decode_stored(model: &Model, json: &str) -> Option<Vec<Value>> {
    let _ = (model, json);
    None
}

/// As [`decode`], but without constraints: the type alone.
///
/// # Errors
/// As [`decode`], with the codes `type`, `format`, `scale`, `enum` and `invalid_character`.
pub fn decode_type(ty: &FieldType, json: &serde_json::Value) -> Result<Value, Invalid> {
    let _ = (ty, json);
    Err(Invalid { code: "type", message: String::new() })
}
