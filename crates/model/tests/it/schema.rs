//! The JSON Schema of the files.

use mainstay_model::{channel_schema, config_schema, model_schema, version_schema};
use serde_json::Value as Json;

/// The description at the end of a path of properties.
fn description<'a>(schema: &'a Json, path: &[&str]) -> &'a str {
    let followed = path.iter().fold(schema, |inner, key| {
        let inner = match inner["$ref"].as_str() {
            Some(reference) => &schema["$defs"][reference.trim_start_matches("#/$defs/")],
            None => inner,
        };
        &inner["properties"][key]
    });
    followed["description"].as_str().unwrap_or_default()
}

#[test]
fn keys_are_described() {
    let config = config_schema();
    assert_eq!(description(&config, &["server", "listen"]), "Address and port. Port 0 takes a free one.");
    assert_eq!(description(&config, &["accounts", "password", "memory_kib"]), "Memory in KiB.");
    let model = model_schema();
    assert!(description(&model, &["retention"]).starts_with("How long deleted records are kept"));
    assert!(description(&model, &["allow", "read"]).starts_with("Who may see"));
    let field = &model["$defs"]["FieldFile"];
    assert_eq!(field["required"], serde_json::json!(["type"]));
    for (key, option) in field["properties"].as_object().unwrap() {
        assert!(option["description"].is_string(), "{key} has no description");
    }
}

#[test]
fn nothing_is_null_in_toml() {
    for schema in [config_schema(), model_schema(), channel_schema(), version_schema()] {
        assert!(!schema.to_string().contains("\"null\""), "{schema}");
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["additionalProperties"], false);
    }
}

#[test]
fn every_key_is_in_the_reference() {
    const REFERENCE: &str = include_str!("../../../../docs/reference/project.md");
    let mut keys = Vec::new();
    for schema in [config_schema(), model_schema(), channel_schema(), version_schema()] {
        collect_keys(&schema, &mut keys);
    }
    assert!(keys.iter().any(|key| key == "memory_kib") && keys.iter().any(|key| key == "on_delete"));
    let known =
        |key: &String| ["`", "[", ".", "{ "].iter().any(|mark| REFERENCE.contains(&format!("{mark}{key}")));
    let missing: Vec<String> = keys.into_iter().filter(|key| !known(key)).collect();
    assert_eq!(missing, [""; 0]);
}

fn collect_keys(schema: &Json, keys: &mut Vec<String>) {
    let members = schema.as_object().into_iter().flatten();
    for (name, inner) in members {
        if name == "properties" {
            keys.extend(inner.as_object().into_iter().flat_map(|known| known.keys().cloned()));
        }
        collect_keys(inner, keys);
    }
    schema.as_array().into_iter().flatten().for_each(|inner| collect_keys(inner, keys));
}
