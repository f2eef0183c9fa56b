//! Between the JSON of REST and messages that are known by their descriptors alone.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mainstay_expr::{format_duration, format_timestamp, parse_duration};
use prost_reflect::{
    DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage, Value as Proto,
};
use serde_json::{Map, Value, json};

/// A message with these fields; what is null is not in it.
pub(crate) fn message(descriptor: &MessageDescriptor, fields: &Map<String, Value>) -> DynamicMessage {
    DynamicMessage::deserialize(descriptor.clone(), in_protobufs_words(descriptor, fields)).unwrap()
}

fn in_protobufs_words(descriptor: &MessageDescriptor, fields: &Map<String, Value>) -> Value {
    let present = fields.iter().filter(|(_, value)| !value.is_null());
    let word = |(name, value): (&String, &Value)| {
        let field =
            descriptor.get_field_by_name(name).unwrap_or_else(|| panic!("no {name} in {descriptor:?}"));
        (name.clone(), word(&field, value))
    };
    Value::Object(present.map(word).collect())
}

/// A value as the JSON form of messages has it: spans of time have another text there.
fn word(field: &FieldDescriptor, value: &Value) -> Value {
    let Kind::Message(descriptor) = field.kind() else { return value.clone() };
    match (descriptor.full_name(), value) {
        ("google.protobuf.Duration", value) => {
            let micros = parse_duration(value.as_str().unwrap()).unwrap();
            assert_eq!(micros % 1_000_000, 0, "the scenario has whole seconds");
            Value::from(format!("{}s", micros / 1_000_000))
        }
        ("google.protobuf.Value", value) => value.clone(),
        (_, Value::Array(elements)) => elements.iter().map(|element| word(field, element)).collect(),
        (_, Value::Object(fields)) => in_protobufs_words(&descriptor, fields),
        (_, value) => value.clone(),
    }
}

/// The fields that a message has, as REST shows them.
pub(crate) fn record(message: &DynamicMessage) -> Value {
    let mut fields = Map::new();
    let mut expanded = Map::new();
    for (field, value) in message.fields() {
        match field.name().strip_suffix("_record") {
            Some(name) => drop(expanded.insert(name.to_owned(), shown(value))),
            None => drop(fields.insert(field.name().to_owned(), shown(value))),
        }
    }
    if !expanded.is_empty() {
        fields.insert("expand".to_owned(), Value::Object(expanded));
    }
    Value::Object(fields)
}

fn shown(value: &Proto) -> Value {
    match value {
        Proto::Bool(bool) => json!(bool),
        Proto::I32(int) => json!(int),
        Proto::I64(int) => json!(int),
        Proto::F64(double) => json!(double),
        Proto::String(text) => json!(text),
        Proto::Bytes(bytes) => json!(STANDARD.encode(bytes)),
        Proto::List(elements) => elements.iter().map(shown).collect(),
        Proto::Message(message) => of_message(message),
        other => panic!("{other:?}"),
    }
}

fn of_message(message: &DynamicMessage) -> Value {
    let part = |name: &str| message.get_field_by_name(name).unwrap().into_owned();
    let micros = || {
        let nanos = i64::from(part("nanos").as_i32().unwrap());
        part("seconds").as_i64().unwrap() * 1_000_000 + nanos / 1_000
    };
    match message.descriptor().full_name() {
        "google.protobuf.Timestamp" => Value::from(format_timestamp(micros())),
        "google.protobuf.Duration" => Value::from(format_duration(micros())),
        "google.protobuf.Value" => whole(serde_json::to_value(message).unwrap()),
        _ => record(message),
    }
}

/// Numbers of documents are doubles there.
fn whole(document: Value) -> Value {
    match document {
        Value::Number(number) => match number.as_f64() {
            Some(double) if double.fract() == 0.0 => json!(double as i64),
            _ => Value::Number(number),
        },
        Value::Array(elements) => elements.into_iter().map(whole).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, whole(value))).collect(),
        other => other,
    }
}
