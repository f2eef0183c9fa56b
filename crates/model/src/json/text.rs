//! Values as plain text, for CSV files and query strings.

use super::{Invalid, decode, encode};
use crate::{Field, FieldType};
use mainstay_expr::Value;
use serde_json::Value as Json;

/// Reads a scalar from plain text, as CSV files and query strings have it: no quotes around texts; lists and documents as JSON.
/// Checks constraints as [`decode`] does.
///
/// # Errors
/// As [`decode`].
pub fn decode_text(field: &Field, text: &str) -> Result<Value, Invalid> {
    decode(field, &json_of(&field.ty, text)?)
}

/// The plain text of a value, as CSV has it; the empty text for null.
pub fn encode_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Text(text) => text.clone(),
        value => unquoted(value),
    }
}

fn json_of(ty: &FieldType, text: &str) -> Result<Json, Invalid> {
    let wrong = |what: &str| Invalid::new("type", format!("must be {what}"));
    match ty {
        FieldType::Bool => text.parse().map(Json::Bool).map_err(|_| wrong("true or false")),
        FieldType::Int => text.parse::<i64>().map(Json::from).map_err(|_| wrong("an integer")),
        FieldType::Float => {
            let finite = text.parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            finite.map(Json::Number).ok_or_else(|| wrong("a finite number"))
        }
        FieldType::Json | FieldType::List(_) => serde_json::from_str(text)
            .map_err(|fault| Invalid::new("format", format!("must be JSON: {fault}"))),
        _ => Ok(Json::String(text.to_owned())),
    }
}

/// The JSON form without its quotes. Only texts have escapes in them, and they do not come here.
fn unquoted(value: &Value) -> String {
    let mut json = Vec::new();
    encode(value, &mut json);
    let json = String::from_utf8(json).expect("JSON is UTF-8");
    match value {
        Value::Json(_) => json,
        _ => json.trim_matches('"').to_owned(),
    }
}
