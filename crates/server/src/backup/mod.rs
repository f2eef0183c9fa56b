//! Backups: a project's data in one file, and the way back.
//!
//! The parts of the file, in this order: `manifest.json`, `keys/<name>` for each key unless they are left out, `mainstay.db`, and `SHA256SUMS`.

mod archive;
mod create;
mod files;
mod manifest;
#[cfg(feature = "postgres")]
mod postgres;
mod restore;

#[cfg(feature = "postgres")]
pub(crate) use create::read_keys;
pub(crate) use create::{Keys, create, from_sqlite};
pub(crate) use manifest::Manifest;
#[cfg(feature = "postgres")]
pub(crate) use postgres::{from_postgres, into_postgres};
pub(crate) use restore::{Restored, Restoring, check, may_be_replaced, restore};

use crate::failure::Failure;
use archive::Fault;
use std::io::{self, ErrorKind};
use std::path::Path;

const MANIFEST: &str = "manifest.json";
const KEYS: &str = "keys/";
const DATABASE: &str = "mainstay.db";

/// A backup that is not as it was written.
fn damaged(what: &str) -> Failure {
    Failure::new("backup_damaged", format!("the backup is damaged: {what}"))
        .hint("nothing has been changed; take another backup")
}

/// Why the backup at `path` was not read, or what is in it not written into `folder`.
fn unread(fault: Fault, path: &Path, folder: &Path) -> Failure {
    match fault {
        Fault::Damaged(what) => damaged(&what),
        Fault::Unreadable(error) => Failure::io("read", path, &error),
        Fault::Unwritable(error) => unwritten(folder, &error),
    }
}

/// Why something was not written. A full disk has a code of its own.
fn unwritten(path: &Path, error: &io::Error) -> Failure {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            let message = format!("there is no room to write {}: {error}", path.display());
            Failure::new("disk_full", message).hint("make room, or choose another place; nothing was changed")
        }
        _ => Failure::io("write", path, error),
    }
}
