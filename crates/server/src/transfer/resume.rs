//! How far an import has come, so that it can go on after an interruption.

use super::ids::Fingerprint;
use super::rows::Place;
use super::writer::Tally;
use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// How far an import has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// The place behind the last row that is done.
    pub(crate) place: Place,
    /// What became of the rows before it.
    pub(crate) tally: Tally,
    /// Where refused rows are reported, as an absolute path: whoever goes on may be in another folder.
    pub(crate) report: Option<PathBuf>,
}

/// Where that is noted: in the data folder, since it is true of that data.
///
/// It only saves time. Ids follow from the file, so that rows which are written twice are found to be there already.
pub(crate) struct Bookmark {
    path: PathBuf,
}

impl Bookmark {
    /// The bookmark of a file's contents in a model.
    pub(crate) fn new(data_folder: &Path, model: &str, fingerprint: &Fingerprint) -> Self {
        Bookmark { path: data_folder.join("imports").join(format!("{model}-{}.json", fingerprint.short())) }
    }

    /// What was noted; `None` when there is nothing, or nothing legible.
    pub(crate) fn load(&self) -> Option<Progress> {
        serde_json::from_slice(&fs::read(&self.path).ok()?).ok()
    }

    /// Notes progress, in one step, so that an interruption leaves the note before or this one.
    pub(crate) fn save(&self, progress: &Progress) -> Result<(), Failure> {
        let text = serde_json::to_vec(progress).expect("a struct of numbers and a path has a JSON form");
        let unfinished = self.path.with_extension("new");
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let saved = fs::create_dir_all(folder)
            .and_then(|()| fs::write(&unfinished, text))
            .and_then(|()| fs::rename(&unfinished, &self.path));
        saved.map_err(|error| Failure::io("note the progress in", &self.path, &error))
    }

    /// Forgets it: the import is complete.
    pub(crate) fn remove(&self) {
        // One that stays behind makes a second import of the file skip to its end, which is where that would get to anyway.
        let _ = fs::remove_file(&self.path);
    }
}
