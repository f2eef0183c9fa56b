//! Records read back from the feed.

use super::decode_type;
use crate::{Default, Field, FieldType, Model};
use mainstay_expr::Value;
use serde_json::Value as Json;

/// Reads a stored record (of the feed): fields by name, unknown ones passed over, constraints not checked, since the model may have changed
/// since, or another version of it may be at work. A missing field has the default that a migration gives it, or else is null. `None` when it is not
/// an object or a value has another type now.
pub fn decode_stored(model: &Model, json: &str) -> Option<Vec<Value>> {
    let Json::Object(members) = serde_json::from_str(json).ok()? else { return None };
    let value_of = |field: &Field| match members.get(&field.name) {
        None => Some(missing(field)),
        Some(Json::Null) => Some(Value::Null),
        Some(json) => decode_type(stored_type(&field.ty), json).ok(),
    };
    model.fields.iter().map(value_of).collect()
}

fn missing(field: &Field) -> Value {
    match &field.default {
        Some(Default::Value(value)) if !field.optional => value.clone(),
        _ => Value::Null,
    }
}

/// An enum may have lost a value since the record was written; it is a text all the same.
fn stored_type(ty: &FieldType) -> &FieldType {
    if matches!(ty, FieldType::Enum(_)) { &FieldType::Text } else { ty }
}
