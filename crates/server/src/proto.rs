//! `api/proto.lock` of a project: read, judged, written.

use crate::failure::{Failure, exit};
use crate::project::Opened;
use mainstay_model::{Application, Diagnostic, Diagnostics, Severity, SourceFile};
use mainstay_proto::{LOCK_FILE, Lock, LockFault};
use std::fs;
use std::io;
use std::ops::Range;
use std::path::Path;

/// The text of the lock file; `None` where there is none.
fn text(folder: &Path) -> Result<Option<String>, Failure> {
    let path = folder.join(LOCK_FILE);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::io("read", &path, &error)),
    }
}

/// The lock in this text, and what is wrong with it.
fn parse(text: &str) -> (Lock, Vec<LockFault>) {
    match Lock::parse(text) {
        Ok(lock) => {
            let faults = lock.faults();
            (lock, faults)
        }
        Err(message) => (Lock::default(), vec![LockFault { at: String::new(), message }]),
    }
}

/// The project's lock as its file has it, and whether there is one.
///
/// # Errors
/// When the file cannot be read, or nobody may rely on it.
pub(crate) fn load(folder: &Path) -> Result<(Lock, bool), Failure> {
    let Some(text) = text(folder)? else { return Ok((Lock::default(), false)) };
    let (lock, faults) = parse(&text);
    match faults.first() {
        None => Ok((lock, true)),
        Some(fault) => {
            let message = format!("{LOCK_FILE} cannot be relied on: {}", described(fault));
            Err(Failure::new("proto_lock_broken", message)
                .hint("`mainstay check` shows all of it; take it from the history of the project, and run `mainstay proto`")
                .exit(exit::BROKEN))
        }
    }
}

fn described(fault: &LockFault) -> String {
    if fault.at.is_empty() { fault.message.clone() } else { format!("[{}] {}", fault.at, fault.message) }
}

/// The lock that the project is served with. What the file does not say is made up, alike on each node.
pub(crate) fn for_serving(project: &Opened) -> Result<Lock, Failure> {
    let (lock, exists) = load(&project.folder)?;
    let covering = lock.covering_versions(&project.application);
    if exists && covering != lock {
        tracing::warn!(
            file = LOCK_FILE,
            "does not cover the models: the numbers of new fields in gRPC messages may change until `mainstay proto` has written them down"
        );
    }
    Ok(covering)
}

/// Writes the lock where it is not as the models need it. Answers whether it did.
pub(crate) fn update(project: &Opened) -> Result<bool, Failure> {
    let (lock, exists) = load(&project.folder)?;
    let covering = lock.covering_versions(&project.application);
    if exists && covering == lock {
        return Ok(false);
    }
    write(&project.folder.join(LOCK_FILE), &covering.to_text())?;
    Ok(true)
}

/// As [`update`], for a project that has a lock: one that knows nothing of gRPC gets none.
pub(crate) fn update_if_any(project: &Opened) -> Result<bool, Failure> {
    if project.folder.join(LOCK_FILE).exists() { update(project) } else { Ok(false) }
}

/// Writes a file, in a folder that is made if need be. It is whole or not there.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::io("write", path, &error);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let new = path.with_extension("new");
    fs::write(&new, text).and_then(|()| fs::rename(&new, path)).map_err(failed)
}

/// Adds what is wrong with the lock file to what was found in the project.
pub(crate) fn diagnose(folder: &Path, application: &Application, diagnostics: &mut Diagnostics) {
    let text = match text(folder) {
        Ok(Some(text)) => text,
        Ok(None) => return,
        Err(failure) => {
            let message = failure.to_string();
            diagnostics.items.push(item("proto_lock_broken", message.trim_end().to_owned(), 0, 0..0));
            return;
        }
    };
    let (lock, faults) = parse(&text);
    let file = diagnostics.files.len();
    let broken =
        |fault: &LockFault| item("proto_lock_broken", fault.message.clone(), file, span(&text, &fault.at));
    let mut items: Vec<Diagnostic> = faults.iter().map(broken).collect();
    if items.is_empty() && lock.covering_versions(application) != lock {
        let message = "the models have fields that have no numbers here, or miss some that have".to_owned();
        let stale = item("proto_lock_stale", message, file, 0..0);
        items.push(Diagnostic { hint: Some("`mainstay proto` brings it up to date".to_owned()), ..stale });
    }
    diagnostics.items.extend(items);
    diagnostics.files.push(SourceFile { path: LOCK_FILE.into(), text });
}

fn item(code: &'static str, message: String, file: usize, span: Range<usize>) -> Diagnostic {
    Diagnostic { severity: Severity::Error, code, message, file: Some(file), span, hint: None }
}

/// The heading of a table, or a key.
fn span(text: &str, at: &str) -> Range<usize> {
    let found = text.find(&format!("[{at}]")).or_else(|| text.find(at)).filter(|_| !at.is_empty());
    found.map_or(0..0, |start| start..start + text[start..].find('\n').unwrap_or(0))
}
