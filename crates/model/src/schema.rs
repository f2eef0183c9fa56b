//! The JSON Schema of the project files, for editors.

/// The schema of `mainstay.toml`.
pub fn config_schema() -> serde_json::Value {
    serde_json::Value::Null
}

/// The schema of `models/<name>.toml`.
pub fn model_schema() -> serde_json::Value {
    serde_json::Value::Null
}
