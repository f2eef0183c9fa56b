//! The JSON Schema of the project files, for editors and for the reader of the files.

use crate::Config;
use crate::load::{ChannelFile, ModelFile, VersionFile};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::sync::LazyLock;

/// The schema of `mainstay.toml`.
pub fn config_schema() -> Json {
    schema_of::<Config>(false)
}

/// The schema of `models/<name>.toml`.
pub fn model_schema() -> Json {
    schema_of::<ModelFile>(false)
}

/// The schema of `channels/<name>.toml`.
pub fn channel_schema() -> Json {
    schema_of::<ChannelFile>(false)
}

/// The schema of `api/v<number>.toml`.
pub fn version_schema() -> Json {
    schema_of::<VersionFile>(false)
}

/// A file's type, with its schema: without references, for a program to walk, and made once, since there are many models.
pub(crate) trait Shape: DeserializeOwned + JsonSchema + Default {
    /// The schema.
    fn schema() -> &'static Json;
}

impl Shape for Config {
    fn schema() -> &'static Json {
        static SCHEMA: LazyLock<Json> = LazyLock::new(|| schema_of::<Config>(true));
        &SCHEMA
    }
}

impl Shape for ModelFile {
    fn schema() -> &'static Json {
        static SCHEMA: LazyLock<Json> = LazyLock::new(|| schema_of::<ModelFile>(true));
        &SCHEMA
    }
}

impl Shape for ChannelFile {
    fn schema() -> &'static Json {
        static SCHEMA: LazyLock<Json> = LazyLock::new(|| schema_of::<ChannelFile>(true));
        &SCHEMA
    }
}

impl Shape for VersionFile {
    fn schema() -> &'static Json {
        static SCHEMA: LazyLock<Json> = LazyLock::new(|| schema_of::<VersionFile>(true));
        &SCHEMA
    }
}

fn schema_of<T: JsonSchema>(inlined: bool) -> Json {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = inlined);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    drop_null(&mut schema);
    schema
}

/// TOML has no null: what may be null in the types may be left out in a file.
fn drop_null(schema: &mut Json) {
    match schema {
        Json::Array(items) => items.iter_mut().for_each(drop_null),
        Json::Object(members) => {
            drop_null_here(members);
            members.values_mut().for_each(drop_null);
        }
        _ => {}
    }
}

fn drop_null_here(members: &mut serde_json::Map<String, Json>) {
    members.retain(|key, value| !(key == "default" && value.is_null()));
    if let Some(Json::Array(types)) = members.get_mut("type") {
        types.retain(|ty| ty != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            members.insert("type".to_owned(), only);
        }
    }
    for choice in ["anyOf", "oneOf", "enum"] {
        if let Some(Json::Array(options)) = members.get_mut(choice) {
            options.retain(|option| !option.is_null() && option.get("type").is_none_or(|ty| ty != "null"));
        }
    }
}
