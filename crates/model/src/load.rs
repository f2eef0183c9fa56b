//! Reading and checking a project folder.

use crate::{Application, Diagnostics};
use std::path::Path;

/// A project folder.
#[derive(Debug)]
pub struct Project;

/// A project that loaded, with what somebody should look at.
#[derive(Debug)]
pub struct Loaded {
    /// The checked application.
    pub application: Application,
    /// Warnings.
    pub diagnostics: Diagnostics,
}

impl Project {
    /// Reads and checks the project in `folder`.
    ///
    /// # Errors
    /// Every fault, when there is an error among them. A missing folder or file is a diagnostic like any other.
    pub fn load(folder: &Path) -> Result<Loaded, Diagnostics> {
        let _ = folder;
        Err(Diagnostics::default())
    }

    /// As [`Project::load`], from texts in memory: `(path, text)`, with paths as `mainstay.toml` and `models/room.toml`.
    ///
    /// # Errors
    /// As [`Project::load`].
    pub fn load_from(files: &[(&str, &str)]) -> Result<Loaded, Diagnostics> {
        let _ = files;
        Err(Diagnostics::default())
    }
}
