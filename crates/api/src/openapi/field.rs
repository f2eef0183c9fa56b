//! The JSON Schema of a field.

use super::example::example;
use mainstay_expr::Value as FieldValue;
use mainstay_model::{Application, Constraints, Default, Field, FieldType, OnDelete, json as codec};
use serde_json::{Map, Value, json};

/// The least and the greatest integer that a double holds exactly, with all between them.
const MAX_SAFE_INTEGER: i64 = (1 << 53) - 1;

/// Every character but U+0000, which no text may have. A field's own pattern takes its place.
const WITHOUT_NUL: &str = "^[^\\u0000]*$";

/// The schema of a field: its type, its bounds, what people should know.
pub(super) fn schema(application: &Application, field: &Field) -> Map<String, Value> {
    let mut schema = of_type(&field.ty);
    add_bounds(&mut schema, &field.ty, &field.constraints);
    if let Some(text) = description(application, field) {
        schema.insert("description".to_owned(), text.into());
    }
    if let Some(example) = example(field) {
        schema.insert("examples".to_owned(), json!([example]));
    }
    if field.optional {
        make_nullable(&mut schema);
    }
    if field.is_secret() {
        schema.insert("writeOnly".to_owned(), true.into());
    }
    if field.read_only {
        schema.insert("readOnly".to_owned(), true.into());
    }
    schema
}

/// The schema of a field that a client may leave out, with what it then becomes.
pub(super) fn with_default(mut schema: Map<String, Value>, field: &Field) -> Map<String, Value> {
    if let Some(Default::Value(value)) = &field.default {
        schema.insert("default".to_owned(), as_json(value));
    }
    schema
}

fn of_type(ty: &FieldType) -> Map<String, Value> {
    let schema = match ty {
        FieldType::Bool => json!({"type": "boolean"}),
        FieldType::Int => {
            json!({"type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX})
        }
        FieldType::Float => json!({"type": "number", "format": "double"}),
        FieldType::Decimal { scale } => {
            json!({"type": "string", "format": "decimal", "pattern": decimal_pattern(*scale)})
        }
        FieldType::Text => json!({"type": "string", "pattern": WITHOUT_NUL}),
        FieldType::Uuid | FieldType::Ref { .. } => json!({"type": "string", "format": "uuid"}),
        FieldType::Date => json!({"type": "string", "format": "date"}),
        FieldType::Time => {
            json!({"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\\.[0-9]{1,6})?)?$"})
        }
        FieldType::Timestamp => json!({"type": "string", "format": "date-time"}),
        FieldType::Duration => json!({"type": "string", "format": "duration"}),
        FieldType::Json => json!({}),
        FieldType::Bytes => json!({"type": "string", "contentEncoding": "base64"}),
        FieldType::Enum(variants) => json!({"type": "string", "enum": variants.as_ref()}),
        FieldType::List(of) => json!({"type": "array", "items": of_type(of)}),
        FieldType::Secret => json!({"type": "string", "format": "password", "pattern": WITHOUT_NUL}),
    };
    match schema {
        Value::Object(schema) => schema,
        _ => Map::new(),
    }
}

fn decimal_pattern(scale: u8) -> String {
    match scale {
        0 => "^-?[0-9]+$".to_owned(),
        scale => format!("^-?[0-9]+(\\.[0-9]{{1,{scale}}})?$"),
    }
}

fn add_bounds(schema: &mut Map<String, Value>, ty: &FieldType, bounds: &Constraints) {
    if matches!(ty, FieldType::Int | FieldType::Float) {
        insert(schema, "minimum", bounds.min.as_ref().map(as_json));
        insert(schema, "maximum", bounds.max.as_ref().map(as_json));
    }
    let (min, max) = match ty {
        FieldType::List(_) => ("minItems", "maxItems"),
        _ => ("minLength", "maxLength"),
    };
    // The length of bytes is not that of their base64.
    if *ty != FieldType::Bytes {
        insert(schema, min, bounds.min_length.map(Value::from));
        insert(schema, max, bounds.max_length.map(Value::from));
    }
    insert(schema, "pattern", bounds.pattern.as_ref().map(|pattern| pattern.as_str().into()));
}

fn insert(schema: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        schema.insert(key.to_owned(), value);
    }
}

fn make_nullable(schema: &mut Map<String, Value>) {
    if let Some(ty) = schema.get_mut("type") {
        *ty = json!([ty.take(), "null"]);
    }
    if let Some(Value::Array(variants)) = schema.get_mut("enum") {
        variants.push(Value::Null);
    }
}

fn description(application: &Application, field: &Field) -> Option<String> {
    let mut sentences: Vec<String> = field.doc.iter().cloned().collect();
    if !field.read_only {
        sentences.extend(meaning(application, &field.ty));
        sentences.extend(bounds_text(&field.ty, &field.constraints));
        sentences.extend(notes(field).into_iter().map(str::to_owned));
    }
    (!sentences.is_empty()).then(|| sentences.join(" "))
}

/// What else a writer of the field should know.
fn notes(field: &Field) -> Vec<&'static str> {
    let is_computed = matches!(field.default, Some(Default::Computed(_)));
    let notes = [
        (field.unique, "No two records share it."),
        (field.immutable, "Keeps the value that it is created with."),
        (is_computed, "The server fills it in when it is left out."),
        (field.read.is_some(), "Left out for those who may not see it."),
        (field.write.is_some(), "Not everyone may write it."),
    ];
    notes.into_iter().filter(|(applies, _)| *applies).map(|(_, note)| note).collect()
}

fn meaning(application: &Application, ty: &FieldType) -> Option<String> {
    match ty {
        FieldType::Ref { model, on_delete } => {
            let effect = match on_delete {
                OnDelete::Restrict => "; that one cannot be deleted while this points to it",
                OnDelete::Cascade => "; when that one is deleted, so is this",
                OnDelete::SetNull => "; cleared when that one is deleted",
            };
            Some(format!("The id of a `{}`{effect}.", application.model(*model).name))
        }
        FieldType::Decimal { scale } => Some(format!("Exact, with {scale} digits after the point.")),
        FieldType::Time => Some("A time of day.".to_owned()),
        FieldType::Bytes => Some("Bytes in base64.".to_owned()),
        FieldType::Secret => Some("Can be written and never read.".to_owned()),
        _ => None,
    }
}

/// The bounds that JSON Schema has no words for.
fn bounds_text(ty: &FieldType, bounds: &Constraints) -> Option<String> {
    if matches!(ty, FieldType::Int)
        && bounds.max.as_ref().and_then(FieldValue::as_int).is_none_or(|max| max > MAX_SAFE_INTEGER)
    {
        return Some(
            "Beyond 2^53 exact here, though not in readers that keep numbers as doubles.".to_owned(),
        );
    }
    if *ty == FieldType::Bytes {
        return bounds.max_length.map(|max| format!("At most {max} bytes."));
    }
    if matches!(ty, FieldType::Int | FieldType::Float) {
        return None;
    }
    match (bounds.min.as_ref().map(codec::encode_text), bounds.max.as_ref().map(codec::encode_text)) {
        (Some(min), Some(max)) => Some(format!("From {min} to {max}.")),
        (Some(min), None) => Some(format!("At least {min}.")),
        (None, Some(max)) => Some(format!("At most {max}.")),
        (None, None) => None,
    }
}

/// A value in its JSON form.
pub(super) fn as_json(value: &FieldValue) -> Value {
    let mut text = Vec::new();
    codec::encode(value, &mut text);
    serde_json::from_slice(&text).unwrap_or_default()
}
