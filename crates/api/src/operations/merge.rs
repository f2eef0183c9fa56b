//! JSON merge patches (RFC 7396).

use mainstay_engine::{Error, FieldError};
use mainstay_expr::{FieldId, Value as FieldValue};
use mainstay_model::json::merge;
use mainstay_model::{FieldType, Model};
use mainstay_ports::Record;
use serde_json::{Map, Value};

/// The `json` fields whose documents a patch changes within, so that what they hold now has to be known.
pub(super) fn merged_fields(model: &Model, patch: &Map<String, Value>) -> Vec<FieldId> {
    let within = |name: &String| patch.get(name).is_some_and(Value::is_object);
    let documents = model.declared().iter().filter(|field| field.ty == FieldType::Json);
    documents.filter(|field| within(&field.name)).map(|field| field.id).collect()
}

/// Sees that what patches make of the documents stays within what one body could have held: many small patches must not make a
/// large one.
///
/// # Errors
/// [`mainstay_engine::Code::ValidationFailed`], naming each field that is too large.
pub(super) fn check_size(
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
pub(super) fn applied(
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
