//! The schemas of a batch.

use super::components::POSITION;
use super::example::{ID, creation};
use crate::operations::ISOLATION;
use mainstay_model::{Application, Model};
use serde_json::{Value, json};

/// The body of a batch.
pub(super) fn request(application: &Application, models: &[&Model]) -> Value {
    let names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();
    // A key `$ref` in a schema or an example would be followed as a reference by most readers of the document, so it is described in words.
    let reference = "`{\"$ref\": name}`: the id of the record of an earlier operation.";
    let id = json!({"anyOf": [
        {"type": "string", "format": "uuid"},
        {"type": "object", "description": reference, "additionalProperties": {"type": "string"}},
    ]});
    let max = application.config.limits.bulk_records;
    let expect = json!({
        "description": "Of a `check` without an `id`: how many records match.",
        "anyOf": [{"enum": ["any", "none"]}, {"type": "integer", "minimum": 0, "maximum": max}],
    });
    let levels: Vec<&str> = ISOLATION.iter().map(|(name, _)| *name).collect();
    let isolation = json!({
        "type": "string", "enum": levels, "default": levels[0],
        "description": "What the batch may see of others that run at the same time. One with a `check` without an `id` is serializable.",
    });
    let operation = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["op", "model"],
        "properties": {
            "op": {"type": "string", "enum": ["create", "update", "put", "delete", "restore", "check"]},
            "model": {"type": "string", "enum": names},
            "as": {"type": "string", "description": "Names the record of a `create` or `put`, for later operations."},
            "id": id,
            "if_version": {"type": "integer", "description": "The version that the record must have."},
            "filter": {"type": "string", "description": "Of a `check`: a condition in CEL that must hold of the record with the `id`, or that `expect` counts the records of."},
            "expect": expect,
            "data": {"type": "object", "description": "The fields, as in the operation of its own; `{\"$ref\": name}` stands for an id."},
        },
    });
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["operations"],
        "properties": {
            "isolation": isolation,
            "operations": {
                "type": "array",
                "minItems": 1,
                "maxItems": application.config.limits.batch_operations,
                "items": operation,
            },
        },
        "examples": [example(models)],
    })
}

/// The answer to a batch that took effect.
pub(super) fn answer() -> Value {
    json!({
        "type": "object",
        "required": ["results", "position"],
        "properties": {
            "results": {"type": "array", "items": {
                "type": "object",
                "required": ["status"],
                "properties": {
                    "status": {"type": "integer", "enum": [200, 201, 204]},
                    "id": {"type": "string", "format": "uuid"},
                    "record": {"type": "object", "description": "The record, where the caller may read it."},
                },
            }},
            "position": {"type": "string"},
        },
        "examples": [{"results": [{"status": 204, "id": ID}], "position": POSITION}],
    })
}

/// The problem document of a batch that did not.
pub(super) fn problem() -> Value {
    let description =
        "For each operation its error, or `not_applied` where another's failure kept it from taking effect.";
    problem_with_results(description, &result())
}

/// The answer to a write to all records that match.
pub(super) fn bulk_answer() -> Value {
    let count = json!({"type": "integer", "minimum": 0, "description": "How many records match."});
    let properties = json!({ "count": count });
    json!({"type": "object", "required": ["count"], "properties": properties, "examples": [{"count": 3}]})
}

/// The problem document of one of which some were refused.
pub(super) fn bulk_problem() -> Value {
    let mut result = result();
    result["required"] = json!(["id", "status", "code"]);
    result["properties"]["id"] = json!({"type": "string", "format": "uuid"});
    problem_with_results("The ids and errors of some records that were refused.", &result)
}

fn problem_with_results(description: &str, result: &Value) -> Value {
    json!({
        "allOf": [{"$ref": "#/components/schemas/Problem"}],
        "properties": {"results": {"type": "array", "description": description, "items": result}},
    })
}

fn result() -> Value {
    json!({
        "type": "object",
        "required": ["status", "code"],
        "properties": {
            "status": {"type": "integer"},
            "code": {"type": "string"},
            "detail": {"type": "string"},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldProblem"}},
        },
    })
}

/// A creation in the model that is declared last, and the deletion of some record.
fn example(models: &[&Model]) -> Value {
    let deletion = |model: &str| json!({"op": "delete", "model": model, "id": ID});
    let last = models.last().and_then(|model| Some((model, creation(model)?)));
    match last {
        Some((model, data)) => json!({"operations": [
            {"op": "create", "model": model.name, "as": "first", "data": data},
            deletion(&model.name),
        ]}),
        None => json!({"operations": [deletion("user")]}),
    }
}
