//! Records read back from the feed.

use super::decode_type;
use crate::{Field, FieldType, Model};
use mainstay_expr::Value;
use serde_json::Value as Json;

/// Reads a stored record (of the feed): fields by name, unknown ones passed over, missing ones null, constraints not checked, since
/// the model may have changed since. `None` when it is not an object or a value has another type now.
pub fn decode_stored(model: &Model, json: &str) -> Option<Vec<Value>> {
    let Json::Object(members) = serde_json::from_str(json).ok()? else { return None };
    let value_of = |field: &Field| match members.get(&field.name) {
        None | Some(Json::Null) => Some(Value::Null),
        Some(json) => decode_type(stored_type(&field.ty), json).ok(),
    };
    model.fields.iter().map(value_of).collect()
}

/// An enum may have lost a value since the record was written; it is a text all the same.
fn stored_type(ty: &FieldType) -> &FieldType {
    if matches!(ty, FieldType::Enum(_)) { &FieldType::Text } else { ty }
}
