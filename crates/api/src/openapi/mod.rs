//! The OpenAPI 3.1 document of an application.
//!
//! It is derived: paths from the registry of operations, schemas from the models, error answers from the table of statuses.
//! Examples are values that the fields' own decoder takes.

mod answers;
mod app;
mod batch;
mod components;
mod events;
mod example;
mod field;
mod keys;
mod locks;
mod model;
mod operation;
mod parameters;
mod system;

use crate::routes::place;
use mainstay_engine::{Operation, OperationKind};
use mainstay_model::Application;
use serde_json::{Map, Value, json};

/// The document. `is_ending` says of the version that its clients should go on to another.
pub(crate) fn document(application: &Application, operations: &[Operation], is_ending: bool) -> Value {
    json!({
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": info(application),
        "servers": [{"url": "/"}],
        "tags": tags(application),
        "paths": paths(application, operations, is_ending),
        "components": components::components(application, operations),
    })
}

fn info(application: &Application) -> Value {
    let name = application.config.name.as_str();
    let title = if name.is_empty() { "Mainstay" } else { name };
    json!({
        "title": title,
        "version": application.version().to_string(),
        "description": "Errors are problem documents (RFC 9457). Integers are exact in 64 bits; a reader that keeps numbers as doubles, \
            as JavaScript does, loses digits beyond 2^53. Decimals are strings. Timestamps are RFC 3339 in UTC with microseconds.",
    })
}

fn tags(application: &Application) -> Value {
    let models = application.models.iter().filter(|model| !model.internal);
    let mut tags: Vec<Value> = models
        .map(|model| match &model.doc {
            Some(doc) => json!({"name": model.plural, "description": doc}),
            None => json!({"name": model.plural}),
        })
        .collect();
    tags.push(json!({"name": "accounts", "description": "Registering, logging in, sessions, API keys."}));
    tags.push(json!({"name": "app", "description": "The application's clients."}));
    tags.push(json!({"name": "batch", "description": "Several writes in one transaction."}));
    tags.push(json!({"name": "system", "description": "About the program itself."}));
    Value::Array(tags)
}

fn paths(application: &Application, operations: &[Operation], is_ending: bool) -> Value {
    let mut paths = Map::new();
    for operation in operations.iter().filter(|operation| !operation.kind.is_of_channels()) {
        let (method, path) = place(application, operation);
        if operation.kind == OperationKind::Watch {
            // The list, which has the same path, comes first in the registry.
            paths[&path]["get"]["x-watch"] = events::extension(application, operation);
            continue;
        }
        let mut object = operation::operation(application, operation);
        if is_ending {
            object["deprecated"] = true.into();
        }
        add(&mut paths, &path, method.as_str(), object);
    }
    for (path, operation) in system::operations() {
        add(&mut paths, path, "GET", operation);
    }
    Value::Object(paths)
}

fn add(paths: &mut Map<String, Value>, path: &str, method: &str, operation: Value) {
    let item = paths.entry(path).or_insert_with(|| Value::Object(Map::new()));
    item[method.to_ascii_lowercase()] = operation;
}
