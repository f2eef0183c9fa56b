//! JSON merge patches (RFC 7396).

use mainstay_engine::{Error, FieldError};
use mainstay_expr::{FieldId, Value as FieldValue};
use mainstay_model::{FieldType, Model};
use mainstay_ports::Record;
use serde_json::{Map, Value};

/// The `json` fields whose documents a patch changes within, so that what they hold now has to be known.
pub(crate) fn merged_fields(model: &Model, patch: &Map<String, Value>) -> Vec<FieldId> {
    let within = |name: &String| patch.get(name).is_some_and(Value::is_object);
    let documents = model.declared().iter().filter(|field| field.ty == FieldType::Json);
    documents.filter(|field| within(&field.name)).map(|field| field.id).collect()
}

/// Sees that what patches make of the documents stays within what one body could have held: many small patches must not make a
/// large one.
///
/// # Errors
/// [`mainstay_engine::Code::ValidationFailed`], naming each field that is too large.
pub(crate) fn check_size(
    model: &Model,
    merged: &Map<String, Value>,
    fields: &[FieldId],
    max_bytes: usize,
) -> Result<(), Error> {
    let names = fields.iter().map(|field| model.field(*field).name.as_str());
    let size = |name: &str| merged.get(name).map_or(0, |document| document.to_string().len());
    let message = format!("must have at most {max_bytes} bytes when merged");
    let faults: Vec<FieldError> = names
        .filter(|name| size(name) > max_bytes)
        .map(|name| FieldError::new(name, "max_length", message.clone()))
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Error::validation(faults)) }
}

/// The patch with the documents of `fields` as they become when applied to those of the record.
pub(crate) fn applied(
    model: &Model,
    patch: &Map<String, Value>,
    fields: &[FieldId],
    record: &Record,
) -> Map<String, Value> {
    let mut patch = patch.clone();
    for field in fields {
        if let Some(value) = patch.get_mut(&model.field(*field).name) {
            *value = merge(document(record.get(*field)), value.take());
        }
    }
    patch
}

fn document(value: &FieldValue) -> Value {
    match value {
        FieldValue::Json(text) => serde_json::from_str(text).unwrap_or_default(),
        _ => Value::Null,
    }
}

/// `MergePatch` of RFC 7396, section 2.
fn merge(target: Value, patch: Value) -> Value {
    let Value::Object(patch) = patch else { return patch };
    let Value::Object(mut merged) = target else {
        return merge(Value::Object(Map::new()), Value::Object(patch));
    };
    for (key, value) in patch {
        if value.is_null() {
            merged.shift_remove(&key);
        } else {
            let old = merged.get_mut(&key).map(Value::take).unwrap_or_default();
            merged.insert(key, merge(old, value));
        }
    }
    Value::Object(merged)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// The examples of RFC 7396, appendix A.
    #[test]
    fn the_examples_of_the_rfc_hold() {
        let check = |target: &str, patch: &str, expected: &str| {
            let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            assert_eq!(merge(parse(target), parse(patch)).to_string(), expected, "{target} {patch}");
        };
        check(r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#);
        check(r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#);
        check(r#"{"a":"b"}"#, r#"{"a":null}"#, r#"{}"#);
        check(r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#);
        check(r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#);
        check(r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#);
        check(r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#);
        check(r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#);
        check(r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#);
        check(r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#);
        check(r#"{"a":"foo"}"#, "null", "null");
        check(r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#);
        check(r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#);
        check("[1,2]", r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#);
        check("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#);
    }
}
