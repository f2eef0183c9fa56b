//! The files of a project folder.

use super::CONFIG_FILE;
use super::faults::{Faults, Place};
use crate::SourceFile;
use std::io;
use std::path::{Path, PathBuf};

/// The largest file that is read. A model of this size is a mistake, and not one to run out of memory for.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Reads `mainstay.toml`, `models/*.toml`, `channels/*.toml` and `api/*.toml`, all but the first by name. `None` when there is no such folder.
pub(super) fn read(folder: &Path, faults: &mut Faults) -> Option<Vec<SourceFile>> {
    if !folder.is_dir() {
        let message = format!("there is no folder {}", folder.display());
        faults.error("folder_missing", Place::NOWHERE, message);
        return None;
    }
    let mut paths = toml_files(folder, "models", faults);
    paths.extend(toml_files(folder, "channels", faults));
    paths.extend(toml_files(folder, "api", faults));
    if folder.join(CONFIG_FILE).exists() {
        paths.insert(0, PathBuf::from(CONFIG_FILE));
    }
    Some(paths.into_iter().filter_map(|path| read_file(folder, path, faults)).collect())
}

/// The project's files in a folder of it, by name.
fn toml_files(folder: &Path, inner: &str, faults: &mut Faults) -> Vec<PathBuf> {
    let inner = Path::new(inner);
    let listed = std::fs::read_dir(folder.join(inner)).and_then(Iterator::collect::<io::Result<Vec<_>>>);
    let entries = match listed {
        Ok(entries) => entries,
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(fault) => {
            let message = format!("cannot read the folder {}: {fault}", inner.display());
            faults.error("file_unreadable", Place::NOWHERE, message);
            Vec::new()
        }
    };
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| inner.join(entry.file_name())).collect();
    paths.retain(|path| is_project_file(path));
    paths.sort();
    paths
}

/// Whether it is a file of the project. Hidden ones belong to editors and file systems, which leave copies and locks about.
fn is_project_file(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && path.extension().is_some_and(|extension| extension == "toml")
}

fn read_file(folder: &Path, path: PathBuf, faults: &mut Faults) -> Option<SourceFile> {
    match text_of(&folder.join(&path)) {
        Ok(text) => Some(SourceFile { path, text }),
        Err((code, reason)) => {
            faults.error(code, Place::NOWHERE, format!("{}: {reason}", path.display()));
            // What other files say about this model cannot be judged now.
            let name =
                if path == Path::new(CONFIG_FILE) { path.to_str() } else { path.file_stem()?.to_str() };
            faults.mark_broken(name?);
            None
        }
    }
}

fn text_of(path: &Path) -> Result<String, (&'static str, String)> {
    let unreadable = |fault: io::Error| ("file_unreadable", format!("cannot be read: {fault}"));
    let size = path.metadata().map_err(unreadable)?.len();
    if size > MAX_FILE_BYTES {
        return Err(("file_too_large", format!("has {size} bytes; at most {MAX_FILE_BYTES} are read")));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let not_utf8 = |fault: std::string::FromUtf8Error| {
        ("file_not_utf8", format!("is not UTF-8 at byte {}", fault.utf8_error().valid_up_to()))
    };
    String::from_utf8(bytes).map_err(not_utf8)
}
