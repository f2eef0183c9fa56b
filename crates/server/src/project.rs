//! The project that a command works on.

use crate::failure::{Failure, exit};
use crate::terminal::{colored_errors, complain, counted};
use mainstay_model::{Application, Diagnostics, Project, Severity};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A project that loaded.
pub(crate) struct Opened {
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// The checked application.
    pub(crate) application: Arc<Application>,
    /// Warnings.
    pub(crate) diagnostics: Diagnostics,
}

impl Opened {
    /// Loads the project in `folder`. The faults of a broken one go to standard error.
    pub(crate) fn load(folder: &Path) -> Result<Self, Failure> {
        match Project::load(folder) {
            Ok(loaded) => Ok(Opened {
                folder: folder.to_owned(),
                application: Arc::new(loaded.application),
                diagnostics: loaded.diagnostics,
            }),
            Err(diagnostics) => {
                complain(&format!("{}\n", diagnostics.render(colored_errors())));
                Err(broken(folder, &diagnostics))
            }
        }
    }

    /// The data folder: the one of the command line, or the project's own.
    pub(crate) fn data_folder(&self, chosen: Option<&Path>) -> PathBuf {
        match chosen {
            Some(folder) => folder.to_owned(),
            None => self.folder.join(&self.application.config.data.folder),
        }
    }

    /// What the project is called: as it says itself, or as its folder.
    pub(crate) fn name(&self) -> String {
        let name = &self.application.config.name;
        if !name.is_empty() {
            return name.clone();
        }
        let folder = std::path::absolute(&self.folder).unwrap_or_else(|_| self.folder.clone());
        folder.file_name().map_or_else(|| "mainstay".to_owned(), |name| name.to_string_lossy().into_owned())
    }
}

fn broken(folder: &Path, diagnostics: &Diagnostics) -> Failure {
    let message = format!("the project in {} does not load: {}", folder.display(), summary(diagnostics));
    Failure::new("project_broken", message).exit(exit::BROKEN)
}

/// `2 errors, 1 warning`
pub(crate) fn summary(diagnostics: &Diagnostics) -> String {
    let count = |severity| diagnostics.items.iter().filter(|item| item.severity == severity).count();
    format!("{}, {}", counted(count(Severity::Error), "error"), counted(count(Severity::Warning), "warning"))
}
