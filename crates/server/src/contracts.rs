//! What each version of the API promised when it was frozen: `api/v<number>.lock`, in the project folder.

use crate::failure::Failure;
use mainstay_model::{Application, Break, Contract, Diagnostic, Diagnostics, Severity, Version};
use std::io;
use std::path::{Path, PathBuf};

/// The folder of the versions' files.
const FOLDER: &str = "api";

/// The file of a version's contract.
pub(crate) fn path(folder: &Path, number: u32) -> PathBuf {
    folder.join(FOLDER).join(format!("v{number}.lock"))
}

/// What a version promised; `None` where it was not frozen.
pub(crate) fn read(folder: &Path, number: u32) -> Result<Option<Contract>, Failure> {
    let path = path(folder, number);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&path, &error.to_string())),
    };
    serde_json::from_str(&text).map(Some).map_err(|error| unreadable(&path, &error.to_string()))
}

/// Writes down what a version promises.
pub(crate) fn write(folder: &Path, number: u32, contract: &Contract) -> Result<(), Failure> {
    let path = path(folder, number);
    let unwritable = |error: io::Error| {
        Failure::new("contract_unwritable", format!("cannot write {}: {error}", path.display()))
    };
    std::fs::create_dir_all(folder.join(FOLDER)).map_err(unwritable)?;
    let text = format!("{:#}\n", serde_json::to_value(contract).unwrap_or_default());
    std::fs::write(&path, text).map_err(unwritable)
}

/// Takes a promise back.
pub(crate) fn remove(path: &Path) -> Result<(), Failure> {
    std::fs::remove_file(path).map_err(|error| {
        Failure::new("contract_unwritable", format!("cannot remove {}: {error}", path.display()))
    })
}

/// The changes that clients of a version would stumble over.
pub(crate) fn breaks(
    folder: &Path,
    application: &Application,
    version: &Version,
) -> Result<Vec<Break>, Failure> {
    let contract = read(folder, version.number)?;
    Ok(contract.map(|contract| contract.breaks(&Contract::of(application, version))).unwrap_or_default())
}

/// Reports each promise that is not kept.
pub(crate) fn check(
    folder: &Path,
    application: &Application,
    found: &mut Diagnostics,
) -> Result<(), Failure> {
    for version in application.versions.iter() {
        for broken in breaks(folder, application, version)? {
            found.items.push(diagnostic(&broken, version.number));
        }
    }
    for number in frozen(folder)? {
        if application.versions.get(number).is_none() {
            found.items.push(gone(number));
        }
    }
    Ok(())
}

fn diagnostic(broken: &Break, number: u32) -> Diagnostic {
    let message =
        format!("version {number} of the API breaks for its clients: `{}` {}", broken.of, broken.message);
    let hint = "say in a new version's file how the older form comes about, or take the change back; \
                `mainstay api freeze --force` breaks the promise";
    error("version_broken", message, hint.to_owned())
}

fn gone(number: u32) -> Diagnostic {
    let message =
        format!("version {number} of the API was frozen, and the project does not have it any more");
    let hint = format!("`mainstay api retire --number {number}` lets it go when nobody calls it any more");
    error("version_gone", message, hint)
}

fn error(code: &'static str, message: String, hint: String) -> Diagnostic {
    Diagnostic { severity: Severity::Error, code, message, file: None, span: 0..0, hint: Some(hint) }
}

/// The numbers of the versions that were frozen.
fn frozen(folder: &Path) -> Result<Vec<u32>, Failure> {
    let entries = match std::fs::read_dir(folder.join(FOLDER)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(&folder.join(FOLDER), &error.to_string())),
    };
    let number = |name: &str| name.strip_prefix('v')?.strip_suffix(".lock")?.parse().ok();
    let mut numbers: Vec<u32> =
        entries.flatten().filter_map(|entry| number(entry.file_name().to_str()?)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

fn unreadable(path: &Path, reason: &str) -> Failure {
    Failure::new("contract_unreadable", format!("cannot read {}: {reason}", path.display()))
        .hint("it is written by `mainstay api freeze`")
}
