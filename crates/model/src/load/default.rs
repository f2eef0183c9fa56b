//! What fields are when a create does not say.

use super::document::Quoted;
use super::faults::Faults;
use super::fields::FieldSource;
use crate::json::Invalid;
use crate::{Default, Field, FieldType, json};
use mainstay_expr::Value;
use serde_json::Value as Json;

/// Reads the default of a field: sets it when it is a value, and answers with the expression when it is CEL.
pub(super) fn read(source: &FieldSource<'_>, field: &mut Field, faults: &mut Faults) -> Option<Quoted> {
    let given = source.file.default.as_ref()?;
    if field.ty == FieldType::Secret {
        return None; // Reported as an option that does not fit.
    }
    if let Some(cel) = given.as_table().filter(|table| is_cel(table)) {
        return expression(source, cel, faults);
    }
    match decode(source, field, given) {
        Ok(value) => field.default = Some(Default::Value(value)),
        Err(invalid) => {
            // A date is no text here either, and so no expression.
            let text = source.text("default").filter(|_| !is_textual(&field.ty) && !is_literal(field, given));
            if text.is_some() {
                return text;
            }
            let message = format!("the default of `{}` {}", source.name, invalid.message);
            faults.error("bad_default", source.value_place("default"), message);
        }
    }
    None
}

/// The value of the field's type. JSON has no number for TOML's `nan` and `inf`, and no database keeps one alike.
fn decode(source: &FieldSource<'_>, field: &Field, given: &toml::Value) -> Result<Value, Invalid> {
    // A date comes as a text, too; what is written tells them apart.
    if is_textual(&field.ty) && given.is_str() && source.text("default").is_none() {
        return Err(Invalid::new("type", "must be a text: a date or time needs quotes here"));
    }
    if !is_finite(given) {
        return Err(Invalid::new("type", "must be finite: nan and inf are no values"));
    }
    json::decode(field, &literal(given))
}

fn is_finite(value: &toml::Value) -> bool {
    match value {
        toml::Value::Float(float) => float.is_finite(),
        toml::Value::Array(elements) => elements.iter().all(is_finite),
        toml::Value::Table(table) => table.values().all(is_finite),
        _ => true,
    }
}

/// A TOML value as the JSON that a client would send: dates and times become texts.
pub(super) fn literal(value: &toml::Value) -> Json {
    match value {
        toml::Value::String(text) => Json::from(text.as_str()),
        toml::Value::Integer(int) => Json::from(*int),
        toml::Value::Float(float) => Json::from(*float),
        toml::Value::Boolean(bool) => Json::from(*bool),
        toml::Value::Datetime(datetime) => Json::from(datetime.to_string()),
        toml::Value::Array(elements) => elements.iter().map(literal).collect(),
        toml::Value::Table(table) => table.iter().map(|(key, value)| (key.clone(), literal(value))).collect(),
    }
}

fn is_cel(table: &toml::Table) -> bool {
    table.len() == 1 && table.contains_key("cel")
}

fn expression(source: &FieldSource<'_>, cel: &toml::Table, faults: &mut Faults) -> Option<Quoted> {
    if cel["cel"].is_str() {
        return source.document.text(&source.within(&["default", "cel"]));
    }
    faults.error("bad_default", source.value_place("default"), "`cel` is an expression in a string");
    None
}

/// Whether a string is a value of the type, so that a default in a string is never CEL unless it says so.
fn is_textual(ty: &FieldType) -> bool {
    matches!(ty, FieldType::Text | FieldType::Enum(_))
}

/// Whether it is a value of the type, if one out of bounds.
fn is_literal(field: &Field, given: &toml::Value) -> bool {
    json::decode_type(&field.ty, &literal(given)).is_ok()
}
