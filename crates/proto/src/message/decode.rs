//! From bytes to the fields of a record, in the JSON form that requests have.

use super::{Messages, Slot, document, scalar};
use crate::schema::field_name;
use crate::wire::{Malformed, Reader, Wire};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mainstay_engine::{Code, Error, FieldError};
use mainstay_expr::ModelId;
use mainstay_model::{Field, FieldType, Model};
use serde_json::{Map, Number, Value};

/// What stands in front of a name where an id is expected, in batches.
const REFERENCE: &str = "$ref:";

/// The error for bytes that are not the message which they should be.
pub fn malformed(what: &str) -> Error {
    Error::new(Code::InvalidMessage, format!("the bytes are not those of {what}"))
}

impl Messages {
    /// Reads the message of a record: the fields that it has, or those of `mask`, of which it has null where the message lacks one.
    ///
    /// # Errors
    /// [`Code::InvalidMessage`] for what is none, [`Code::ValidationFailed`] with each field that is unknown or cannot be read. Whether
    /// values keep to the model is for others to say.
    pub fn decode_record(
        &self,
        model: ModelId,
        message: &[u8],
        mask: Option<&[String]>,
    ) -> Result<Map<String, Value>, Error> {
        let model = self.application.model(model);
        let mut faults = Vec::new();
        let mut fields = self.fields(model, message, &mut faults)?;
        if let Some(mask) = mask {
            fields = masked(model, fields, mask, &mut faults);
        }
        if faults.is_empty() { Ok(fields) } else { Err(Error::validation(faults)) }
    }

    fn fields(
        &self,
        model: &Model,
        message: &[u8],
        faults: &mut Vec<FieldError>,
    ) -> Result<Map<String, Value>, Error> {
        let plan = self.plan(model.id);
        let mut fields = Map::new();
        for read in Reader::new(message) {
            let (number, wire) = read.map_err(|Malformed| malformed(&format!("a {}", model.name)))?;
            match plan.by_number.get(&number) {
                Some(Slot::Expanded) => {}
                Some(Slot::Field(id)) => {
                    let field = model.field(*id);
                    if add(field, wire, &mut fields).is_err() {
                        faults.push(FieldError::new(
                            &field.name,
                            "type",
                            "does not have the form of its type",
                        ));
                    }
                }
                None => {
                    let message = format!("{} has no field with this number", model.name);
                    faults.push(FieldError::new(number.to_string(), "unknown_field", message));
                }
            }
        }
        Ok(fields)
    }
}

/// The fields of a mask. An empty list cannot be told from one that is not there: a field that can be null is.
fn masked(
    model: &Model,
    mut fields: Map<String, Value>,
    mask: &[String],
    faults: &mut Vec<FieldError>,
) -> Map<String, Value> {
    let mut masked = Map::new();
    for path in mask {
        let Some(field) = named(model, path) else {
            let message = format!("{} has no such field; `mask` has names of fields", model.name);
            faults.push(FieldError::new(path, "unknown_field", message));
            continue;
        };
        // A path may be named more than once, and the value is there for the first.
        if masked.contains_key(&field.name) {
            continue;
        }
        let missing = match field.ty {
            FieldType::List(_) if !field.optional => Value::Array(Vec::new()),
            _ => Value::Null,
        };
        masked.insert(field.name.clone(), fields.remove(&field.name).unwrap_or(missing));
    }
    masked
}

/// The field that a message calls so.
fn named<'a>(model: &'a Model, name: &str) -> Option<&'a Field> {
    let called = || model.fields.iter().find(|field| field_name(model, field) == name);
    model.field_named(name).or_else(called)
}

/// Adds what was read of a field: one more element of a list, or its value.
fn add(field: &Field, wire: Wire<'_>, fields: &mut Map<String, Value>) -> Result<(), Malformed> {
    let FieldType::List(of) = &field.ty else {
        fields.insert(field.name.clone(), value(&field.ty, wire)?);
        return Ok(());
    };
    let list = fields.entry(field.name.clone()).or_insert_with(|| Value::Array(Vec::new()));
    if let Value::Array(elements) = list {
        for wire in several(of, wire)? {
            elements.push(value(of, wire)?);
        }
    }
    Ok(())
}

fn several<'a>(of: &FieldType, wire: Wire<'a>) -> Result<Vec<Wire<'a>>, Malformed> {
    match (of, wire) {
        (FieldType::Bool | FieldType::Int | FieldType::Float, Wire::Bytes(bytes)) => {
            Reader::new(bytes).packed(*of == FieldType::Float)
        }
        (_, one) => Ok(vec![one]),
    }
}

fn value(ty: &FieldType, wire: Wire<'_>) -> Result<Value, Malformed> {
    Ok(match ty {
        FieldType::Bool => Value::Bool(wire.bool()?),
        FieldType::Int => Value::from(wire.int()?),
        FieldType::Float => Number::from_f64(wire.double()?).map(Value::Number).ok_or(Malformed)?,
        FieldType::Bytes => Value::String(STANDARD.encode(wire.bytes()?)),
        FieldType::Timestamp => Value::String(scalar::timestamp_text(wire.bytes()?)?),
        FieldType::Duration => Value::String(scalar::duration_text(wire.bytes()?)?),
        FieldType::Json => document::decode(wire.bytes()?)?,
        FieldType::Uuid | FieldType::Ref { .. } => id(wire.text()?),
        FieldType::List(_) => return Err(Malformed),
        FieldType::Decimal { .. }
        | FieldType::Text
        | FieldType::Date
        | FieldType::Time
        | FieldType::Enum(_)
        | FieldType::Secret => Value::String(wire.text()?.to_owned()),
    })
}

/// An id, or the name of a record that a batch makes. Outside of batches that is refused like everything that is no id.
pub fn id(text: &str) -> Value {
    match text.strip_prefix(REFERENCE) {
        Some(name) => Value::Object(Map::from_iter([("$ref".to_owned(), Value::from(name))])),
        None => Value::from(text),
    }
}
