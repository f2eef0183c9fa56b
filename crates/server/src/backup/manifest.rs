//! What a backup says of itself: its first part, `manifest.json`.

use crate::failure::Failure;
use crate::project::Opened;
use mainstay_embedded::backup::Contents;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The newest form of backups that this version knows.
const FORMAT: u32 = 1;

/// What a backup says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The form of the backup.
    pub(crate) format: u32,
    /// The `name` of the project; empty when it has none.
    pub(crate) project: String,
    /// SHA-256 of what the database says of its tables and of what their columns mean.
    pub(crate) schema: String,
    /// The end of its feed: the history that it is of, and the last change in it.
    pub(crate) position: String,
    /// When it was begun: everything that was acknowledged before is in it.
    pub(crate) created_at: String,
    /// The version of the program that made it.
    pub(crate) mainstay: String,
    /// Whether the keys of the data folder are in it.
    pub(crate) keys: bool,
    /// How many records there are of each model, deleted ones included.
    pub(crate) records: BTreeMap<String, u64>,
}

impl Manifest {
    /// What is to be said of a copy of a project's database.
    pub(crate) fn of(project: &Opened, contents: &Contents, created_at: String, keys: bool) -> Self {
        Manifest {
            format: FORMAT,
            project: project.application.config.name.clone(),
            schema: digest(&contents.schema.to_json()),
            position: contents.position.to_string(),
            created_at,
            mainstay: env!("CARGO_PKG_VERSION").to_owned(),
            keys,
            records: contents.rows.iter().cloned().collect(),
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// When it is of a newer form, or none.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Failure> {
        /// What every form has.
        #[derive(Deserialize)]
        struct Any {
            format: u32,
        }
        let malformed =
            |error: serde_json::Error| super::damaged(&format!("its manifest cannot be read: {error}"));
        let Any { format } = serde_json::from_slice(bytes).map_err(malformed)?;
        if format > FORMAT {
            let message =
                format!("the backup has format {format}, and this version knows formats up to {FORMAT}");
            let hint = "restore it with the version of mainstay that made it, or a newer one";
            return Err(Failure::new("backup_newer", message).hint(hint));
        }
        serde_json::from_slice(bytes).map_err(malformed)
    }

    /// Sees that a copy is what is said of it.
    pub(crate) fn require_contents(&self, contents: &Contents) -> Result<(), Failure> {
        let rows: BTreeMap<String, u64> = contents.rows.iter().cloned().collect();
        let same = self.position == contents.position.to_string()
            && self.schema == digest(&contents.schema.to_json())
            && self.records == rows;
        if same { Ok(()) } else { Err(super::damaged("its database is not what its manifest says")) }
    }

    /// Sees that it is of this project: of one that has the same name, and a model in common.
    pub(crate) fn require_project(&self, project: &Opened) -> Result<(), Failure> {
        let application = &project.application;
        let fault = if self.project != application.config.name {
            format!("{} and not of {}", quoted(&self.project), quoted(&application.config.name))
        } else if !self.has_a_model_of(project) {
            "another project: it has none of this one's models".to_owned()
        } else {
            return Ok(());
        };
        let hint =
            "if it is meant for this project all the same, say `--other-project`; nothing has been changed";
        Err(Failure::new("other_project", format!("the backup is of {fault}")).hint(hint))
    }

    fn has_a_model_of(&self, project: &Opened) -> bool {
        let own = |name: &&String| *name != "user" && !name.starts_with('_');
        let models = || project.application.models.iter().map(|model| &model.name).filter(own);
        let known = |name: &String| {
            models().any(|model| model == name)
                || project.application.models.iter().any(|model| model.was.as_ref() == Some(name))
        };
        models().next().is_none()
            || !self.records.keys().any(|name| own(&name))
            || self.records.keys().filter(own).any(known)
    }
}

fn quoted(name: &str) -> String {
    if name.is_empty() { "a project without a name".to_owned() } else { format!("the project `{name}`") }
}

fn digest(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
