//! `api/v<number>.toml`, as it is written.

use crate::load::file::{FieldFile, FieldForm};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// A version of the application's API, as what changed from the version before. The file's name has its number: `v2.toml`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
#[schemars(title = "Mainstay API version")]
pub(crate) struct VersionFile {
    /// Since when this version is not to be used any more: a day, as `2027-01-31`, or an instant in UTC. Answers say so in `Deprecation`.
    pub(crate) deprecated: Option<String>,
    /// When this version will be gone: a day or an instant. Answers say so in `Sunset`.
    pub(crate) sunset: Option<String>,
    /// The address of a page that says how to go on to another version. Answers say so in `Link`.
    pub(crate) link: Option<String>,
    /// Operations that this version and those after it do not have, and those before it still do, as `message.restore`.
    pub(crate) without: Vec<String>,
    /// The models that changed, by their names in this version.
    pub(crate) models: BTreeMap<String, ModelChange>,
}

/// What changed in a model.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(crate) struct ModelChange {
    /// The version before does not have the model.
    pub(crate) added: Option<bool>,
    /// Its name in the version before.
    pub(crate) was: Option<String>,
    /// The name of its collection in the version before. The English plural of `was` unless given.
    pub(crate) plural_was: Option<String>,
    /// The fields that changed, by their names in this version.
    pub(crate) fields: BTreeMap<String, FieldChange>,
    /// The fields that the version before has and this one does not.
    pub(crate) removed: BTreeMap<String, RemovedField>,
}

/// What changed in a field.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(crate) struct FieldChange {
    /// The version before does not have the field.
    pub(crate) added: Option<bool>,
    /// Its name in the version before.
    pub(crate) was: Option<String>,
    /// enum: the values that had other names in the version before, as `open = "todo"`.
    pub(crate) values: BTreeMap<String, String>,
    /// What the field was in the version before, as a model's file says it: a type, or a table of options. A ref names its model as the project does.
    #[schemars(with = "Option<FieldForm>")]
    pub(crate) before: Option<FieldFile>,
    /// CEL: its value, from the fields of the version before.
    pub(crate) up: Option<String>,
    /// CEL: the value of the field of the version before, from the fields of this one.
    pub(crate) down: Option<String>,
}

/// A field of the version before.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, expecting = "a table")]
pub(crate) struct RemovedField {
    /// What it was, as a model's file says it: a type, or a table of options.
    #[schemars(with = "Option<FieldForm>")]
    pub(crate) before: Option<FieldFile>,
    /// CEL: its value, from the fields of this version. Its default, or null, unless given.
    pub(crate) down: Option<String>,
}

impl VersionFile {
    /// Whether it says of anything that it changed.
    pub(super) fn has_changes(&self) -> bool {
        !self.models.is_empty() || !self.without.is_empty()
    }
}
