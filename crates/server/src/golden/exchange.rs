//! The files of exchanges.

use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A request and its answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exchange {
    pub(super) request: Request,
    pub(super) response: Response,
}

/// What is asked. In each text `{{name}}` stands for what was answered in its place before.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(super) body: Value,
}

/// What is answered. A text `{{name}}` stands for any value, the same wherever the name is; `{{*}}` for any at all. An answer may have more members than are here.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Response {
    pub(super) status: u16,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub(super) body: Value,
}

/// The files of exchanges of a project, by version and name.
pub(crate) fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for version in entries(&folder.join("api").join("golden"))? {
        if version.is_dir() {
            let inner = entries(&version)?.into_iter();
            files.extend(inner.filter(|path| path.extension().is_some_and(|extension| extension == "json")));
        }
    }
    files.sort();
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    match std::fs::read_dir(folder) {
        Ok(entries) => Ok(entries.flatten().map(|entry| entry.path()).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(unusable("read", folder, &error.to_string())),
    }
}

/// Reads the exchanges of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<Exchange>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| unusable("read", path, &error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unusable("read", path, &error.to_string()))
}

/// Writes the exchanges of a file.
pub(crate) fn write(path: &Path, exchanges: &[Exchange]) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(exchanges).unwrap_or_default() + "\n";
    std::fs::write(path, text).map_err(|error| unusable("write", path, &error.to_string()))
}

fn unusable(verb: &str, path: &Path, reason: &str) -> Failure {
    Failure::new("golden_unusable", format!("cannot {verb} {}: {reason}", path.display()))
        .hint("docs/guide/api-versions.md has the form of the files")
}
