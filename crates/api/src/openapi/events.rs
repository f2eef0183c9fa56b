//! Watching, as far as OpenAPI 3.1 can tell of it: it has no words for the events of a stream, so they are told in an extension.

use super::model::schema_name;
use crate::operations::known;
use mainstay_engine::{Ended, Operation, OperationKind};
use mainstay_model::Application;
use serde_json::{Value, json};

/// What `x-watch` says of a list that can be watched.
pub(super) fn extension(application: &Application, watch: &Operation) -> Value {
    let record = watch.model.map(|model| schema_name(application.model(model))).unwrap_or_default();
    let record = json!({"$ref": format!("#/components/schemas/{record}")});
    json!({
        "operationId": watch.name,
        "summary": watch.summary,
        "description": "With `Accept: text/event-stream`: the records that match (unless `snapshot=false`), then each change by which one enters, \
            moves within or leaves what the caller may see and asked for. `Last-Event-ID` goes on behind an event.",
        "parameters": known(OperationKind::Watch),
        "headers": ["Last-Event-ID", "Mainstay-Position"],
        "x-events": {
            "snapshot": object(&json!({"id": id(), "record": record})),
            "ready": object(&json!({"count": {"type": "integer"}, "more": {"type": "boolean"}})),
            "enter": object(&json!({"operation": operation(), "id": id(), "record": record})),
            "change": object(&json!({"operation": operation(), "id": id(), "record": record})),
            "leave": object(&json!({"id": id()})),
            "reset": object(&json!({"reason": reasons(true)})),
            "end": object(&json!({"reason": reasons(false)})),
        },
    })
}

fn object(properties: &Value) -> Value {
    let names: Vec<&String> = properties.as_object().into_iter().flat_map(|object| object.keys()).collect();
    json!({"type": "object", "required": names, "properties": properties})
}

fn id() -> Value {
    json!({"type": "string", "format": "uuid"})
}

fn operation() -> Value {
    json!({"type": "string", "enum": ["create", "update", "delete", "restore"]})
}

fn reasons(is_reset: bool) -> Value {
    let reasons = Ended::ALL.into_iter().filter(|reason| reason.is_reset() == is_reset);
    json!({"type": "string", "enum": reasons.map(Ended::as_str).collect::<Vec<_>>()})
}
