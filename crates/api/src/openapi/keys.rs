//! The schemas of API keys.

use super::example::ID;
use super::field::schema;
use super::model::{closed, is_required};
use mainstay_engine::KEY_FIELDS;
use mainstay_model::Application;
use serde_json::{Map, Value, json};

const PREFIX: &str = "msk_1f0c9a3e";

/// The schemas, by name.
pub(super) fn schemas(application: &Application) -> [(String, Value); 4] {
    let key = shown(
        application,
        &["id", "user", "name", "prefix", "scopes", "expires_at", "last_used_at", "created_at"],
    );
    let mut new = key.clone();
    new["properties"]["key"] = json!({"type": "string", "description": "The key itself, to be sent as `Authorization: Bearer`. It is shown this once."});
    new["examples"][0]["key"] = format!("{PREFIX}_…").into();
    let keys = json!({
        "type": "object",
        "required": ["items"],
        "properties": {"items": {"type": "array", "items": {"$ref": "#/components/schemas/ApiKey"}}},
    });
    [
        ("ApiKey".to_owned(), key),
        ("NewApiKey".to_owned(), new),
        ("ApiKeys".to_owned(), keys),
        ("ApiKeyCreate".to_owned(), creation(application)),
    ]
}

fn shown(application: &Application, names: &[&str]) -> Value {
    let example = json!({
        "id": ID, "user": ID, "name": "nightly import", "prefix": PREFIX, "scopes": ["user.list"],
        "expires_at": null, "last_used_at": null, "created_at": "2026-11-21T08:30:00.000000Z",
    });
    json!({"type": "object", "required": names, "properties": properties(application, names), "examples": [example]})
}

fn creation(application: &Application) -> Value {
    let model = application.model_named("_api_key").expect("it is built in");
    let required = KEY_FIELDS.iter().filter(|name| model.field_named(name).is_some_and(is_required));
    let mut object = closed(&properties(application, KEY_FIELDS));
    object["required"] = required.copied().collect();
    object["properties"]["scopes"]["minItems"] = 1.into();
    object["examples"] = json!([{"name": "nightly import", "scopes": ["user.list"]}]);
    object
}

fn properties(application: &Application, names: &[&str]) -> Map<String, Value> {
    let model = application.model_named("_api_key").expect("it is built in");
    let field =
        |name: &&str| Some(((*name).to_owned(), schema(application, model.field_named(name)?).into()));
    names.iter().filter_map(field).collect()
}
