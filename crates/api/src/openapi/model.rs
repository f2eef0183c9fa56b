//! The JSON Schemas of a model: the record, what creates one, what changes one.

use super::example;
use super::field::{schema, with_default};
use mainstay_model::{Application, Field, Model};
use serde_json::{Map, Value, json};

/// The name of a model's schemas: `ChatRoom` for `chat_room`.
pub(super) fn schema_name(model: &Model) -> String {
    let capitalised = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    };
    model.name.split('_').map(capitalised).collect()
}

/// The schemas of a model, by name.
pub(super) fn schemas(application: &Application, model: &Model) -> [(String, Value); 5] {
    let name = schema_name(model);
    [
        (name.clone(), record(application, model)),
        (format!("{name}Create"), creation(application, model)),
        (format!("{name}Put"), replacement(application, model)),
        (format!("{name}Update"), patch(application, model)),
        (format!("{name}Page"), page(&name, model)),
    ]
}

/// The fields that a client may give to a new record.
pub(super) fn written(model: &Model) -> impl Iterator<Item = &Field> {
    model.declared().iter().filter(|field| !field.read_only)
}

/// The fields that a client may change.
pub(super) fn changed(model: &Model) -> impl Iterator<Item = &Field> {
    written(model).filter(|field| !field.immutable)
}

/// Whether a new record has to be given a value.
pub(super) fn is_required(field: &Field) -> bool {
    !field.optional && field.default.is_none()
}

/// No field is required of an answer: the caller may have asked for some alone, or not be allowed to see others.
fn record(application: &Application, model: &Model) -> Value {
    let shown = model.answer_order.iter().map(|id| model.field(*id)).filter(|field| !field.is_secret());
    let shown = shown.filter(|field| model.soft_delete || field.id != mainstay_model::base::DELETED_AT);
    let mut properties: Map<String, Value> =
        shown.map(|field| (field.name.clone(), schema(application, field).into())).collect();
    if let Some(expand) = expansion(application, model) {
        properties.insert("expand".to_owned(), expand);
    }
    let mut record =
        json!({"type": "object", "properties": properties, "examples": [example::record(model)]});
    if let Some(doc) = &model.doc {
        record["description"] = doc.as_str().into();
    }
    record
}

fn expansion(application: &Application, model: &Model) -> Option<Value> {
    let refs: Map<String, Value> = model
        .refs()
        .filter(|(_, target, _)| !application.model(*target).internal)
        .map(|(field, target, _)| {
            let target = schema_name(application.model(target));
            let schema =
                json!({"anyOf": [{"$ref": format!("#/components/schemas/{target}")}, {"type": "null"}]});
            (field.name.clone(), schema)
        })
        .collect();
    (!refs.is_empty()).then(|| {
        json!({
            "type": "object",
            "readOnly": true,
            "description": "The records that refs point to, where `expand` asked for them; null where there is none that the caller may see.",
            "properties": refs,
        })
    })
}

fn creation(application: &Application, model: &Model) -> Value {
    let mut properties = Map::new();
    properties.insert("id".to_owned(), chosen_id());
    properties.extend(passed_over());
    for field in written(model) {
        let schema = with_default(schema(application, field), field);
        properties.insert(field.name.clone(), schema.into());
    }
    let required: Vec<&str> =
        written(model).filter(|field| is_required(field)).map(|field| field.name.as_str()).collect();
    let mut object = closed(&properties);
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    if let Some(example) = example::creation(model) {
        object["examples"] = json!([example]);
    }
    object
}

/// As a creation; the id is in the path.
fn replacement(application: &Application, model: &Model) -> Value {
    let mut object = creation(application, model);
    if let Some(properties) = object["properties"].as_object_mut() {
        properties.shift_remove("id");
    }
    object
}

fn patch(application: &Application, model: &Model) -> Value {
    let changes = changed(model).map(|field| (field.name.clone(), schema(application, field).into()));
    let mut object = closed(&passed_over().chain(changes).collect());
    object["description"] = "A merge patch (RFC 7396): what is left out stays, null clears, and objects in `json` fields are merged.".into();
    object["examples"] = json!([example::patch(model)]);
    object
}

fn page(name: &str, model: &Model) -> Value {
    json!({
        "type": "object",
        "required": ["items", "next", "position"],
        "properties": {
            "items": {"type": "array", "items": {"$ref": format!("#/components/schemas/{name}")}},
            "next": {"type": ["string", "null"], "description": "The `cursor` of the next page; null on the last."},
            "position": {"type": "string", "description": "The place in the change feed that the answer is at least as new as."},
            "count": {"type": "integer", "minimum": 0, "description": "How many records match, when `count=exact` asked."},
        },
        "examples": [{"items": [example::record(model)], "next": null, "position": super::components::POSITION}],
    })
}

/// What the server alone sets. It may be sent back as it was read, so it is in the schemas, which know no other keys.
fn passed_over() -> impl Iterator<Item = (String, Value)> {
    let schema = json!({"description": "As it was read. Passed over: the server alone sets it."});
    ["created_at", "updated_at", "version", "deleted_at"]
        .map(|name| (name.to_owned(), schema.clone()))
        .into_iter()
}

fn chosen_id() -> Value {
    json!({"type": "string", "format": "uuid", "description": "An id of your own choice; the server makes a UUIDv7 when it is left out."})
}

pub(super) fn closed(properties: &Map<String, Value>) -> Value {
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}
