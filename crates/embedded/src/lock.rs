//! One process serves a database at a time.

use crate::OpenError;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// Held as long as the database is open. The operating system gives it back even when the process dies, so that a crash leaves
/// nothing to clean up; the file itself stays.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the lock of the database at `path`, which need not be there.
    ///
    /// # Errors
    /// [`OpenError::InUse`], and when the lock's file cannot be made beside it.
    pub fn take(path: &Path) -> Result<Self, OpenError> {
        let lock_path = lock_path(path);
        let unreadable = |error| OpenError::Io { path: lock_path.clone(), error };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(unreadable)?;
        match file.try_lock() {
            Ok(()) => Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(OpenError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(error)) => Err(unreadable(error)),
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
